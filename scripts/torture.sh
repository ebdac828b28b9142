#!/bin/sh
# Kills a sending process with SIGKILL at random moments, over HTTP and over SMTP, and compares the receivers' own logs with the
# ledger: 20 times during 23,000 messages, or as the arguments say: scripts/torture.sh [MESSAGES [KILLS [SEED]]]
set -eu
cd "$(dirname "$0")/.."
exec go test ./cmd/notify -run '^TestKilledAtRandomMoments$' -count=1 -v -timeout 20m \
	-torture.messages "${1:-23000}" -torture.kills "${2:-20}" -torture.seed "${3:-0}"
