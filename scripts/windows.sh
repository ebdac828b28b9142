#!/usr/bin/env bash
# The tests as programs of Windows, under wine: windows.sh [PACKAGE…] [go test's own options]. Without a package all of them.
# What wine does not have and Windows has is put beside it: one library, one answer of the system that Go knows under another number,
# and a setting of sockets. Nothing of the program itself is changed.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/lib/wine
command -v wine64 >/dev/null || { echo "windows.sh: wine64 is missing: scripts/deps.sh windows" >&2; exit 1; }
work=$PWD/bin/wine # kept: making it takes longer than many a test
mkdir -p "$work"
export WINEPREFIX=$work/prefix WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
system=$WINEPREFIX/drive_c/windows/system32
[ -e "$system/kernel32.dll" ] || wine64 wineboot -i >/dev/null 2>&1
[ -e "$system/bcryptprimitives.dll" ] || go run ./scripts/winedll "$system/bcryptprimitives.dll"

# Older versions of wine say "not implemented" where an older Windows says "unknown": Go then deletes files in the older way.
goroot=$(go env GOROOT)
of=$goroot/src/internal/syscall/windows/at_windows.go
sed 's/^\tcase STATUS_INVALID_INFO_CLASS,/\tcase NTStatus(0xC0000002), STATUS_INVALID_INFO_CLASS,/' "$of" >"$work/at_windows.go"
# They have no SIO_UDP_NETRESET, which is about errors that come later, and is not needed.
net=$goroot/src/net/fd_windows.go
sed '/SIO_UDP_NETRESET/,/}/s/if err != nil {/if err != nil \&\& err != syscall.Errno(10045) {/' "$net" >"$work/fd_windows.go"
printf '{"Replace": {"%s": "%s", "%s": "%s"}}\n' "$of" "$work/at_windows.go" "$net" "$work/fd_windows.go" >"$work/overlay.json"

cat >"$work/run" <<'RUN'
#!/usr/bin/env bash
# The program is a file of this system: wine calls its root Z:. What wine starts for a console outlives it, and would hold a pipe open.
out=$(mktemp)
wine64 "$@" >"$out" 2>&1 || rc=$?
cat "$out"
rm -f "$out"
exit "${rc:-0}"
RUN
chmod +x "$work/run"
[ $# -gt 0 ] || set -- ./...
export GOOS=windows GOARCH=amd64 CGO_ENABLED=0 ZONEINFO="Z:${goroot//\//\\}\\lib\\time\\zoneinfo.zip"
go test -overlay "$work/overlay.json" -exec "$work/run" -p 2 -timeout 30m "$@"
