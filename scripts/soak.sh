#!/usr/bin/env bash
# A large campaign on a PostgreSQL, a tenth of it sent by four processes while a transaction stays open that keeps the server from cleaning up: the rate
# of the first and of the last tenth, and what the tables take. 10,000,000 recipients take 4 GB and some minutes. It needs PostgreSQL, and a quiet machine.
# soak.sh [RECIPIENTS]
set -euo pipefail
cd "$(dirname "$0")/.."
CI=1 go test ./pkg/ledger/postgres -count=1 -v -timeout 10h -run TestALongTransaction -soak.recipients "${1:-10000000}" -soak.exact
