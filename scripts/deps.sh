#!/usr/bin/env bash
# What some tests need beside Go: Postfix, a mail server, with smtp-sink, an independent one, Kannel, an SMS gateway, PostgreSQL for the ledger
# that machines share, promtool, which reads metrics and rules as Prometheus does, LibreOffice, which
# calculates reports, Chromium and poppler, which print pages, and on Linux strace, which shows what is on disk before a
# byte leaves, and unshare, which makes containers. As root it is installed; otherwise one message says what is missing, and how to get it.
set -euo pipefail
PATH=$PATH:/usr/sbin:/usr/local/sbin:/sbin:/usr/lib/wine
programs=() packages=()
need() { # need PROGRAM PACKAGE
  command -v "$1" >/dev/null && return
  programs+=("$1") packages+=("$2")
}
need smtp-sink postfix
need postfix postfix
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || need initdb postgresql
need promtool prometheus
need soffice libreoffice-calc-nogui
need chromium chromium
need pdfinfo poppler-utils
if [ "$(uname -s)" = Linux ]; then
  need strace strace
  need unshare util-linux
  need bearerbox kannel
fi
[ "${1:-}" != windows ] || need wine64 wine64
[ "${1:-}" != spam ] || need spamassassin spamassassin
[ "${#programs[@]}" -gt 0 ] || exit 0

install=''
for with in 'apt-get install --no-install-recommends' 'dnf install' 'zypper install' 'pacman -S' 'apk add' 'brew install'; do
  if command -v "${with%% *}" >/dev/null; then install=$with && break; fi
done
refuse() { # refuse WHY
  {
    echo "the tests need programs that are not here: ${programs[*]}"
    if [ -z "$install" ]; then
      echo "install what your system calls: ${packages[*]}"
    elif [ "${install%% *}" = brew ]; then
      echo "get them with: $install ${packages[*]}"
    else
      echo "get them as root, once, with: $install ${packages[*]}"
    fi
    echo "$1"
  } >&2
  exit 1
}
[ "$(id -u)" = 0 ] || refuse 'nothing was installed and no test was run: this is not root.'
[ "${install%% *}" = apt-get ] || refuse 'nothing was installed and no test was run: only apt-get is known here.'

# Only the programs are wanted: no service is to start.
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod +x /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
log=$(mktemp)
if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"; } </dev/null >"$log" 2>&1; then
  tail -n 5 "$log" >&2
  rm -f "$log"
  refuse 'no test was run: apt-get could not install them, and says why above.'
fi
rm -f "$log"
