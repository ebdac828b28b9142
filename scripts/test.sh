#!/usr/bin/env bash
# The tests, in a temporary folder of their own: they flush what they write thousands of times, which costs little in memory. The folder lies there
# where there is room for it and programs may run. A TMPDIR that is set has the last word.
set -euo pipefail
in_memory() { # FOLDER: a whole run takes less than 1 GiB of it
  [ "$(df -Pm "$1" 2>/dev/null | awk 'NR == 2 { print $4 }')" -ge 4096 ] || return
  local try
  try=$(mktemp "$1/notify-test.XXXXXX") || return
  local ok=0
  { cp "$(type -P true)" "$try" && chmod +x "$try" && "$try"; } || ok=1
  rm -f "$try"
  return $ok
}
if [ -z "${TMPDIR:-}" ]; then
  TMPDIR=/tmp
  if in_memory /dev/shm 2>/dev/null; then TMPDIR=/dev/shm; fi
fi
TMPDIR=$(mktemp -d "$TMPDIR/notify-test.XXXXXX")
export TMPDIR
export PGTEST_TEMPLATE=$TMPDIR/postgres # a new PostgreSQL is made once, and then copied
chmod 755 "$TMPDIR" # servers that are started run as users of their own
trap 'chmod -R u+w "$TMPDIR"; rm -rf "$TMPDIR"' EXIT
# Many tests wait for processes: more of them run at a time than there are processors. Nothing depends on how long it takes; the time-out is for what
# hangs. Nobody debugs these programs: without what a debugger reads they are linked sooner.
go test -p 3 -parallel 8 -timeout 30m -ldflags='-s -w' "$@"
