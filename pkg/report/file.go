package report

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/outfile"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// ErrEnding is a file whose ending names no form that can be written.
var ErrEnding = errors.New("unknown kind of file")

// Options say what goes into a file.
type Options struct {
	Terms
	// States keeps only messages in these states; none means all.
	States []message.State
	// Zone and Lang are those of times and sentences.
	Zone *time.Location
	Lang words.Language
	// Inputs are the files that must not be written over.
	Inputs []outfile.Input
	// Complete adds to a report what its caller knows of it; nil for nothing.
	Complete func(*Report) error
	// Against is a campaign with which a workbook compares; empty for none.
	Against string

	decimals int // of every cost in the file
}

// WriteFile writes the messages of a campaign, one to a line, in the order of the list: .csv, .json or .xlsx by the file's
// ending; a workbook has the whole report beside them. The columns of the list come first under their own headers, so that the file can be
// used as a list again. The file holds addresses: only its owner can read it. A file that is there already is replaced as a whole, or not at
// all.
func WriteFile(ctx context.Context, s Source, name, path string, o Options) (rows int, err error) {
	c, err := s.Campaign(ctx, name)
	if err != nil {
		return 0, err
	}
	spec, err := plan.DecodeSpec(c.Spec)
	if err != nil {
		return 0, err
	}
	if err := checkEnding(path); err != nil {
		return 0, err
	}
	o.decimals = o.Prices.decimals()
	err = outfile.Write(ctx, path, func(f *os.File) error {
		if ending(path) == ".xlsx" {
			rows, err = writeBook(ctx, s, name, f, o)
			return err
		}
		w, err := newRowWriter(path, f, o.printer())
		if err != nil {
			return err
		}
		rows, err = writeRows(w, all(ctx, s, name, o.States...), spec.Columns, &o)
		return errors.Join(err, w.Close())
	}, append(made(&spec), o.Inputs...)...)
	if err != nil {
		return 0, err
	}
	return rows, nil
}

// made are the files that a campaign was made of.
func made(spec *plan.Spec) []outfile.Input {
	var all []outfile.Input
	for _, path := range spec.Files {
		all = append(all, outfile.Input{What: words.T("outfile.what.made-of", words.A{"campaign": spec.Name}), Path: path})
	}
	return all
}

func writeRows(w rowWriter, messages iter.Seq2[*seen, error], columns []string, o *Options) (rows int, err error) {
	if err := w.Header(append(slices.Clone(columns), outcomeColumns()...)); err != nil {
		return 0, err
	}
	for m, err := range messages {
		if err != nil {
			return rows, err
		}
		cells, err := o.line(m, len(columns))
		if err != nil {
			return rows, err
		}
		if err := w.Row(cells); err != nil {
			return rows, err
		}
		rows++
	}
	return rows, nil
}

// outcomeColumn is a column behind those of the list, with its width in a workbook.
type outcomeColumn struct {
	name  string
	width float64
}

func outcomes() []outcomeColumn {
	return []outcomeColumn{
		{"notify_row", 8},
		{"notify_channel", 9},
		{"notify_address", 22},
		{"notify_state", 11},
		{"notify_attempts", 9},
		{"notify_account", 14},
		{"notify_claimed", 20},
		{"notify_settled", 20},
		{"notify_code", 18},
		{"notify_detail", 40},
		{"notify_vendor_id", 24},
		{"notify_key", 28},
		{"notify_segments", 10},
		{"notify_cost", 12},
		{"notify_currency", 9},
		{"notify_shared_rows", 12},
		{"notify_receipt", 13},
		{"notify_receipt_at", 20},
		{"notify_receipt_code", 16},
		{"notify_proof", 12},
		{"notify_further", 20},
	}
}

// lastPrinted is the column up to which the recipients are printed: all of them on one page's width could not be read.
const lastPrinted = "notify_detail"

// outcomeColumns are their names.
func outcomeColumns() []string {
	all := outcomes()
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].name
	}
	return names
}

// line is a message as a row: text, figures, a cost, times; nil where there is nothing to say.
func (o *Options) line(m *seen, columns int) ([]any, error) {
	rec := &m.Record
	values, err := fields(rec)
	if err != nil {
		return nil, err
	}
	out := make([]any, columns, columns+len(outcomeColumns()))
	for i := range min(columns, len(values)) {
		if out[i] = values[i]; o.Mask {
			out[i] = o.masked(values[i])
		}
	}
	to, key := string(rec.Address), string(rec.Key)
	if o.Mask {
		to, key = o.Channels.Masked(rec.Channel, rec.Address), ""
	}
	var rows []string
	for _, r := range rec.Rows {
		rows = append(rows, strconv.Itoa(r))
	}
	cost, currency := o.cost(rec)
	out = append(out, rec.Row, string(rec.Channel), to, string(rec.State), rec.Attempts, rec.Account,
		rec.Claimed, rec.Settled, rec.Code, o.printer().Say(words.Said(rec.Code, rec.Detail)), rec.VendorID, key,
		rec.Segments, cost, currency, strings.Join(rows, " "))
	if end := ledger.Ended(m.facts); end != nil {
		return append(out, string(end.State), end.At, end.Code, string(m.proof()), m.further()), nil
	}
	return append(out, "", time.Time{}, "", string(m.proof()), m.further()), nil
}

