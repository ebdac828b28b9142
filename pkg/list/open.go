package list

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"notify/pkg/channel"
	"notify/pkg/diag"
)

// maxFile is more than a spreadsheet of a million people takes, packed; a text file may be longer.
const (
	maxFile = 1 << 30
	maxText = 8 << 30
)

// Open begins to read a list. What the operator can mend (a file that is no list, a missing sheet, columns that cannot be
// told apart, as many problems as are found) is a *diag.InputError. The Reader must be closed.
func Open(path string, o Options) (Reader, error) {
	t, err := open(path, o)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Headers is what a list says about itself. Where its columns cannot be mapped, it returns the header as well as it could be
// read, and the error that Open would return.
func Headers(path string, o Options) (Header, error) {
	o.roles, o.survey = newRoles(o.Channels), true
	src, err := openSource(path, o)
	if err != nil {
		return Header{File: path}, err
	}
	t := &table{src: src, roles: o.roles}
	err = t.begin(path, o)
	return t.header, errors.Join(err, t.Close())
}

func open(path string, o Options) (*table, error) {
	if !channel.KnownCountry(o.Country) {
		return nil, refusal(diag.Place{}, "country-unknown", fmt.Sprintf("there is no country %q", o.Country), "give the two letters of ISO 3166, such as CN")
	}
	o.roles = newRoles(o.Channels)
	src, err := openSource(path, o)
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
func openSource(path string, o Options) (source, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	src, err := sourceOf(f, path, o)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return src, nil
}

func openFile(path string) (*os.File, error) {
	place := diag.Place{File: path}
	if strings.HasPrefix(filepath.Base(path), "~$") {
		return nil, refusal(place, "file-owner", "this is the mark that a spreadsheet program leaves beside a file that is open", "give the file itself: "+strings.Replace(path, "~$", "", 1))
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, refusal(place, "file-missing", "there is no such file", hintMissing(path))
	case errors.Is(err, fs.ErrPermission):
		return nil, refusal(place, "file-denied", "this user may not read the file", "change its permissions, or run as another user")
	case err != nil:
		return nil, fmt.Errorf("open %s: %w", path, err)
	case info.IsDir():
		return nil, refusal(place, "file-folder", "this is a folder", "give a spreadsheet or a CSV file in it")
	case !info.Mode().IsRegular():
		return nil, refusal(place, "file-special", "this is not a regular file", "save the list to a file first: it is read more than once")
	case info.Size() == 0:
		return nil, refusal(place, "file-empty", "the file is empty", "save it again")
	case info.Size() > maxText:
		return nil, refusal(place, "file-too-large", fmt.Sprintf("the file has more than %d GB", maxText>>30), "split the list")
	}
	f, err := os.Open(filepath.Clean(path))
	if errors.Is(err, fs.ErrPermission) {
		return nil, refusal(place, "file-denied", "this user may not read the file, or another program has locked it", "change its permissions, or close it in the spreadsheet program")
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return f, nil
}

func hintMissing(path string) string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return "check the folder and the name"
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && len(names) < 1000 {
			names = append(names, e.Name())
		}
	}
	if n := nearest(filepath.Base(path), names); n != "" {
		return fmt.Sprintf("did you mean %s?", filepath.Join(filepath.Dir(path), n))
	}
	return "check the folder and the name"
}

func sourceOf(f *os.File, path string, o Options) (source, error) {
	place := diag.Place{File: path}
	head := make([]byte, 4096)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return zipSource(f, path, o)
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")):
		return nil, oldBinary(f, path)
	case len(bytes.Trim(head, "\x00 \t\r\n\uFEFF")) == 0 && n < cap(head):
		return nil, refusal(place, "file-empty", "there is nothing in the file", "save it again")
	}
	if what := foreign(head); what != "" {
		return nil, refusal(place, "file-kind", "this is "+what+", not a list", "save the list as .xlsx, or as CSV in UTF-8")
	}
	if o.Sheet != "" {
		return nil, refusal(place, "sheet-missing", fmt.Sprintf("a text file has no sheet %q", o.Sheet), "take list.sheet out, or give the .xlsx file")
	}
	return openCSV(f, path, o)
}

