#!/usr/bin/env bash
# How likely SpamAssassin, as Debian ships it, takes the mail of the shipped example for spam: the example is sent by the program itself, over
# SMTP to a server on this machine, and what arrived is scored by the tests that ask nobody else. A network's verdict (SPF, DKIM, lists of
# addresses) is not in it.
#
#   scripts/spamscore.sh [BINARY]      prints the score and each test that adds to it
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
binary=$(realpath "${1:-$root/bin/notify}")
[ -x "$binary" ] || { echo "spamscore: build first: make build" >&2; exit 1; }
PATH=$PATH:/usr/sbin:/sbin
"$root/scripts/deps.sh" spam
for name in $(compgen -e | grep '^NOTIFY_' || true); do unset "$name"; done
work=$(mktemp -d "${TMPDIR:-/tmp}/notify-spam.XXXXXX")
sink=''
trap '[ -z "$sink" ] || kill "$sink" 2>/dev/null || true; rm -rf "$work"' EXIT
port=$((20000 + RANDOM % 20000))

cd "$work"
cp "$root"/examples/award.{html,txt} .
cat >award.csv <<'LIST'
工号,姓名,邮箱,奖项,金额,领奖日期
A1023,王芳,wang.fang@mail.example.test,优秀员工奖,"￥3,000.00",2020年1月10日
LIST
sed -e '/^  sms:/,/^    text: award.sms.txt/d' -e '/^expect:/d' -e '/sheet:/d' -e 's/ phone: 手机号,//' "$root/examples/award.yaml" >award.yaml
cat >notify.yaml <<CONFIG
environment: test
timezone: Asia/Shanghai
country: CN
ledger: notify.db
allow_list: ["*@*.test"]
accounts:
  edm:
    vendor: smtp
    environment: test
    class: notice
    price: 0
    currency: CNY
    options: {address: "127.0.0.1:$port", tls: none, helo: edm.example.test}
routes:
  email: {accounts: [edm]}
CONFIG
mkdir mails
chmod 777 . mails
as=()
[ "$(id -u)" != 0 ] || as=(-u nobody)
smtp-sink "${as[@]}" -d "$work/mails/%M." "127.0.0.1:$port" 10 &
sink=$!
for _ in $(seq 100); do (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.05; done
export XDG_STATE_HOME=$work/state
"$binary" send award.csv --yes -q >send.out 2>send.err || { cat send.out send.err >&2; exit 1; }
mail=$(find mails -type f -size +0 | head -n 1)
[ -n "$mail" ] || { echo "spamscore: no mail arrived" >&2; exit 1; }
# The lines before the mail are the envelope, as smtp-sink saw it.
sed -e '/^X-Client-\|^X-Helo-Args\|^X-Mail-Args\|^X-Rcpt-Args\|^X-Client-Proto/d' -e 's/\r$//' "$mail" >mail.eml
# Mail of this machine would be trusted, which that of others is not.
HOME=$work spamassassin -L -t --siteconfigpath=/etc/spamassassin --cf='score ALL_TRUSTED 0' <mail.eml 2>/dev/null | sed -n '/^Content analysis details/,/^$/p;/^ *-\{0,1\}[0-9.]\{3,\} [A-Z]/p' | awk '!seen[$0]++'
