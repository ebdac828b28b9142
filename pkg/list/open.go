package list

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/inuse"
	"notify/pkg/words"
)

// maxFile is more than a spreadsheet of a million people takes, packed; a text file may be longer.
const (
	maxFile = 1 << 30
	maxText = 32 << 30
)

// Open begins to read a list. What the operator can mend (a file that is no list, a missing sheet, columns that cannot be
// told apart, as many problems as are found) is a *diag.InputError. The Reader must be closed.
func Open(ctx context.Context, path string, o Options) (Reader, error) {
	t, err := open(ctx, path, o)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Headers is what a list says about itself. Where its columns cannot be mapped, it returns the header as well as it could be
// read, and the error that Open would return.
func Headers(ctx context.Context, path string, o Options) (Header, error) {
	o.roles, o.survey = newRoles(o.Channels), true
	src, err := openSource(ctx, path, o)
	if err != nil {
		return Header{File: path}, err
	}
	t := &table{src: src, roles: o.roles}
	err = t.begin(path, o)
	return t.header, errors.Join(err, t.Close())
}

func open(ctx context.Context, path string, o Options) (*table, error) {
	if !channel.KnownCountry(o.Country) {
		return nil, refusal(diag.Err(diag.Place{}, "list.country-unknown", words.A{"country": o.Country}).Do("list.do.country", nil))
	}
	o.roles = newRoles(o.Channels)
	src, err := openSource(ctx, path, o)
	if err != nil {
		return nil, err
	}
	csv, isText := src.(*csvSource)
	t := &table{src: src, country: channel.Country(o.Country), roles: o.roles, need: o.Need, maxRows: o.MaxRows, text: isText}
	if isText {
		t.second, t.doubtful = csv.doubted()
	}
	if t.maxRows <= 0 {
		t.maxRows = DefaultMaxRows
	}
	if err := t.begin(path, o); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// openSource goes by what is in the file; its name only helps to say what is wrong.
func openSource(ctx context.Context, path string, o Options) (source, error) {
	f, err := openFile(ctx, path)
	if err != nil {
		return nil, err
	}
	src, err := sourceOf(f, path, o)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return src, nil
}

func openFile(ctx context.Context, path string) (*os.File, error) {
	place := diag.Place{File: path}
	if strings.HasPrefix(filepath.Base(path), "~$") {
		return nil, refusal(diag.Err(place, "list.file-owner", nil).Do("list.do.file-itself", words.A{"file": strings.Replace(path, "~$", "", 1)}))
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, refusal(missing(diag.Err(place, "list.file-missing", nil), path))
	case errors.Is(err, fs.ErrPermission):
		return nil, refusal(diag.Err(place, "list.file-denied", nil).Do("list.do.permissions", nil))
	case err != nil:
		return nil, words.Wrap(err, "file.open", words.A{"file": path})
	case info.IsDir():
		return nil, refusal(diag.Err(place, "list.file-folder", nil).Do("list.do.file-in-it", nil))
	case !info.Mode().IsRegular():
		return nil, refusal(diag.Err(place, "list.file-special", nil).Do("list.do.save-first", nil))
	case info.Size() == 0:
		return nil, refusal(diag.Err(place, "list.file-empty", nil).Do("list.do.save", nil))
	case info.Size() > maxText:
		return nil, refusal(diag.Err(place, "list.file-too-large", words.A{"gigabytes": maxText >> 30}).Do("list.do.split", nil))
	}
	f, err := inuse.Open(ctx, filepath.Clean(path))
	if errors.Is(err, fs.ErrPermission) {
		return nil, refusal(diag.Err(place, "list.file-denied", nil).Do("list.do.permissions", nil))
	}
	if err != nil {
		return nil, words.Wrap(err, "file.open", words.A{"file": path})
	}
	return f, nil
}

// missing says which file may have been meant.
func missing(p diag.Problem, path string) diag.Problem {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return p.Do("list.do.check-name", nil)
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && len(names) < 1000 {
			names = append(names, e.Name())
		}
	}
	if n := nearest(filepath.Base(path), names); n != "" {
		return p.Do("list.do.near-file", words.A{"file": filepath.Join(filepath.Dir(path), n)})
	}
	return p.Do("list.do.check-name", nil)
}

func sourceOf(f *os.File, path string, o Options) (source, error) {
	place := diag.Place{File: path}
	head := make([]byte, 4096)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, words.Wrap(err, "file.read", words.A{"file": path})
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return zipSource(f, path, o)
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")):
		return nil, oldBinary(f, path)
	case len(bytes.Trim(head, "\x00 \t\r\n\uFEFF")) == 0 && n < cap(head):
		return nil, refusal(diag.Err(place, "list.nothing.file-empty", nil).Do("list.do.save", nil))
	}
	if what := foreign(head); !what.IsZero() {
		return nil, refusal(diag.Err(place, "list.file-kind", words.A{"what": what}).Do("list.do.save-as-list", nil))
	}
	if o.Sheet != "" {
		return nil, refusal(diag.Err(place, "list.text.sheet-missing", words.A{"sheet": o.Sheet}).Do("list.do.no-sheet", nil))
	}
	return openCSV(f, path, o)
}

