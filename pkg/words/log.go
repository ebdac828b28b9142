package words

import (
	"context"
	"log/slog"
)

// logged is a sentence as an attribute of what is logged: a file has its id.
type logged struct{ Text }

func (l logged) String() string { return l.ID }

const logKey = "id"

// Log writes down a sentence that the operator is to read: a log file has it in English, with its id and these attributes, as slog's own
// functions take them; the screen says the sentence alone, in its language. What is for the file alone is logged with slog itself.
func Log(log *slog.Logger, level slog.Level, t Text, attrs ...any) {
	log.Log(context.Background(), level, t.String(), append([]any{slog.Any(logKey, logged{t})}, attrs...)...)
}

// LogError writes down an error with its sentence, as Log does; a log file has what it came of word for word.
func LogError(log *slog.Logger, level slog.Level, e *Error) { Log(log, level, e.Text, "error", e.Err) }

// Trouble is what goes wrong again and again: it is to be told when it begins or becomes another, and when it is over. The zero value is none.
type Trouble struct{ said string }

// New reports that the error is another than the one before.
func (t *Trouble) New(err error) bool {
	said := Cause(err).String()
	was := t.said
	t.said = said
	return said != was
}

// Over reports that there was an error, and is none any more.
func (t *Trouble) Over() bool {
	was := t.said != ""
	t.said = ""
	return was
}

// Logged is the sentence of what was logged; false where it has none.
func Logged(r *slog.Record) (t Text, ok bool) {
	r.Attrs(func(a slog.Attr) bool {
		var l logged
		if l, ok = a.Value.Any().(logged); ok {
			t = l.Text
		}
		return !ok
	})
	return t, ok
}
