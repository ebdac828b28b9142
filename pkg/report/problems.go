package report

import (
	"context"
	"errors"

	"notify/pkg/diag"
	"notify/pkg/outfile"
	"notify/pkg/words"
)

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
	if ending(path) == ".json" { // the program's own answer has them with --json
		return nil, ErrEnding
	}
	f, err := outfile.Create(ctx, path, inputs...)
	if err != nil {
		return nil, err
	}
	w, err := newTable(path, f.File, say, words.T("report.sheet.problems", nil), []float64{10, 24, 14, 8, 8, 16, 24, 60, 60, 20})
	if err != nil {
		return nil, errors.Join(err, f.Discard())
	}
	p := &Problems{say: say, f: f, w: w}
	p.err = w.Header(p.headers())
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
	number := func(n int) any {
		if n == 0 {
			return nil
		}
		return n
	}
	p.err = p.w.Row([]any{
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
