package report

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"notify/pkg/channel"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/outfile"
	"notify/pkg/words"
)

// Suppressed is the suppression list, or a part of it, in figures. The sums over ByReason and ByChannel are Entries.
type Suppressed struct {
	Entries   int                     `json:"entries"`
	ByReason  map[string]int          `json:"by_reason"`
	ByChannel map[message.Channel]int `json:"by_channel"`
	// TakenOff is how many lines took an address off.
	TakenOff int `json:"taken_off,omitempty"`
	// Newest are the last lines.
	Newest []ledger.Found `json:"-"`
}

// Holds reports whether the newest of the lines that were kept leaves the address on the list.
func (s *Suppressed) Holds(a message.Address) bool {
	for _, l := range slices.Backward(s.Newest) {
		if strings.EqualFold(string(l.Address), string(a)) {
			return l.Reason != ""
		}
	}
	return false
}

// CountSuppressed reads lines of the suppression list, and keeps the last ones; 0 keeps all.
func CountSuppressed(lines iter.Seq2[ledger.Found, error], newest int) (*Suppressed, error) {
	s := &Suppressed{ByReason: make(map[string]int), ByChannel: make(map[message.Channel]int)}
	for l, err := range lines {
		if err != nil {
			return nil, err
		}
		if l.Reason == "" {
			s.TakenOff++
		} else {
			s.Entries++
			s.ByReason[l.Reason]++
			s.ByChannel[l.Channel]++
		}
		s.Newest = append(s.Newest, l)
		if newest > 0 && len(s.Newest) >= 2*newest {
			s.Newest = append(s.Newest[:0], s.Newest[len(s.Newest)-newest:]...)
		}
	}
	if newest > 0 && len(s.Newest) > newest {
		s.Newest = s.Newest[len(s.Newest)-newest:]
	}
	return s, nil
}

// WriteSuppressed writes lines of the suppression list to a file, .csv or .xlsx by its ending, which can be imported again
// where no line took an address off. The file holds addresses: only its owner can read it.
func WriteSuppressed(ctx context.Context, path string, lines iter.Seq2[ledger.Found, error], zone *time.Location, channels channel.Set, inputs ...outfile.Input) (n int, err error) {
	if ending := strings.ToLower(filepath.Ext(path)); ending != ".csv" && ending != ".xlsx" {
		return 0, fmt.Errorf("%w: %q; end it in .csv or .xlsx", ErrEnding, filepath.Ext(path))
	}
	err = outfile.Write(ctx, path, func(f *os.File) error {
		w, err := newTable(path, f, words.Printer{Zone: zone}, words.T("report.sheet.suppressed", nil), suppressedWidths(channels))
		if err != nil {
			return err
		}
		n, err = writeSuppressed(w, lines, channels)
		return errors.Join(err, w.Close())
	}, inputs...)
	if err != nil {
		return 0, err
	}
	return n, nil
}

func writeSuppressed(w rowWriter, lines iter.Seq2[ledger.Found, error], channels channel.Set) (n int, err error) {
	columns := channels.Columns()
	if err := w.Header(append(slices.Clone(columns), "reason", "note", "who", "since", "row")); err != nil {
		return 0, err
	}
	for l, err := range lines {
		if err != nil {
			return n, err
		}
		cells := make([]any, len(columns))
		for i, column := range columns {
			if channels.Of(l.Channel).Column == column {
				cells[i] = string(l.Address)
			}
		}
		var row any
		if l.Row > 0 {
			row = l.Row
		}
		reason := l.Reason
		if reason == "" {
			reason = "taken off"
		}
		if err := w.Row(append(cells, reason, l.Note, l.Who, l.At, row)); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func suppressedWidths(channels channel.Set) []float64 {
	var widths []float64
	for range channels.Columns() {
		widths = append(widths, 26)
	}
	return append(widths, 14, 40, 24, 20, 8)
}