// cost is what a message cost: nil where nothing was to be paid for it, words.Unknown where that is not known.
func (o *Options) cost(rec *ledger.Record) (cost any, currency string) {
	if rec.Attempts == 0 || rec.State != message.Accepted && rec.State != message.Unknown && rec.State != message.Attempting {
		return nil, ""
	}
	known := o.Prices.cost(rec.Account, int64(rec.Segments), rec.Price.Times(rec.Segments))
	if known == nil {
		return words.Unknown, ""
	}
	return amount{*known, o.decimals}, o.Prices[rec.Account].Currency
}

// amount is money with as many decimals as the others of its column.
type amount struct {
	message.Money
	decimals int
}

// String is the amount with all its decimals.
func (a amount) String() string { return fixed(a.Money, a.decimals) }

func (o *Options) printer() words.Printer { return words.Printer{Lang: o.Lang, Zone: o.Zone} }

func instant(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	if zone != nil {
		t = t.In(zone)
	}
	return t.Format("2006-01-02 15:04:05.000 -07:00")
}

// rowWriter writes a table. A cell is a string, an int, an amount, a time, or nil.
type rowWriter interface {
	Header(names []string) error
	Row(cells []any) error
	Close() error
}

func ending(path string) string { return strings.ToLower(filepath.Ext(path)) }

// checkEnding reports a name that says no form.
func checkEnding(path string) error {
	switch ending(path) {
	case ".csv", ".json", ".xlsx":
		return nil
	}
	return fmt.Errorf("%w: %q; end it in .csv, .json or .xlsx", ErrEnding, filepath.Ext(path))
}

func newRowWriter(path string, f *os.File, say words.Printer) (rowWriter, error) {
	if ending(path) == ".json" {
		return &jsonRows{w: bufio.NewWriter(f), zone: say.Zone}, nil
	}
	// Excel takes a CSV for UTF-8 only when it begins with a byte order mark.
	b := bufio.NewWriter(f)
	_, err := b.WriteString("\ufeff")
	return &csvRows{b: b, w: csv.NewWriter(b), zone: say.Zone}, err
}

type csvRows struct {
	b    *bufio.Writer
	w    *csv.Writer
	zone *time.Location
	buf  []string
}

// Header writes the names of the columns.
func (c *csvRows) Header(names []string) error {
	cells := make([]any, len(names))
	for i, n := range names {
		cells[i] = n
	}
	return c.Row(cells)
}

// runs are the signs with which a spreadsheet lets a formula begin, those of full width among them: some programs take them for the same.
const runs = "=+-@\t\r\n＝＋－＠"

// Guarded is a cell that no spreadsheet runs.
func Guarded(cell string) string {
	if strings.IndexAny(strings.TrimLeft(cell, "'"), runs) == 0 {
		return "'" + cell
	}
	return cell
}

// Row writes a line. A cell that a spreadsheet would run as a formula begins with an apostrophe, as a person would type
// it; the list reader takes that off again, which is why one that begins with apostrophes before such a sign gets one more.
func (c *csvRows) Row(cells []any) error {
	c.buf = c.buf[:0]
	for _, v := range cells {
		text := ""
		switch v := v.(type) {
		case nil:
		case time.Time:
			text = instant(v, c.zone)
		case string:
			text = Guarded(v)
		default:
			text = fmt.Sprint(v)
		}
		c.buf = append(c.buf, text)
	}
	return c.w.Write(c.buf)
}

func (c *csvRows) Close() error {
	c.w.Flush()
	return errors.Join(c.w.Error(), c.b.Flush())
}

type jsonRows struct {
	w       *bufio.Writer
	zone    *time.Location
	columns []string
	n       int
}

// Header begins the list.
func (j *jsonRows) Header(names []string) error {
	j.columns = slices.Clone(names)
	_, err := io.WriteString(j.w, `{"schema":"notify.messages/1","messages":[`)
	return err
}

// Row writes an object: figures are numbers, a cost that is not known is null, and what there is nothing to say about is left out.
func (j *jsonRows) Row(cells []any) error {
	o := make(map[string]any, len(cells))
	for i, c := range cells {
		switch v := c.(type) {
		case nil:
			continue
		case string:
			switch v {
			case "":
				continue
			case words.Unknown:
				c = nil
			}
		case amount:
			c = v.Money
		case time.Time:
			if v.IsZero() {
				continue
			}
			c = instant(v, j.zone)
		}
		o[j.columns[i]] = c
	}
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if j.n > 0 {
		b = append([]byte(",\n"), b...)
	} else {
		b = append([]byte("\n"), b...)
	}
	j.n++
	_, err = j.w.Write(b)
	return err
}

func (j *jsonRows) Close() error {
	_, err := j.w.WriteString("\n]}\n")
	return errors.Join(err, j.w.Flush())
}
