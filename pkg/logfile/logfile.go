// Package logfile owns the file that a long command writes down what it does in: one JSON object a line, appended, readable by its owner only,
// with addresses masked wherever they stand. A log that cannot be written is said once, and stops nothing.
package logfile

import (
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"

	"notify/pkg/message"
)

// File is an open log.
type File struct {
	file   *os.File
	broken func(error)
	once   sync.Once
	mask   masker
}

// Open opens the file, and makes it where there is none. broken is told, once, that it cannot be written any more.
func Open(path string, broken func(error)) (*File, error) {
	// Whoever rotates it copies it and cuts it to nothing: what is appended then begins the file anew.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return &File{file: f, broken: broken, mask: newMasker()}, nil
}

// Close closes it.
func (f *File) Close() error { return f.file.Close() }

// Write writes one line, and never fails: whoever logs has better things to do.
func (f *File) Write(line []byte) (int, error) {
	if _, err := f.file.Write(line); err != nil {
		f.once.Do(func() { f.broken(err) })
	}
	return len(line), nil
}

// Handler writes what has at least this level.
func (f *File) Handler(level slog.Level) slog.Handler {
	return slog.NewJSONHandler(f, &slog.HandlerOptions{Level: level, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch v := a.Value; v.Kind() {
		case slog.KindString:
			a.Value = slog.StringValue(f.mask.masked(a.Key, v.String()))
		case slog.KindAny:
			switch said := v.Any().(type) {
			case nil:
			case error:
				a.Value = slog.StringValue(f.mask.masked(a.Key, said.Error()))
			case fmt.Stringer:
				a.Value = slog.StringValue(f.mask.masked(a.Key, said.String()))
			}
		case slog.KindTime:
			if v.Time().IsZero() {
				return slog.Attr{} // it is no time
			}
		case slog.KindBool, slog.KindDuration, slog.KindFloat64, slog.KindInt64, slog.KindUint64, slog.KindGroup, slog.KindLogValuer:
		}
		return a
	}})
}

// masker finds addresses.
type masker struct{ mail, phone *regexp.Regexp }

func newMasker() masker {
	return masker{
		mail:  regexp.MustCompile(`[^\s<>"'(),:;=]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+`),
		phone: regexp.MustCompile(`(^|[^A-Za-z0-9_.-])(\+\d{7,15}|\d{10,15})($|[^A-Za-z0-9_-])`),
	}
}

// masked is a text without addresses. Ids are shown as they are, whatever they look like: they are what is asked for.
func (m masker) masked(key, text string) string {
	switch key {
	case "key", "vendor_id", slog.TimeKey:
		return text
	}
	if strings.Contains(text, "@") {
		text = m.mail.ReplaceAllStringFunc(text, func(s string) string {
			if strings.Contains(s, "***") {
				return s // it is masked
			}
			return message.Address(s).Masked()
		})
	}
	for range 2 { // two numbers may share what is between them
		text = m.phone.ReplaceAllStringFunc(text, func(s string) string {
			at := m.phone.FindStringSubmatchIndex(s)
			return s[:at[4]] + message.Address(s[at[4]:at[5]]).Masked() + s[at[5]:]
		})
	}
	return text
}
