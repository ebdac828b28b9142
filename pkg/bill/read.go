// Package bill owns what vendors ask for and what it was for: it holds a vendor's export and its bill against the ledger, and sums up what was
// spent. It stands behind the ledger, and changes nothing in it.
package bill

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"notify/pkg/channel"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Line is a message as a vendor's export has it.
type Line struct {
	Row      int
	ID       string
	To       message.Address
	At       time.Time
	Segments int64          // 0: it does not say
	Price    *message.Money // of the whole message; nil: not known yet
}

// Item is a row of a bill.
type Item struct {
	Row      int
	Day      string // "2026-11-20"
	Channel  message.Channel
	Messages int64 // 0: it does not say
	Segments int64
	Unit     *message.Money
	Amount   *message.Money // nil: not known yet
}

// Told is what a vendor's file says.
type Told struct {
	Lines    []Line
	Items    []Item
	Currency string // of its amounts; empty where it names none
}

// Reading says how a file is read.
type Reading struct {
	Mapping  *Mapping
	Channels channel.Set
	Country  string
}

// maxFile is more than a zip of the largest bill takes.
const maxFile = 1 << 30

// headWithin is how many rows may stand above the headers.
const headWithin = 20

// Read reads a file: csv, xlsx, or a zip of such.
func (r *Reading) Read(path string) (*Told, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, words.Wrap(err, "bill.read", words.A{"file": path})
	}
	told := new(Told)
	if err := r.file(told, path, b); err != nil {
		return nil, words.Wrap(err, "bill.read", words.A{"file": path})
	}
	if len(told.Lines)+len(told.Items) == 0 {
		return nil, words.Err("bill.no-table", words.A{"file": path, "mapping": r.Mapping.Name})
	}
	return told, nil
}

func (r *Reading) file(told *Told, name string, b []byte) error {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".zip":
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return err
		}
		for _, f := range z.File {
			if f.FileInfo().IsDir() || strings.EqualFold(filepath.Ext(f.Name), ".zip") {
				continue
			}
			if err := r.packed(told, f); err != nil {
				return err
			}
		}
		return nil
	case ".xlsx":
		return r.workbook(told, b)
	}
	return r.text(told, b)
}

func (r *Reading) packed(told *Told, f *zip.File) (err error) {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	b, err := io.ReadAll(io.LimitReader(in, maxFile))
	if err != nil {
		return err
	}
	return r.file(told, f.Name, b)
}

func (r *Reading) workbook(told *Told, b []byte) (err error) {
	f, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet)
		if err != nil {
			return err
		}
		t := table{r: r, told: told}
		for i, row := range rows {
			if err := t.row(i+1, row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Reading) text(told *Told, b []byte) error {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if !utf8.Valid(b) {
		decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
		if err != nil {
			return err
		}
		b = decoded
	}
	c := csv.NewReader(bytes.NewReader(b))
	c.FieldsPerRecord, c.LazyQuotes = -1, true
	if first, _, _ := bytes.Cut(b, []byte("\n")); bytes.Count(first, []byte("\t")) > bytes.Count(first, []byte(",")) {
		c.Comma = '\t'
	}
	t := table{r: r, told: told}
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		at, _ := c.FieldPos(0)
		if err := t.row(at, row); err != nil {
			return err
		}
	}
}

// table is one that is being read.
type table struct {
	r          *Reading
	told       *Told
	line, bill map[string]int // its columns, once its headers were found
	before     int            // rows above them
}

func (t *table) row(at int, cells []string) error {
	if t.line == nil && t.bill == nil {
		if t.before++; t.before <= headWithin {
			t.line, t.bill = t.r.Mapping.level(cells)
		}
		return nil
	}
	if strings.TrimSpace(strings.Join(cells, "")) == "" {
		return nil
	}
	columns := t.line
	if columns == nil {
		columns = t.bill
	}
	get := func(field string) string {
		i, ok := columns[field]
		if !ok || i >= len(cells) {
			return ""
		}
		return strings.Trim(cells[i], " \t'=\"")
	}
	err := t.currency(get("currency"))
	switch {
	case err != nil:
	case t.line != nil:
		err = t.aLine(at, get)
	default:
		err = t.item(at, get)
	}
	if err != nil {
		return words.Wrap(err, "bill.row", words.A{"row": at})
	}
	return nil
}

// currency refuses a file with two: their amounts cannot be added up.
func (t *table) currency(s string) error {
	s = strings.ToUpper(s)
	switch s {
	case "":
		s = t.r.Mapping.Currency
	case "人民币", "RMB":
		s = "CNY"
	}
	if s == "" || s == t.told.Currency {
		return nil
	}
	if t.told.Currency != "" {
		return words.Err("bill.currencies", words.A{"one": t.told.Currency, "other": s})
	}
	t.told.Currency = s
	return nil
}

func (t *table) aLine(at int, get func(string) string) (err error) {
	l := Line{Row: at, ID: get("id"), At: t.r.Mapping.time(get("at"))}
	if to := get("to"); to != "" {
		if _, l.To, err = t.r.Channels.Parse(to, t.r.Country); err != nil {
			return err
		}
	}
	if l.ID == "" && l.To == "" {
		return nil // a sum at the end
	}
	if l.Segments, err = number(get("segments")); err != nil {
		return err
	}
	if l.Price, err = amount(get("price")); err != nil {
		return err
	}
	t.told.Lines = append(t.told.Lines, l)
	return nil
}

func (t *table) item(at int, get func(string) string) (err error) {
	ch, known := t.r.Mapping.channel(get("type"))
	day := t.r.Mapping.time(get("day"))
	if !known || day.IsZero() {
		return nil // another product, or a sum at the end
	}
	i := Item{Row: at, Day: day.Format(time.DateOnly), Channel: ch}
	if i.Messages, err = number(get("messages")); err != nil {
		return err
	}
	if i.Segments, err = number(get("segments")); err != nil {
		return err
	}
	if i.Unit, err = amount(get("price")); err != nil {
		return err
	}
	if i.Amount, err = amount(get("amount")); err != nil {
		return err
	}
	t.told.Items = append(t.told.Items, i)
	return nil
}
