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
	"notify/pkg/inuse"
	"notify/pkg/words"
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
		v.Problem(words.T("campaign.file-missing", words.A{"path": path}), words.T("campaign.do.file", nil))
		return nil, false
	case err != nil:
		v.Problem(words.T("campaign.file-unreadable", words.A{"path": path}), words.T("yaml.do.right", nil))
		return nil, false
	case !info.Mode().IsRegular():
		v.Problem(words.T("campaign.file-is-folder", words.A{"path": path}), words.T("yaml.do.name-file", nil))
		return nil, false
	case info.Size() > limit:
		v.Problem(words.T("campaign.file-too-large", words.A{"path": path, "size": info.Size(), "most": limit}), words.T("campaign.do.smaller", nil))
		return nil, false
	}
	if r.outside(path) {
		v.Warn(words.T("campaign.file-outside", words.A{"path": path}), words.T("campaign.do.outside", nil))
	}
	data, err := inuse.ReadFile(path)
	if errors.Is(err, inuse.ErrHeld) {
		v.Problem(words.Cause(err), words.HintOf(err))
		return nil, false
	}
	if err != nil {
		v.Problem(words.T("campaign.file-unreadable", words.A{"path": path}), words.T("yaml.do.right", nil))
		return nil, false
	}
	r.files = append(r.files, absolute(path))
	return data, true
}

// outside reports whether a file stands outside the campaign's folder, links followed: whoever signs sees the folder only.
func (r *reader) outside(path string) bool {
	dir, err1 := filepath.EvalSymlinks(r.dir)
	file, err2 := filepath.EvalSymlinks(path)
	if dir, err := filepath.Abs(dir); err == nil && err1 == nil && err2 == nil {
		if file, err = filepath.Abs(file); err == nil {
			rel, err := filepath.Rel(dir, file)
			return err != nil || !filepath.IsLocal(rel)
		}
	}
	return false
}

// text reads a text. Another encoding is refused and not guessed: a wrong guess would reach everybody.
func (r *reader) text(v yamldoc.Value, path string, limit int64) string {
	data, ok := r.file(v, path, limit)
	if !ok {
		return ""
	}
	place := diag.Place{File: path}
	if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
		r.problems.Add(diag.Err(place, "campaign.text-utf16", nil).Do("yaml.do.utf8", nil))
		return ""
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	s := string(data)
	if !utf8.Valid(data) {
		place.Line = lineOf(s, strings.IndexFunc(s, func(c rune) bool { return c == utf8.RuneError }))
		r.problems.Add(diag.Err(place, "campaign.not-utf8", nil).Do("yaml.do.utf8-guess", nil))
		return ""
	}
	if at := strings.IndexRune(s, utf8.RuneError); at >= 0 {
		place.Line = lineOf(s, at)
		r.problems.Add(diag.Err(place, "campaign.replacement-character", nil).Do("campaign.do.character", nil))
		return ""
	}
	if at := strings.IndexFunc(s, isControl); at >= 0 {
		place.Line = lineOf(s, at)
		r.problems.Add(diag.Err(place, "campaign.control-character", nil).Do("campaign.do.delete", nil))
		return ""
	}
	if strings.TrimSpace(s) == "" {
		r.problems.Add(diag.Err(place, "campaign.text-empty", nil).Do("campaign.do.text", nil))
	}
	return s
}

func lineOf(s string, at int) int { return 1 + strings.Count(s[:max(at, 0)], "\n") }

func isControl(c rune) bool {
	return unicode.IsControl(c) && c != '\n' && c != '\r' && c != '\t'
}
