#!/usr/bin/env bash
# The main story, on this machine only: a campaign that cannot get through is refused, is sent once money and quota are there,
# is killed on the way, goes on, and reaches everybody once. The counting at the end is the sandbox's own.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
binary=${1:-$root/bin/notify} # demo.sh [BINARY]
[ -x "$binary" ] || { echo "demo: build first: make build" >&2; exit 1; }

# Settings of the caller must not reach the demo.
for name in $(compgen -e | grep '^NOTIFY_' || true); do unset "$name"; done
PATH=$(cd "$(dirname "$binary")" && pwd):$PATH
work=$(mktemp -d "${TMPDIR:-/tmp}/notify-demo.XXXXXX")
sandbox='' sender=''
cleanup() {
  code=$?
  for pid in $sender $sandbox; do
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$work"
  exit "$code"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

chapter=0
say() { # say TITLE: the paragraph comes on stdin
  chapter=$((chapter + 1))
  printf '\n== %d. %s\n\n' "$chapter" "$1"
  cat
  printf '\n'
}
pause() {
  if [ -t 0 ] && [ -t 1 ]; then
    printf '\n   [Enter] '
    read -r _
  fi
}
show() { printf '$ %s\n' "$*"; }
run() { # run WANTED-EXIT-CODE COMMAND…
  local want=$1 code=0
  shift
  show "$@"
  "$@" || code=$?
  printf -- '-- exit %d\n' "$code"
  [ "$code" = "$want" ] || fail "\"$*\" ended with $code, expected $want"
}
settle() { # settle COMMAND…: it may leave some of them unknown
  show "$@"
  settle_quietly "$@"
}
settle_quietly() {
  local code=0
  "$@" || code=$?
  printf -- '-- exit %d\n' "$code"
  [ "$code" = 0 ] || [ "$code" = 4 ] || fail "\"$*\" ended with $code, expected 0 or 4"
}
fail() {
  printf '\ndemo: this did not go as expected: %s\n' "$1" >&2
  exit 1
}
state() { # state STATE: how many messages are in it
  { notify status award-2020 --json 2>/dev/null || true; } | sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" | head -n 1
}
sum() { # sum FIELD: over the channels of the sandbox's count
  notify sandbox count --url "$gateway" --json | sed -n "s/.*\"$1\": *\([0-9]*\),*$/\1/p" | awk '{n += $1} END {print n + 0}'
}

cd "$work"
export XDG_STATE_HOME=$work/.state # what this machine remembers of the demo ends with it
cp -R "$root"/examples/. .
notify sandbox --sms 127.0.0.1:0 --mail 127.0.0.1:0 --messages 10000 --quota 10000 --latency 4ms --jitter 4ms \
  --record reached.jsonl >sandbox.out 2>sandbox.log &
sandbox=$!
for _ in $(seq 100); do
  grep -q 'Ctrl-C' sandbox.log && break
  kill -0 "$sandbox" 2>/dev/null || fail "the sandbox did not start: $(cat sandbox.log)"
  sleep 0.1
done
sms=$(sed -n 's/.*gateway on \([0-9.:]*\),.*/\1/p' sandbox.log)
mail=$(sed -n 's/.*mail server on \([0-9.:]*\);.*/\1/p' sandbox.log)
[ -n "$sms" ] && [ -n "$mail" ] || fail "the sandbox does not say where it is: $(cat sandbox.log)"
gateway=http://$sms
# The examples name the sandbox's usual ports, and pace as a real campaign should; the demo has a minute.
sed -e "s/127\.0\.0\.1:8025/$sms/; s/127\.0\.0\.1:2525/$mail/" \
  -e 's/rate: 1000\/s/rate: 2000\/s/; s/rate: 500\/s/rate: 2000\/s/' \
  -e '/domain_rate/ { s/: 50\/s/: 300\/s/; s/: 200\/s/: 900\/s/g; }' "$root/examples/notify.yaml" >notify.yaml

say 'Before the campaign: will it get through?' <<'TEXT'
award.xlsx holds 23,000 invented winners. Each is to be told once by SMS and once by e-mail: 46,000 messages.
The SMS account has a balance and a quota for 10,000. Nobody has looked, so notify looks. It sends nothing.
(The SMS gateway and the mail server are the sandbox on this machine. Nothing leaves it.)
TEXT
run 3 notify preflight award.xlsx
cat <<'TEXT'

Exit 3: refused, nothing was sent. Under each FAIL stands what is short, by how much, and what to do about it.
TEXT
[ "$(sum reached)" = 0 ] || fail 'a preflight must send nothing'
pause

say 'The operator tops up' <<'TEXT'
25,300 segments are wanted: 23,000 and a margin of 10%. The quota of the day must hold 23,000.
TEXT
run 0 notify sandbox topup --url "$gateway" --messages 15300 --quota 13000
pause

say 'Sending, and the machine fails on the way' <<'TEXT'
Each message is recorded before it leaves, and its outcome after. Somewhere on the way the process is killed with SIGKILL:
no warning, no clean-up, as in a power failure.
TEXT
show notify send award.xlsx --yes
notify send award.xlsx --yes &
sender=$!
for _ in $(seq 600); do
  done_now=$(state accepted)
  [ "${done_now:-0}" -ge 12000 ] && break
  kill -0 "$sender" 2>/dev/null || break
  sleep 0.1
done
kill -KILL "$sender" 2>/dev/null || fail 'the run had ended before it could be killed'
killed=$SECONDS
printf '\n$ kill -KILL %d\n' "$sender"
wait "$sender" 2>/dev/null || true
sender=''
[ "$(state accepted)" -lt 46000 ] || fail 'everything had been sent before the kill'
run 0 notify status award-2020
pause

say 'Going on' <<'TEXT'
What was in flight at that moment may have left, or not: those messages become unknown, and are not sent again in hope.
Everything else goes on. Exit 4 says: finished, but look at what is unknown.
TEXT
run 4 notify resume
unknown=$(state unknown)
[ "${unknown:-0}" -gt 0 ] || fail 'a kill on the way leaves messages unknown'
pause

say 'Sending again, by mistake' <<'TEXT'
Somebody runs the whole campaign once more. Nothing leaves: under one name a message is sent once.
TEXT
before=$(sum reached)
run 4 notify send award.xlsx --yes
[ "$(sum reached)" = "$before" ] || fail 'a second send must send nothing'
pause

say 'Settling what is unknown' <<TEXT
$unknown messages are unknown. The SMS gateway can be asked, by our own key of each message. What it has, has arrived. What it
does not have may still be on its way for a moment: "not there" is believed 30 seconds after the attempt, so we wait for that.
TEXT
while [ $((SECONDS - killed)) -lt 32 ]; do sleep 0.2; done
settle notify resolve award-2020
cat <<'TEXT'

A mail server cannot be asked. But its log holds our key, in the Message-ID of each mail. The list of what is unknown, and the
server's record (here the sandbox's), are compared; then a person decides, with a reason that is kept.
TEXT
run 0 notify report award-2020 -o unknown.csv --state unknown
keys=$(grep -oE '[0-9a-z]{26}' unknown.csv | sort -u || true)
arrived='' missing=''
for key in $keys; do
  if grep -q "\"ref\":\"$key\"" reached.jsonl; then arrived="$arrived --key $key"; else missing="$missing --key $key"; fi
