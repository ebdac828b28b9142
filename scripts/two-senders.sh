#!/usr/bin/env bash
# What examples/compose.yaml does, without containers: a PostgreSQL in a temporary folder, two senders with a state folder each, the sandbox as
# their vendor, which counts. It takes seconds, and fails where anybody was told twice or not at all. two-senders.sh [BINARY [RECIPIENTS]]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
binary=$(realpath "${1:-$root/bin/notify}")
recipients=${2:-100}
fail() { echo "two-senders: $1" >&2; exit 1; }
[ -x "$binary" ] || fail 'build first: make build'
bin=$(find /usr/lib/postgresql/*/bin /usr/pgsql-*/bin -name initdb 2>/dev/null | sort -V | tail -1 || true)
[ -n "$bin" ] || fail 'there is no PostgreSQL here; get it with: apt-get install postgresql'
bin=$(dirname "$bin")

# Settings of the caller must not reach it.
for name in $(compgen -e | grep -E '^(NOTIFY_|PG)' || true); do unset "$name"; done
work=$(mktemp -d "${TMPDIR:-/tmp}/two-senders.XXXXXX")
as() { if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "$@"); else "$@"; fi; }
sandbox='' first=''
cleanup() {
  code=$?
  for pid in $first $sandbox; do
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  as "$bin/pg_ctl" -D "$work/db/data" -m fast stop >/dev/null 2>&1 || true
  rm -rf "$work"
  exit "$code"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
soon() { # soon WHAT COMMAND…: until the command succeeds
  local what=$1
  shift
  for _ in $(seq 600); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.1
  done
  fail "waited in vain for $what"
}

mkdir "$work/db"
chmod 755 "$work"
[ "$(id -u)" != 0 ] || chown postgres "$work/db"
as "$bin/initdb" -D "$work/db/data" -U notify -A trust -E UTF8 --no-sync >/dev/null
as "$bin/pg_ctl" -D "$work/db/data" -w -l "$work/db/log" -o "-k $work/db -c listen_addresses=" start >/dev/null
sql() { "$bin/psql" -X -A -t -q -h "$work/db" -U notify -d postgres -c "$1"; }

cp -r "$root/examples/." "$work/campaign"
cd "$work/campaign"
{
  echo '工号,姓名,手机号,邮箱,奖项,金额,领奖日期'
  for i in $(seq "$recipients"); do printf 'E%05d,获奖者%d,1349%07d,w%d@qq.test,优秀员工奖,500元,1月2日\n' "$i" "$i" "$i" "$i"; done
} >award.csv
sed -i.was -e "s/^expect: .*/expect: $recipients/" -e '/^  sheet:/d' award.yaml

"$binary" sandbox --sms 127.0.0.1:0 --mail 127.0.0.1:0 --record "$work/reached.jsonl" >"$work/sandbox.out" 2>"$work/sandbox.log" & sandbox=$!
soon 'the sandbox' grep -q 'Ctrl-C' "$work/sandbox.log"
sms=$(sed -n 's/.*gateway on \([0-9.:]*\),.*/\1/p' "$work/sandbox.log")
mail=$(sed -n 's/.*mail server on \([0-9.:]*\);.*/\1/p' "$work/sandbox.log")
export NOTIFY_LEDGER="postgres://notify@/postgres?host=$work/db" \
  NOTIFY_ACCOUNTS_SMS_ENDPOINT="http://$sms" NOTIFY_ACCOUNTS_SMS_BACKUP_ENDPOINT="http://$sms" NOTIFY_ACCOUNTS_EDM_OPTIONS_ADDRESS="$mail"

before=$(ls)
# The first is slow, so that something is left for the second, however long that takes to begin.
XDG_STATE_HOME=$work/first NOTIFY_ACCOUNTS_SMS_RATE=1/s NOTIFY_ACCOUNTS_EDM_RATE=1/s "$binary" send award.csv --yes & first=$!
soon 'the first message' grep -q accepted "$work/reached.jsonl"
code=0
XDG_STATE_HOME=$work/second "$binary" resume award-2020 --join || code=$?
[ "$code" = 0 ] || fail "the second sender ended with $code"
code=0
wait "$first" || code=$?
first=''
[ "$code" = 0 ] || fail "the first sender ended with $code"
"$binary" status award-2020
"$binary" ledger check

[ "$(ls)" = "$before" ] || fail "the senders wrote into the folder of the campaign, which containers have read-only: $(ls)"
count() { grep '"outcome":"accepted"' "$work/reached.jsonl" | sed -n 's/.*"to":"\([^"]*\)".*/\1/p' | sort | "$@" | wc -l; }
told=$(count uniq) twice=$(count uniq -d) senders=$(sql 'SELECT count(*) FROM notify.run WHERE sent > 0')
[ "$told" = $((2 * recipients)) ] || fail "$told addresses were told, and there are $((2 * recipients))"
[ "$twice" = 0 ] || fail "$twice addresses were told twice"
[ "$senders" = 2 ] || fail "$senders senders have sent, and there are two"
echo "two senders told $told addresses, each once, twice: 0"