// foreign names files that are neither a spreadsheet nor text, by how they begin.
func foreign(head []byte) string {
	lower := bytes.Clone(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF")), " \t\r\n"))
	for i, c := range lower { // bytes.ToLower would change bytes that are no UTF-8
		if c >= 'A' && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	for _, sign := range []struct{ begin, what string }{
		{"%pdf", "a PDF"},
		{"{\\rtf", "a rich text document"},
		{"<html", "a web page, saved under another name perhaps"},
		{"<!doctype html", "a web page, saved under another name perhaps"},
		{"<table", "a web page, saved under another name perhaps"},
		{"<meta", "a web page, saved under another name perhaps"},
		{"<?xml", "an XML document"},
		{"{", "JSON or a program's own format"},
		{"\x1f\x8b", "a packed file (gzip)"},
		{"rar!", "a packed file (RAR)"},
		{"7z\xbc\xaf\x27\x1c", "a packed file (7z)"},
		{"\x89png", "a picture"},
		{"\xff\xd8\xff", "a picture"},
		{"gif8", "a picture"},
		{"sqlite format 3", "a database"},
	} {
		if bytes.HasPrefix(lower, []byte(sign.begin)) {
			return sign.what
		}
	}
	return ""
}

// oldBinary tells a workbook with a password from one of the time before .xlsx: both are compound files, whose directory
// names its streams in UTF-16.
func oldBinary(f *os.File, path string) error {
	place := diag.Place{File: path}
	for _, sign := range []struct{ stream, summary, hint string }{
		{"EncryptedPackage", "the file is protected by a password", "save it as .xlsx without a password"},
		{"WordDocument", "this is a Word document, not a list", "save the list as .xlsx"},
		{"PowerPoint Document", "this is a presentation, not a list", "save the list as .xlsx"},
		{"Workbook", "this is a spreadsheet in the old .xls format", "open it in a spreadsheet program and save it as .xlsx"},
		{"Book", "this is a spreadsheet in the old .xls format", "open it in a spreadsheet program and save it as .xlsx"},
	} {
		found, err := contains(f, utf16le(sign.stream))
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if found {
			return refusal(place, "file-kind", sign.summary, sign.hint)
		}
	}
	return refusal(place, "file-kind", "this is a document in an old binary format, or protected by a password", "save it as .xlsx without a password")
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
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if info.Size() > maxFile {
		return nil, refusal(place, "file-too-large", fmt.Sprintf("the spreadsheet has more than %d GB", maxFile>>30), "split the list")
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil, refusal(place, "file-damaged", "the file is damaged or was not copied to its end: "+err.Error(), "copy or download it again")
	}
	if what := foreignZip(z); what != "" {
		return nil, refusal(place, "file-kind", "this is "+what+", not a list", "save the list as .xlsx, or as CSV in UTF-8")
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
func foreignZip(z *zip.Reader) string {
	what := "a zip file"
	for _, part := range z.File {
		name := strings.ToLower(strings.ReplaceAll(part.Name, `\`, "/"))
		switch {
		case strings.HasPrefix(name, "xl/workbook.bin"):
			return "a binary workbook (.xlsb)"
		case strings.HasPrefix(name, "word/"):
			return "a Word document"
		case strings.HasPrefix(name, "ppt/"):
			return "a presentation"
		case strings.HasPrefix(name, "index/") && strings.HasSuffix(name, ".iwa"), name == "index.zip":
			return "a Numbers document"
		case name == "content.xml":
			return "an OpenDocument file (.ods)"
		case strings.HasSuffix(name, ".rels"), strings.HasSuffix(name, "workbook.xml"):
			what = ""
		}
	}
	return what
}

// choose is the sheet to be read: the one that is named, else the first that can be seen.
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
		for _, s := range w.sheets {
			if s.grid && !s.hidden {
				return s, nil
			}
		}
		return sheetInfo{}, refusal(place, "sheet-missing", "the workbook has no sheet that can be seen", "unhide the list, or name its sheet (list.sheet): "+strings.Join(names, ", "))
	}
	for _, s := range w.sheets {
		if s.grid && trim(s.name) != "" && strings.EqualFold(trim(s.name), trim(name)) {
			return s, nil
		}
	}
	hint := "the sheets are " + strings.Join(names, ", ")
	if n := nearest(name, names); n != "" {
		hint = fmt.Sprintf("did you mean %s? %s", n, hint)
	}
	return sheetInfo{}, refusal(place, "sheet-missing", fmt.Sprintf("there is no sheet %q", name), hint)
}