// foreign names files that are neither a spreadsheet nor text, by how they begin.
func foreign(head []byte) words.Text {
	lower := bytes.Clone(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), " \t\r\n"))
	for i, c := range lower { // bytes.ToLower would change bytes that are no UTF-8
		if c >= 'A' && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	page := words.T("list.what.page", nil)
	for _, sign := range []struct {
		begin string
		what  words.Text
	}{
		{"%pdf", words.T("list.what.pdf", nil)},
		{"{\\rtf", words.T("list.what.rtf", nil)},
		{"<html", page},
		{"<!doctype html", page},
		{"<table", page},
		{"<meta", page},
		{"<?xml", words.T("list.what.xml", nil)},
		{"{", words.T("list.what.json", nil)},
		{"\x1f\x8b", words.T("list.what.packed", words.A{"how": "gzip"})},
		{"rar!", words.T("list.what.packed", words.A{"how": "RAR"})},
		{"7z\xbc\xaf\x27\x1c", words.T("list.what.packed", words.A{"how": "7z"})},
		{"\x89png", words.T("list.what.picture", nil)},
		{"\xff\xd8\xff", words.T("list.what.picture", nil)},
		{"gif8", words.T("list.what.picture", nil)},
		{"sqlite format 3", words.T("list.what.database", nil)},
	} {
		if bytes.HasPrefix(lower, []byte(sign.begin)) {
			return sign.what
		}
	}
	return words.Text{}
}

// oldBinary tells a workbook with a password from one of the time before .xlsx: both are compound files, whose directory
// names its streams in UTF-16.
func oldBinary(f *os.File, path string) error {
	place := diag.Place{File: path}
	old := diag.Err(place, "list.xls.file-kind", nil).Do("list.do.save-as-xlsx", nil)
	for _, sign := range []struct {
		stream  string
		problem diag.Problem
	}{
		{"EncryptedPackage", diag.Err(place, "list.password.file-kind", nil).Do("list.do.no-password", nil)},
		{"WordDocument", diag.Err(place, "list.file-kind", words.A{"what": words.T("list.what.word", nil)}).Do("list.do.save-as-list", nil)},
		{"PowerPoint Document", diag.Err(place, "list.file-kind", words.A{"what": words.T("list.what.slides", nil)}).Do("list.do.save-as-list", nil)},
		{"Workbook", old},
		{"Book", old},
	} {
		found, err := contains(f, utf16le(sign.stream))
		if err != nil {
			return words.Wrap(err, "file.read", words.A{"file": path})
		}
		if found {
			return refusal(sign.problem)
		}
	}
	return refusal(diag.Err(place, "list.old.file-kind", nil).Do("list.do.no-password", nil))
}

