#!/usr/bin/env bash
# What examples/compose.yaml does, without containers: a PostgreSQL in a temporary folder, two senders with a state folder each, the sandbox as
# their vendor, which counts. two-senders.sh [BINARY]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
binary=$(realpath "${1:-$root/bin/notify}")
[ -x "$binary" ] || { echo "two-senders: build first: make build" >&2; exit 1; }
bin=$(dirname "$(ls /usr/lib/postgresql/*/bin/initdb | sort -V | tail -1)")
work=$(mktemp -d "${TMPDIR:-/tmp}/two-senders.XXXXXX")
as() { if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "$@"); else "$@"; fi; }
sandbox=''
cleanup() {
  [ -z "$sandbox" ] || kill "$sandbox" 2>/dev/null || true
  as "$bin/pg_ctl" -D "$work/db/data" -m fast stop >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT
mkdir "$work/db"
chmod 755 "$work"
[ "$(id -u)" != 0 ] || chown postgres "$work/db"
as "$bin/initdb" -D "$work/db/data" -U notify -A trust -E UTF8 >/dev/null
as "$bin/pg_ctl" -D "$work/db/data" -w -l "$work/db/log" -o "-k $work/db -c listen_addresses=" start >/dev/null
cp -r "$root/examples/." "$work/campaign"
cd "$work/campaign"
export NOTIFY_LEDGER="postgres://notify@/postgres?host=$work/db" NOTIFY_ACCOUNTS_SMS_RATE=50/s
"$binary" sandbox >"$work/sandbox.log" 2>&1 & sandbox=$!
until grep -q 'SMS gateway on' "$work/sandbox.log"; do sleep 0.1; done
XDG_STATE_HOME=$work/first "$binary" send award.xlsx --yes & first=$!
until "$binary" status award-2020 >/dev/null 2>&1; do sleep 0.1; done
XDG_STATE_HOME=$work/second "$binary" resume award-2020 --join || [ $? = 4 ]
wait "$first" || [ $? = 4 ]
"$binary" status award-2020
"$binary" ledger check
