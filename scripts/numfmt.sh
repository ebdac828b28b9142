#!/usr/bin/env bash
# What LibreOffice shows for a few thousand numbers under many formats, kept anew in pkg/list/numfmt/testdata, and compared with
# what notify shows. It needs LibreOffice Calc.
set -euo pipefail
cd "$(dirname "$0")/.."
soffice=$(command -v soffice || command -v libreoffice) || { echo "numfmt: LibreOffice is not installed" >&2; exit 1; }
NUMFMT_SOFFICE=$soffice go test -count=1 -v -run LibreOffice ./pkg/list/numfmt
