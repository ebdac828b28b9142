package preflight

import (
	"context"
	"fmt"
	"slices"

	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// beginning is the first rows of a list, in figures, as it grows row by row.
type beginning struct {
	rows     int // all of them, also those with nothing to send
	channels map[message.Channel]*growth
}

// growth is one channel of a beginning.
type growth struct {
	planned int // messages, with those that have left
	tally       // still to be sent
	domains map[string]int
}

// on is a channel's figures; zero where it has none yet.
func (b *beginning) on(ch message.Channel) *growth {
	g, ok := b.channels[ch]
	if !ok {
		g = &growth{domains: make(map[string]int)}
		b.channels[ch] = g
	}
	return g
}

// add takes a row, and reports whether it has something to send on one of the channels.
func (b *beginning) add(row *plan.Recipient, left func(message.Key) bool, channels []message.Channel) bool {
	b.rows++
	counts := false
	for _, m := range row.Messages {
		g := b.on(m.Channel)
		g.planned++
		if left(m.Key) {
			continue
		}
		g.messages, g.segments = g.messages+1, g.segments+m.Segments
		if domain := m.Address.Domain(); domain != "" {
			g.domains[domain]++
		}
		counts = counts || slices.Contains(channels, m.Channel)
	}
	return counts
}

// carried is what falls to one account of a channel where no more than the beginning is sent: exactly what a plan of that
// part would give it.
func (b *beginning) carried(n Need, shares []config.Share) tally {
	g := b.on(n.Channel)
	for _, p := range spread(shares, g.planned, g.tally) {
		if p.account == n.Name {
			return p.tally
		}
	}
	return tally{}
}

// fitting is the longest beginning of what remains of the list that fits, as rows with something to send on the channels;
// fits is asked after each such row.
func (s *Subject) fitting(ctx context.Context, channels []message.Channel, fits func(*beginning, *plan.Recipient) bool) (ListPart, error) {
	r, err := s.Remaining(ctx)
	if err != nil {
		return ListPart{}, err
	}
	var p ListPart
	b := beginning{channels: make(map[message.Channel]*growth)}
	err = s.eachRow(ctx, func(row *plan.Recipient) bool {
		if !b.add(row, r.hasLeft, channels) {
			return true
		}
		if !fits(&b, row) {
			return false
		}
		p = ListPart{Recipients: p.Recipients + 1, From: s.firstRow(), To: row.Row, Limit: b.rows}
		return true
	})
	return s.commanded(p), err
}

// firstRow is the spreadsheet's number of the first row that can be sent.
func (s *Subject) firstRow() int { return max(1, s.Plan.Part.From) }

// commanded writes down how a part is sent.
func (s *Subject) commanded(p ListPart) ListPart {
	if s.Plan.Part.From > 0 {
		p.Limit = 0
	}
	p.Command = s.sendCommand(fmt.Sprintf("--rows %d-%d", p.From, p.To))
	return p
}

// smaller offers the part that fits into something; where no row does, it says so.
func (s *Subject) smaller(w *ways, o Option, p ListPart, into words.Text) {
	if p.Recipients == 0 {
		w.say(words.T("part.nothing", words.A{"into": into}))
		return
	}
	o.Kind, o.Parts, o.Command = OptionPart, []ListPart{p}, p.Command
	o.Text = words.T("part.fits", words.A{"n": p.Recipients, "row": row(p.To), "into": into, "command": p.Command})
	if !s.Plan.Part.All() {
		o.Text.ID = "part.of-part"
	}
	w.or(o)
}

// pieces cut the rows of the plan into so many parts of nearly the same number of recipients.
func (s *Subject) pieces(ctx context.Context, n int) ([]ListPart, error) {
	size := (s.Plan.Recipients + n - 1) / n
	var all []ListPart
	err := s.eachRow(ctx, func(row *plan.Recipient) bool {
		if len(all) == 0 || all[len(all)-1].Recipients == size {
			all = append(all, ListPart{From: row.Row})
		}
		p := &all[len(all)-1]
		p.Recipients, p.To = p.Recipients+1, row.Row
		return true
	})
	for i := range all {
		if i == 0 {
			all[i].From, all[i].Limit = s.firstRow(), all[i].Recipients
		}
		all[i] = s.commanded(all[i])
	}
	return all, err
}

// inPieces is the option of a list that is too large for what the installation is known to bear. It is not offered where the
// rows cannot be read.
func (s *Subject) inPieces(ctx context.Context, w *ways, most int) {
	n := (s.Plan.Recipients + most - 1) / most
	parts, err := s.pieces(ctx, n)
	if err != nil || len(parts) == 0 {
		return
	}
	o := Option{Kind: OptionPart, Enough: true, Parts: parts, Command: parts[0].Command}
	const shown = 3
	var flags []string
	for _, p := range parts[1:] {
		flags = append(flags, fmt.Sprintf("--rows %d-%d", p.From, p.To))
	}
	o.Text = words.T("part.split", words.A{
		"parts": n, "recipients": words.N(parts[0].Recipients, "recipient"), "command": parts[0].Command, "rest": words.Names(flags, shown),
	})
	w.or(o)
}

// channelsOf are the channels of some needs.
func channelsOf(needs []Need) []message.Channel {
	var all []message.Channel
	for _, n := range needs {
		all = append(all, n.Channel)
	}
	return all
}