func utf16le(s string) []byte {
	b := make([]byte, 0, 2*len(s))
	for i := range len(s) {
		b = append(b, s[i], 0)
	}
	return b
}

// contains looks through a file in pieces.
func contains(f *os.File, want []byte) (bool, error) {
	const piece = 1 << 16
	buf := make([]byte, piece)
	for at := int64(0); at < maxFile; at += piece - int64(len(want)) {
		n, err := f.ReadAt(buf, at)
		if bytes.Contains(buf[:n], want) {
			return true, nil
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

func zipSource(f *os.File, path string, o Options) (source, error) {
	place := diag.Place{File: path}
	info, err := f.Stat()
	if err != nil {
		return nil, words.Wrap(err, "file.open", words.A{"file": path})
	}
	if info.Size() > maxFile {
		return nil, refusal(diag.Err(place, "list.file-too-large", words.A{"gigabytes": maxFile >> 30}).Do("list.do.split", nil))
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil, refusal(diag.Err(place, "list.copied.file-damaged", words.A{"cause": words.Cause(err)}).Do("list.do.copy-again", nil))
	}
	if what := foreignZip(z); !what.IsZero() {
		return nil, refusal(diag.Err(place, "list.file-kind", words.A{"what": what}).Do("list.do.save-as-list", nil))
	}
	book, err := openWorkbook(f, z, path)
	if err != nil {
		return nil, err
	}
	sheet, err := book.choose(o.Sheet)
	if err != nil {
		return nil, err
	}
	return book.openSheet(sheet, o)
}

// foreignZip names what else is a zip file inside.
func foreignZip(z *zip.Reader) words.Text {
	what := words.T("list.what.zip", nil)
	for _, part := range z.File {
		name := strings.ToLower(strings.ReplaceAll(part.Name, `\`, "/"))
		switch {
		case strings.HasPrefix(name, "xl/workbook.bin"):
			return words.T("list.what.xlsb", nil)
		case strings.HasPrefix(name, "word/"):
			return words.T("list.what.word", nil)
		case strings.HasPrefix(name, "ppt/"):
			return words.T("list.what.slides", nil)
		case strings.HasPrefix(name, "index/") && strings.HasSuffix(name, ".iwa"), name == "index.zip":
			return words.T("list.what.numbers", nil)
		case name == "content.xml":
			return words.T("list.what.ods", nil)
		case strings.HasSuffix(name, ".rels"), strings.HasSuffix(name, "workbook.xml"):
			what = words.Text{}
		}
	}
	return what
}

// first is the sheet that is read where none is named; zero where none can be seen.
func (w *workbook) first() (first sheetInfo) {
	for _, s := range w.sheets {
		if s.grid && !s.hidden && (!first.grid || s.name == w.ours) {
			first = s
		}
	}
	return first
}

// choose is the sheet to be read: the one that is named, else the recipients of a report of ours, else the first that can be seen.
func (w *workbook) choose(name string) (sheetInfo, error) {
	place := diag.Place{File: w.path}
	names := make([]string, 0, len(w.sheets))
	for _, s := range w.sheets {
		if s.name == name && s.grid {
			return s, nil
		}
		names = append(names, s.name)
	}
	if name == "" {
		if s := w.first(); s.grid {
			return s, nil
		}
		return sheetInfo{}, refusal(diag.Err(place, "list.hidden.sheet-missing", nil).Do("list.do.unhide", words.A{"sheets": words.Names(names, 0)}))
	}
	for _, s := range w.sheets {
		if s.grid && trim(s.name) != "" && strings.EqualFold(trim(s.name), trim(name)) {
			return s, nil
		}
	}
	none := diag.Err(place, "list.sheet-missing", words.A{"sheet": name}).Do("list.do.sheets", words.A{"sheets": words.Names(names, 0)})
	if n := nearest(name, names); n != "" {
		none = none.Do("list.do.near-sheet", words.A{"near": n, "sheets": words.Names(names, 0)})
	}
	return sheetInfo{}, refusal(none)
}
