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

	"notify/pkg/diag"
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
	// States keeps only messages in these states; none means all.
	States []message.State
	// Zone and Lang are those of times and sentences.
	Zone   *time.Location
	Lang   words.Language
	Prices Prices
	// Inputs are the files that must not be written over.
	Inputs []outfile.Input

	decimals int // of every cost in the file
}

// WriteFile writes the messages of a campaign, one to a line, in the order of the list: .csv, .json or .xlsx by the file's
// ending. The columns of the list come first under their own headers, so that the file can be used as a list again. The
// file holds addresses: only its owner can read it. A file that is there already is replaced as a whole, or not at all.
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
		w, err := newRowWriter(path, f)
		if err != nil {
			return err
		}
		rows, err = writeRows(w, s.Messages(ctx, name, o.States...), spec.Columns, o)
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

func writeRows(w rowWriter, messages iter.Seq2[ledger.Record, error], columns []string, o Options) (rows int, err error) {
	if err := w.Row(append(slices.Clone(columns), outcomeColumns()...)); err != nil {
		return 0, err
	}
	for rec, err := range messages {
		if err != nil {
			return rows, err
		}
		cells, err := line(&rec, len(columns), o)
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

// outcomeColumns are the columns behind those of the list.
func outcomeColumns() []string {
	return []string{
		"notify_row", "notify_channel", "notify_address", "notify_state", "notify_attempts", "notify_account",
		"notify_claimed", "notify_settled", "notify_code", "notify_detail", "notify_vendor_id", "notify_key",
		"notify_segments", "notify_cost", "notify_currency", "notify_shared_rows",
	}
}

func line(rec *ledger.Record, columns int, o Options) ([]string, error) {
	values, err := fields(rec)
	if err != nil {
		return nil, err
	}
	for len(values) < columns {
		values = append(values, "")
	}
	cost, currency := "", ""
	if rec.Attempts > 0 && (rec.State == message.Accepted || rec.State == message.Unknown) {
		if known := o.Prices.cost(rec.Account, int64(rec.Segments), rec.Price.Times(rec.Segments)); known != nil {
			cost, currency = fixed(*known, o.decimals), o.Prices[rec.Account].Currency
		}
	}
	var rows []string
	for _, r := range rec.Rows {
		rows = append(rows, strconv.Itoa(r))
	}
	return append(values[:columns:columns],
		strconv.Itoa(rec.Row), string(rec.Channel), string(rec.Address), string(rec.State), strconv.Itoa(rec.Attempts), rec.Account,
		instant(rec.Claimed, o.Zone), instant(rec.Settled, o.Zone), rec.Code, o.printer().Say(words.Said(rec.Code, rec.Detail)), rec.VendorID, string(rec.Key),
		strconv.Itoa(rec.Segments), cost, currency, strings.Join(rows, " ")), nil
}

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

// Problems is a file of problems in the making.
type Problems struct {
	say words.Printer
	f   *outfile.File
	w   rowWriter
	err error
	n   int
}

// NewProblems begins a file of every problem of a list, in the language of the screen: .csv or .xlsx by its ending. It is in its
// place after Close.
func NewProblems(ctx context.Context, path string, say words.Printer, inputs ...outfile.Input) (*Problems, error) {
	if err := checkEnding(path); err != nil {
		return nil, err
	}
	if strings.EqualFold(filepath.Ext(path), ".json") { // the program's own answer has them with --json
		return nil, ErrEnding
	}
	f, err := outfile.Create(ctx, path, inputs...)
	if err != nil {
		return nil, err
	}
	w, err := newRowWriter(path, f.File)
	if err != nil {
		return nil, errors.Join(err, f.Discard())
	}
	p := &Problems{say: say, f: f, w: w}
	p.err = w.Row(p.headers())
	return p, nil
}

func (p *Problems) headers() []string {
	columns := []words.Text{
		words.T("problem.file.severity", nil), words.T("problem.file.file", nil), words.T("problem.file.sheet", nil), words.T("problem.file.row", nil),
		words.T("problem.file.line", nil), words.T("problem.file.column", nil), words.T("problem.file.value", nil), words.T("problem.file.problem", nil),
		words.T("problem.file.hint", nil), words.T("problem.file.code", nil),
	}
	said := make([]string, len(columns))
	for i, c := range columns {
		said[i] = p.say.Say(c)
	}
	return said
}

// Add writes one problem. What goes wrong is said by Close.
func (p *Problems) Add(d diag.Problem) {
	if p.err != nil {
		return
	}
	p.n++
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	p.err = p.w.Row([]string{
		p.say.Say(words.Of("problem", d.Severity)), d.Place.File, d.Place.Sheet, number(d.Place.Row), number(d.Place.Line), d.Place.Column, d.Value,
		p.say.Say(d.Summary), p.say.Say(d.Hint), d.Code,
	})
}

// Close finishes the file, and says how many problems it holds.
func (p *Problems) Close(ctx context.Context) (int, error) {
	if err := errors.Join(p.err, p.w.Close()); err != nil {
		return p.n, errors.Join(words.Wrap(err, "file.problems", nil), p.f.Discard())
	}
	return p.n, p.f.Commit(ctx)
}

// Discard gives the file up; after Close it does nothing.
func (p *Problems) Discard() error { return p.f.Discard() }

// rowWriter writes a table.
type rowWriter interface {
	Row(cells []string) error
	Close() error
}

// checkEnding reports a name that says no form.
func checkEnding(path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv", ".json", ".xlsx":
		return nil
	}
	return fmt.Errorf("%w: %q; end it in .csv, .json or .xlsx", ErrEnding, filepath.Ext(path))
}

func newRowWriter(path string, f *os.File) (rowWriter, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		// Excel takes a CSV for UTF-8 only when it begins with a byte order mark.
		b := bufio.NewWriter(f)
		_, err := b.WriteString("\ufeff")
		return &csvRows{b: b, w: csv.NewWriter(b)}, err
	case ".json":
		return &jsonRows{w: bufio.NewWriter(f)}, nil
	case ".xlsx":
		return newSheetRows(f)
	}
	return nil, checkEnding(path)
}

type csvRows struct {
	b   *bufio.Writer
	w   *csv.Writer
	buf []string
}

// Row writes a line. A cell that a spreadsheet would run as a formula begins with an apostrophe, as a person would type
// it; the list reader takes that off again, which is why one that begins with apostrophes before such a sign gets one more.
func (c *csvRows) Row(cells []string) error {
	c.buf = c.buf[:0]
	for _, v := range cells {
		if bare := strings.TrimLeft(v, "'"); bare != "" && strings.ContainsRune("=+-@\t\r", rune(bare[0])) {
			v = "'" + v
		}
		c.buf = append(c.buf, v)
	}
	return c.w.Write(c.buf)
}

func (c *csvRows) Close() error {
	c.w.Flush()
	return errors.Join(c.w.Error(), c.b.Flush())
}

type jsonRows struct {
	w       *bufio.Writer
	columns []string
	n       int
}

// Row writes an object for every row after the first, which holds the names.
func (j *jsonRows) Row(cells []string) error {
	if j.columns == nil {
		j.columns = slices.Clone(cells)
		_, err := io.WriteString(j.w, `{"schema":"notify.messages/1","messages":[`)
		return err
	}
	o := make(map[string]string, len(cells))
	for i, c := range cells {
		if c != "" {
			o[j.columns[i]] = c
		}
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
