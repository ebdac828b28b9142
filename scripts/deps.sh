#!/usr/bin/env bash
# Installs what some tests need beside Go: smtp-sink, an independent mail server (a part of postfix), and on Linux strace,
# which shows what is on disk before a byte leaves.
set -euo pipefail
PATH=$PATH:/usr/sbin:/usr/local/sbin:/sbin
missing=()
command -v smtp-sink >/dev/null || missing+=(postfix)
[ "$(uname -s)" != Linux ] || command -v strace >/dev/null || missing+=(strace)
[ "${#missing[@]}" -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "the tests need smtp-sink (a part of postfix) and strace; on Debian and Ubuntu: sudo apt-get install ${missing[*]}" >&2
  exit 1
fi
# Only the programs are wanted: no service is to start.
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod +x /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
