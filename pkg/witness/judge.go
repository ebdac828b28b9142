package witness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// Reader is what is asked of a ledger.
type Reader interface {
	Campaign(ctx context.Context, name string) (ledger.Campaign, error)
	Runs(ctx context.Context, campaign string) ([]ledger.Run, error)
}

// Verdict is what the witness says of a campaign in a ledger.
type Verdict struct {
	// Lost is what the ledger does not know and what may have left; empty where it knows everything. Messages is how many those were when
	// they were claimed.
	Lost     []ledger.Lost
	Messages int
	// Files are the files that name them.
	Files []string
	// Other says that they were claimed from another ledger that lay in this one's place, or before the campaign was staged
	// here: its positions are taken over only where the same plan was staged once.
	Other bool
	// Elsewhere says that the ledger was sent from, and that nothing here remembers it: it is a copy, or comes from another machine.
	Elsewhere bool
	// Host is who sent from it last, where Elsewhere is set.
	Host string
	At   time.Time

	campaign ledger.Campaign
}

// Behind reports that the ledger has forgotten something.
func (v *Verdict) Behind() bool { return len(v.Lost) > 0 }

// Judge holds the ledger's campaign against everything that this machine remembers of it. A campaign that the ledger does not know is held
// against what another ledger in its place had sent.
func Judge(ctx context.Context, l Reader, p Place) (Verdict, error) {
	var v Verdict
	var err error
	if v.campaign, err = l.Campaign(ctx, p.Campaign); err != nil && !errors.Is(err, ledger.ErrNoCampaign) {
		return v, fmt.Errorf("ask the witness: %w", err)
	}
	var runs []ledger.Run
	if err == nil {
		if runs, err = l.Runs(ctx, p.Campaign); err != nil {
			return v, fmt.Errorf("ask the witness: %w", err)
		}
	}
	all, err := p.memories()
	if err != nil {
		return v, err
	}
	known := make(map[ledger.RunID]ledger.Run, len(runs))
	for _, r := range runs {
		known[r.ID] = r
	}
	here := false
	seen := make(map[string]bool)
	for _, m := range all {
		if m.of(p, v.campaign) {
			here = here || m.file != p.files()[0] || m.File == fileID(p.Ledger)
		}
		v.hear(m, p, known, seen)
	}
	for _, r := range runs {
		if r.Turn > 0 && !here {
			v.Elsewhere, v.Host, v.At = true, r.Host, r.Beat
			break
		}
	}
	return v, nil
}

// hear adds what one file knows and the ledger does not. What two files say is heard once.
func (v *Verdict) hear(m *memory, p Place, known map[ledger.RunID]ledger.Run, seen map[string]bool) {
	own := m.of(p, v.campaign)
	from := 0
	for i, l := range m.lines {
		if r, ok := known[l.Settled]; own && ok && l.Settled != 0 && r.Why == ledger.ActForgotten {
			from = i + 1
		}
	}
	placed := m.Digest == v.campaign.Digest && !m.restaged && v.campaign.Created.Equal(v.campaign.Staged)
	shift := v.campaign.First - m.First
	if own {
		placed, shift = true, 0
	}
	before := len(v.Lost)
	for _, l := range m.lines[from:] {
		r, ok := known[l.Run]
		if l.Run == 0 || own && ok && r.Turn >= l.Turn {
			continue
		}
		key := fmt.Sprint(m.ID, m.Created.UnixNano(), l.Run, l.Turn)
		if seen[key] {
			continue
		}
		seen[key] = true
		for i := range l.Lost {
			v.Messages += l.Lost[i].Messages
			v.Lost = append(v.Lost, l.Lost[i].lost(shift))
		}
	}
	if len(v.Lost) == before {
		return
	}
	v.Files, v.Other = append(v.Files, m.file), v.Other || !own
	if !placed {
		v.Lost = everything(v.Lost)
	}
}

// everything is all of the channels, where the positions say nothing here.
func everything(lost []ledger.Lost) []ledger.Lost {
	var all []ledger.Lost
	done := make(map[message.Channel]bool)
	for i := len(lost) - 1; i >= 0; i-- {
		if l := lost[i]; !done[l.Channel] {
			done[l.Channel] = true
			l.Everything, l.First, l.Last, l.Again = true, 0, 0, nil
			all = append(all, l)
		}
	}
	return all
}

// memories are all files that are about the campaign, in this ledger or in one that lay in its place.
func (p Place) memories() ([]*memory, error) {
	var all []*memory
	paths := p.files()
	if p.State != "" {
		more, err := filepath.Glob(filepath.Join(p.State, "witness", "*."+p.name()+suffix))
		if err != nil {
			return nil, fmt.Errorf("ask the witness: %w", err)
		}
		for _, path := range more {
			if path != paths[1] {
				paths = append(paths, path)
			}
		}
	}
	for _, path := range paths {
		m, err := read(path)
		if err != nil {
			return nil, err
		}
		if m != nil && m.Campaign == p.Campaign && (m.ID == p.ID || strings.EqualFold(m.Path, p.Ledger)) {
			all = append(all, m)
		}
	}
	return all, nil
}

// Settle remembers that the ledger knows all of it again, by the run under which it became unknown there.
func Settle(p Place, c ledger.Campaign, run ledger.RunID) error {
	for i, path := range p.files() {
		m, err := read(path)
		var lines []line
		if err == nil && m != nil && m.of(p, c) {
			lines = m.lines
		}
		f, err := rewrite(path, p.head(c), append(lines, line{Settled: run}))
		if err == nil {
			err = f.Close()
		}
		if err != nil && i == 0 {
			return err
		}
	}
	return p.forgetOthers(c)
}

// Here remembers that a person said that this ledger is the one to send from on this machine.
func Here(p Place, c ledger.Campaign) error {
	w, err := Begin(p, c)
	if err != nil {
		return err
	}
	return w.Close()
}

// forgetOthers removes what is remembered of ledgers that lay in this one's place.
func (p Place) forgetOthers(c ledger.Campaign) error {
	all, err := p.memories()
	if err != nil {
		return err
	}
	var errs []error
	for _, m := range all {
		if !m.of(p, c) {
			errs = append(errs, os.Remove(m.file))
		}
	}
	return errors.Join(errs...)
}
