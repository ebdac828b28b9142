package campaign

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
)

// The largest texts: an SMS of 16 KiB would be far over a hundred segments, and mail readers cut HTML off at 100 KB.
const (
	maxShort = 16 << 10
	maxMail  = 1 << 20
)

func (r *reader) path(file string) string {
	if filepath.IsAbs(file) {
		return filepath.Clean(file)
	}
	return filepath.Join(r.dir, filepath.FromSlash(file))
}

// file reads what a key of the campaign names.
func (r *reader) file(v yamldoc.Value, path string, limit int64) ([]byte, bool) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		v.Problem("file-missing", "write it, or mend the name; it is relative to the campaign file", "there is no file %s", path)
		return nil, false
	case err != nil:
		v.Problem("file-unreadable", "give the user who runs notify the right to read it", "the file %s cannot be read", path)
		return nil, false
	case !info.Mode().IsRegular():
		v.Problem("file-is-folder", "name the file in it", "%s is a folder", path)
		return nil, false
	case info.Size() > limit:
		v.Problem("file-too-large", "make it smaller", "%s has %d bytes, more than %d", path, info.Size(), limit)
		return nil, false
	}
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		v.Problem("file-unreadable", "give the user who runs notify the right to read it", "the file %s cannot be read", path)
		return nil, false
	}
	r.files = append(r.files, absolute(path))
	return data, true
}

// text reads a text. Another encoding is refused and not guessed: a wrong guess would reach everybody.
func (r *reader) text(v yamldoc.Value, path string, limit int64) string {
	data, ok := r.file(v, path, limit)
	if !ok {
		return ""
	}
	place := diag.Place{File: path}
	if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
		r.problems.Errorf(place, "not-utf8", "save it again as UTF-8", "the text is UTF-16")
		return ""
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	s := string(data)
	if !utf8.Valid(data) {
		place.Line = lineOf(s, strings.IndexFunc(s, func(c rune) bool { return c == utf8.RuneError }))
		r.problems.Errorf(place, "not-utf8", "save it again as UTF-8 (it may be GB18030 or ANSI now)", "the text is not UTF-8")
		return ""
	}
	if at := strings.IndexRune(s, utf8.RuneError); at >= 0 {
		place.Line = lineOf(s, at)
		r.problems.Errorf(place, "replacement-character", "write the character that should stand there", "there is a � where a character was lost")
		return ""
	}
	if at := strings.IndexFunc(s, isControl); at >= 0 {
		place.Line = lineOf(s, at)
		r.problems.Errorf(place, "control-character", "delete it", "there is a control character in the text")
		return ""
	}
	if strings.TrimSpace(s) == "" {
		r.problems.Errorf(place, "text-empty", "write what the recipients should read", "the text is empty")
	}
	return s
}

func lineOf(s string, at int) int { return 1 + strings.Count(s[:max(at, 0)], "\n") }

func isControl(c rune) bool {
	return unicode.IsControl(c) && c != '\n' && c != '\r' && c != '\t'
}
