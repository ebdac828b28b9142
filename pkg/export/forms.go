package export

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"time"

	"notify/pkg/ledger/sqlite"
	"notify/pkg/report"
)

// lines are objects of JSON, one a line.
type lines struct {
	b *bufio.Writer
	e *json.Encoder
}

func newLines(to *os.File) *lines {
	b := bufio.NewWriter(to)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	return &lines{b, e}
}

func (l *lines) message(_ context.Context, m *Message) error { return l.e.Encode(m) }
func (l *lines) close(bool) error                            { return l.b.Flush() }

// table is CSV: a line for each message, its newest attempt beside it, and all attempts and receipts as JSON.
type table struct {
	b *bufio.Writer
	w *csv.Writer
}

func newTable(to *os.File) (*table, error) {
	b := bufio.NewWriter(to)
	_, err := b.WriteString("\ufeff") // for Excel
	t := &table{b: b, w: csv.NewWriter(b)}
	return t, errors.Join(err, t.w.Write([]string{
		"campaign", "row", "recipient", "channel", "address", "key", "state", "segments", "tries", "account", "claimed", "settled", "code", "said", "vendor_id",
		"price", "currency", "attempts", "receipts", "values",
	}))
}

func (t *table) message(_ context.Context, m *Message) error {
	var a Attempt
	price := ""
	if n := len(m.Attempts); n > 0 {
		a = m.Attempts[n-1]
		price = a.Price.String()
	}
	cells := []string{
		m.Campaign, strconv.Itoa(m.Row), m.Recipient, string(m.Channel), m.Address, string(m.Key), string(m.State), strconv.Itoa(m.Segments), strconv.Itoa(len(m.Attempts)),
		a.Account, moment(a.Claimed), moment(a.Settled), a.Code, a.Said, a.VendorID, price, a.Currency,
	}
	for _, v := range []any{m.Attempts, m.Receipts, m.Values} {
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		cells = append(cells, string(b))
	}
	for i := range cells {
		cells[i] = report.Guarded(cells[i])
	}
	return t.w.Write(cells)
}

func (t *table) close(bool) error {
	t.w.Flush()
	return errors.Join(t.w.Error(), t.b.Flush())
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// tables are a file of SQLite.
type tables struct {
	p  *sqlite.Plain
	id int
}

// Schema is what stands in the file of tables.
func Schema() []string {
	return []string{
		`CREATE TABLE message (id INTEGER PRIMARY KEY, campaign TEXT NOT NULL, row INTEGER NOT NULL, recipient TEXT, channel TEXT NOT NULL, address TEXT NOT NULL,
			key TEXT, state TEXT NOT NULL, segments INTEGER NOT NULL, "values" TEXT)`,
		`CREATE TABLE attempt (message INTEGER NOT NULL REFERENCES message, number INTEGER NOT NULL, account TEXT NOT NULL, claimed TEXT, settled TEXT, outcome TEXT NOT NULL,
			reason TEXT, code TEXT, said TEXT, vendor_id TEXT, price_millionths INTEGER NOT NULL, currency TEXT, resolved TEXT, resolved_at TEXT, resolved_by TEXT,
			resolved_why TEXT, grade TEXT, PRIMARY KEY (message, number))`,
		`CREATE TABLE receipt (message INTEGER NOT NULL REFERENCES message, state TEXT NOT NULL, at TEXT NOT NULL, grade TEXT NOT NULL, code TEXT, said TEXT, segments INTEGER,
			PRIMARY KEY (message, state))`,
	}
}

func newTables(ctx context.Context, path string) (*tables, error) {
	p, err := sqlite.CreatePlain(ctx, path, Schema()...)
	return &tables{p: p}, err
}

// null is what there is nothing to say about.
func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (t *tables) message(ctx context.Context, m *Message) error {
	t.id++
	var values any
	if m.Values != nil {
		b, err := json.Marshal(m.Values)
		if err != nil {
			return err
		}
		values = string(b)
	}
	err := t.p.Insert(ctx, "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		t.id, m.Campaign, m.Row, null(m.Recipient), string(m.Channel), m.Address, null(string(m.Key)), string(m.State), m.Segments, values)
	if err != nil {
		return err
	}
	for i := range m.Attempts {
		if err := t.attempt(ctx, &m.Attempts[i]); err != nil {
			return err
		}
	}
	for _, r := range m.Receipts {
		if err := t.p.Insert(ctx, "INSERT INTO receipt VALUES (?, ?, ?, ?, ?, ?, ?)",
			t.id, string(r.State), moment(r.At), string(r.Grade), null(r.Code), null(r.Said), r.Segments); err != nil {
			return err
		}
	}
	return nil
}

func (t *tables) attempt(ctx context.Context, a *Attempt) error {
	resolved := make([]any, 5)
	if s := a.Resolved; s != nil {
		resolved = []any{s.Outcome, moment(s.At), null(s.Who), null(s.Why), string(s.Grade)}
	}
	return t.p.Insert(ctx, "INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", append([]any{
		t.id, a.Number, a.Account, null(moment(a.Claimed)), null(moment(a.Settled)), a.Outcome, null(a.Reason), null(a.Code), null(a.Said), null(a.VendorID),
		int64(a.Price), null(a.Currency),
	}, resolved...)...)
}

func (t *tables) close(keep bool) error { return t.p.Close(keep) }
