#!/bin/sh
# Receipts three times each, out of order, some before the vendor's answer, 1% forged, the listener killed with SIGKILL in the midst; and unknown
# messages settled by receipts, by asking and by both: 23,000 messages, or as the argument says: scripts/receipts.sh [MESSAGES]
set -eu
cd "$(dirname "$0")/.."
exec go test ./cmd/notify -run '^(TestReceiptsThreeTimes|TestUnknownIsSettledBy)' -count=1 -v -timeout 30m -receipts.messages "${1:-23000}"
