package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"notify/pkg/words"
)

// JSON writes an object for machines, indented, its form under "schema" as the first field ("notify.preflight/1"). A value
// that carries that field itself, first, keeps it. Every words.Text in it has its sentence beside its id and arguments.
// Nothing is escaped for HTML.
func JSON(w io.Writer, say words.Printer, schema string, v any) error {
	plain, err := say.JSON(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", schema, err)
	}
	body := bytes.TrimSpace(plain)
	if len(body) < 2 || body[0] != '{' {
		return fmt.Errorf("write %s: a %T is no object", schema, v)
	}
	field := fmt.Appendf(nil, `"schema":%q`, schema)
	if !bytes.HasPrefix(body[1:], field) {
		rest := body[1:]
		if rest[0] != '}' {
			field = append(field, ',')
		}
		body = append(append([]byte{'{'}, field...), rest...)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, body, "", "  "); err != nil {
		return fmt.Errorf("write %s: %w", schema, err)
	}
	out.WriteByte('\n')
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write %s: %w", schema, err)
	}
	return nil
}
