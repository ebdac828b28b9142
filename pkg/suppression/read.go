package suppression

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/list"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Options say how a file of addresses is read.
type Options struct {
	Sheet   string            // empty: the first
	Columns map[string]string // as in list.Options
	Country string            // as in list.Options
	// Set are the channels that there are.
	Set channel.Set
	// Channels are the addresses that are taken from a row; none means all that it has.
	Channels []message.Channel
	// Reason and Note are those of rows that have none of their own.
	Reason Reason
	Note   string
	Who    string
	At     time.Time
}

// Read is what a file came to. Rows = those with at least one entry + Unread.
type Read struct {
	Rows    int
	Entries int
	// Unread are rows of which nothing could be taken.
	Unread int
}

// File is a file of addresses that are never to be sent to: any list that package list reads. A column called reason (原因,
// 类型) and one called note (备注) are taken over.
type File struct {
	opts         Options
	reader       list.Reader
	reason, note int // their columns, or -1
}

// Open begins to read a file. What the operator can mend is a *diag.InputError. The File must be closed.
func Open(ctx context.Context, path string, o Options) (*File, error) {
	r, err := list.Open(ctx, path, list.Options{Sheet: o.Sheet, Columns: o.Columns, Country: o.Country, Channels: o.Set})
	if err != nil {
		return nil, err
	}
	if len(o.Channels) == 0 {
		o.Channels = o.Set.Names()
	}
	r.Use(nil) // whatever else the file holds serves nothing here
	f := &File{opts: o, reader: r, reason: columnOf(r.Header(), "reason", "原因", "类型"), note: columnOf(r.Header(), "note", "备注")}
	if f.reason < 0 && o.Reason == "" {
		problems := &diag.List{}
		problems.Add(diag.Err(diag.Place{File: path, Row: r.Header().Row}, "suppress.reasons-missing", nil).Do("suppress.do.reason-all", nil))
		return nil, errors.Join(problems.Err(), r.Close())
	}
	return f, nil
}

func columnOf(h list.Header, names ...string) int {
	return slices.IndexFunc(h.Columns, func(c string) bool { return slices.Contains(names, strings.ToLower(c)) })
}

// Close frees what reading took.
func (f *File) Close() error { return f.reader.Close() }

// Each calls take with every entry until it says no, and reports what could not be read into problems. A row that
// cannot be read holds up none of the others.
func (f *File) Each(problems *diag.List, take func(Entry) bool) (Read, error) {
	var sum Read
	var row list.Row
	for {
		before := problems.Errors()
		err := f.reader.Next(&row, problems)
		if errors.Is(err, io.EOF) {
			return sum, nil
		}
		if err != nil {
			return sum, err
		}
		sum.Rows++
		taken, more := f.row(&row, problems, take)
		sum.Entries += taken
		if taken == 0 {
			sum.Unread++
			if problems.Errors() == before {
				f.nothing(&row, problems)
			}
		}
		if !more {
			return sum, nil
		}
	}
}

func (f *File) row(row *list.Row, problems *diag.List, take func(Entry) bool) (taken int, more bool) {
	e := Entry{Reason: f.opts.Reason, Note: f.opts.Note, Who: f.opts.Who, At: f.opts.At}
	if own := f.value(row, f.reason); own != "" {
		var err error
		if e.Reason, err = ParseReason(own); err != nil {
			problems.Add(diag.Of(f.place(row), words.Cause(err)).Do("suppress.do.correct", nil))
			return 0, true
		}
	}
	if e.Reason == "" {
		problems.Add(diag.Err(f.place(row), "suppress.reason-missing", nil).Do("suppress.do.reason", nil))
		return 0, true
	}
	if own := f.value(row, f.note); own != "" {
		e.Note = own
	}
	for _, ch := range f.opts.Channels {
		if e.Address, e.Channel = row.Address(ch), ch; e.Address == "" {
			continue
		}
		taken++
		if !take(e) {
			return taken, false
		}
	}
	return taken, true
}

// nothing reports a row that has no address of the kinds that are taken.
func (f *File) nothing(row *list.Row, problems *diag.List) {
	want := words.List{Join: words.Or}
	for _, ch := range f.opts.Channels {
		want.Items = append(want.Items, f.opts.Set.Of(ch).Word)
	}
	problems.Add(diag.Err(f.place(row), "suppress.address-none", words.A{"channels": want}).Do("suppress.do.fill", nil))
}

func (f *File) place(row *list.Row) diag.Place {
	h := f.reader.Header()
	return diag.Place{File: h.File, Sheet: h.Sheet, Row: row.Number}
}

func (f *File) value(row *list.Row, column int) string {
	if column < 0 || column >= len(row.Values) {
		return ""
	}
	return strings.TrimSpace(row.Values[column])
}

// Addresses are those of a list's rows on some channels, with their row numbers: what is to be looked up. What stops the
// reading is put into failed; problems of rows are not told, as a row without an address asks for nothing.
func Addresses(r list.Reader, channels []message.Channel, failed *error) iter.Seq2[int, message.Address] {
	return func(yield func(int, message.Address) bool) {
		var row list.Row
		var problems diag.List
		for {
			if err := r.Next(&row, &problems); err != nil {
				if !errors.Is(err, io.EOF) {
					*failed = err
				}
				return
			}
			for _, ch := range channels {
				if a := row.Address(ch); a != "" && !yield(row.Number, a) {
					return
				}
			}
		}
	}
}
