package report

import (
	"context"
	"errors"
	"os"

	"notify/pkg/message"
	"notify/pkg/outfile"
	"notify/pkg/words"
)

// CheckTables refuses a file whose ending names no form that WriteTables knows. No file is none to refuse.
func CheckTables(path string) error {
	if e := ending(path); path == "" || e == ".xlsx" || e == ".csv" {
		return nil
	}
	return words.Err("report.error.tables", words.A{"file": path}).Do("report.do.tables", nil)
}

// WriteTables writes tables into a file: into an .xlsx each on a sheet of its own, under its title, into a .csv the last of them. See CheckTables.
func WriteTables(ctx context.Context, path string, say words.Printer, tables []Table, inputs ...outfile.Input) error {
	return outfile.Write(ctx, path, func(f *os.File) error {
		if ending(path) == ".xlsx" {
			return bookOf(f, say, tables)
		}
		w, err := newRowWriter(path, f, say)
		if err != nil {
			return err
		}
		return errors.Join(tables[len(tables)-1].writeTo(w, say), w.Close())
	}, inputs...)
}

func bookOf(f *os.File, say words.Printer, tables []Table) error {
	titles, decimals := make([]words.Text, len(tables)), 2
	for i, t := range tables {
		titles[i] = t.Title
		for _, r := range t.Rows {
			for _, c := range r {
				if m, ok := c.(*message.Money); ok && m != nil {
					decimals = max(decimals, Decimals(*m))
				}
			}
		}
	}
	b, err := newBook(f, say, decimals, titles...)
	if err != nil {
		return err
	}
	x := &xlsx{book: b}
	for i, t := range tables {
		if err := x.tables(i, t); err != nil {
			return err
		}
	}
	return b.Close()
}

// writeTo writes the table row by row, its sentences and unknown amounts in words.
func (t *Table) writeTo(w rowWriter, say words.Printer) error {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = say.Say(c.Name)
	}
	if err := w.Header(names); err != nil {
		return err
	}
	for _, r := range t.Rows {
		cells := make([]any, len(r))
		for i, c := range r {
			switch c := c.(type) {
			case words.Text:
				cells[i] = say.Say(c)
			case *message.Money:
				if cells[i] = words.Unknown; c != nil {
					cells[i] = c.String()
				}
			default:
				cells[i] = c
			}
		}
		if err := w.Row(cells); err != nil {
			return err
		}
	}
	return nil
}