done
printf 'in the record: %d, not in it: %d\n' "$(($(wc -w <<<"$arrived") / 2))" "$(($(wc -w <<<"$missing") / 2))"
decide() { # decide ANSWER REASON OPTIONS…: the line is shown with the first key only
  local as=$1 reason=$2
  shift 2
  printf '$ notify resolve award-2020 --as %s --reason "%s" --yes --key %s …\n' "$as" "$reason" "$2"
  settle_quietly notify resolve award-2020 --as "$as" --reason "$reason" --yes "$@"
}
# shellcheck disable=SC2086 # these are options, each a word
[ -z "$arrived" ] || decide accepted "in the mail server's log" $arrived
# shellcheck disable=SC2086
[ -z "$missing" ] || decide not-sent "not in the mail server's log" $missing
[ "$(state unknown)" = 0 ] || fail 'something is still unknown'
pause

say 'The last ones' <<'TEXT'
What certainly did not leave is pending again, and is sent now.
TEXT
run 0 notify resume award-2020
run 0 notify report award-2020
run 0 notify ledger check
pause

say 'Who was reached?' <<'TEXT'
The ledger says so; but is it true? The sandbox has kept a record of its own:
TEXT
run 0 notify sandbox count --url "$gateway"
reached=$(sum reached)
twice=$(sum twice)
[ "$reached" = 46000 ] || fail "reached $reached messages, expected 46000"
[ "$twice" = 0 ] || fail "$twice people were told twice"
cat <<TEXT

46,000 messages, each once, twice: $twice. Before and in between: an account too small, a killed process, and a second send.
TEXT
