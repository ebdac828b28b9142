#!/usr/bin/env bash
# Several machines on one ledger, at the figures that the program is promised for: 200,000 messages with a machine, the server and the
# network lost on the way, again and again; and four machines under one rate, one quota and one pause. It needs PostgreSQL, and a quiet machine.
# machines.sh [MESSAGES [TIMES [TESTS]]]
set -euo pipefail
cd "$(dirname "$0")/.."
CI=1 go test ./cmd/notify -count=1 -v -timeout 10h -run "${3:-TestThreeMachines|TestFourMachines}" \
  -machines.messages "${1:-200000}" -machines.concurrency 64 -machines.repeat "${2:-20}" -machines.seconds 60 -machines.exact
