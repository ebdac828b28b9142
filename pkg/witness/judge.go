package witness

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Reader is what is asked of a ledger.
type Reader interface {
	Campaign(ctx context.Context, name string) (ledger.Campaign, error)
	Runs(ctx context.Context, campaign string) ([]ledger.Run, error)
	Messages(ctx context.Context, campaign string, states ...message.State) iter.Seq2[ledger.Record, error]
}

// Verdict is what the witness says of a campaign in a ledger.
type Verdict struct {
	// Lost is what the ledger does not know and what may have left; each message once. Messages is how many those are.
	Lost     []ledger.Lost
	Messages int
	// Unstaged is how many of them are on no list that the ledger has; empty-handed, it cannot make them unknown.
	Unstaged int
	// Files are the files that name them.
	Files []string
	// Other says that they were claimed from another ledger that lay in this one's place, or before the campaign was staged here.
	Other bool
	// Copy says that the ledger lies elsewhere than the one that they left from: it is a copy of it, such as a backup.
	Copy bool
	// Elsewhere says that the ledger was sent from, and that nothing here remembers it: it is a copy, or comes from another machine.
	Elsewhere bool
	// Host is who sent from it last, and At when, where Elsewhere is set.
	Host string
	At   time.Time

	owed    bool // all of them were settled before, as far as they were staged
	missing map[message.Key]bool
}

// Behind reports that the ledger has forgotten something that it must be told before anything leaves.
func (v *Verdict) Behind() bool { return v.Messages > v.Unstaged || v.Messages > 0 && !v.owed }

// known is what a ledger knows of a campaign.
type known struct {
	place    Place
	campaign ledger.Campaign
	runs     map[ledger.RunID]ledger.Run
}

// Judge holds the ledger's campaign against everything that this machine remembers of it. A campaign that the ledger does not know is held
// against what another ledger in its place had sent.
func Judge(ctx context.Context, l Reader, p Place) (Verdict, error) {
	var v Verdict
	k := known{place: p, runs: make(map[ledger.RunID]ledger.Run)}
	var err error
	if k.campaign, err = l.Campaign(ctx, p.Campaign); err != nil && !errors.Is(err, ledger.ErrNoCampaign) {
		return v, words.Wrap(err, "witness.ask", nil)
	}
	if err == nil {
		runs, err := l.Runs(ctx, p.Campaign)
		if err != nil {
			return v, words.Wrap(err, "witness.ask", nil)
		}
		for _, r := range runs {
			k.runs[r.ID] = r
			if !p.Shared && r.Turn > 0 && r.Beat.After(v.At) {
				v.Elsewhere, v.Host, v.At = true, r.Host, r.Beat
			}
		}
	}
	all, err := p.memories(k.has)
	if err != nil {
		return v, err
	}
	v.owed = true
	seen := make(map[message.Key]bool)
	for _, m := range all {
		if k.remembers(m) {
			v.Elsewhere = false
		}
		v.hear(m, &k, seen)
	}
	if v.Messages > 0 {
		err = v.place(ctx, l, p.Campaign, seen)
	}
	return v, err
}

// remembers reports that a file was written for this ledger on this machine: a copy has another file, or none.
func (k *known) remembers(m *memory) bool {
	return m.of(k.place, k.campaign) && (m.file != k.place.files()[0] || m.File == fileID(k.place.Ledger))
}

// has reports that the ledger knows what a line says.
func (k *known) has(m *memory, l *line) bool {
	r, ok := k.runs[l.Run]
	return m.of(k.place, k.campaign) && !l.Owed && ok && r.Turn >= l.Turn
}

// hear adds what one file knows and the ledger does not. What is named twice is heard once.
func (v *Verdict) hear(m *memory, k *known, seen map[message.Key]bool) {
	own := m.of(k.place, k.campaign)
	before := v.Messages
	for _, l := range m.lines[k.settled(m, own):] {
		for i := range l.Grant {
			keys := fresh(l.Grant[i].Keys, seen)
			if len(keys) == 0 {
				continue
			}
			v.Messages += len(keys)
			v.Lost = append(v.Lost, l.Grant[i].lost(keys))
			v.owed = v.owed && own && l.Owed
		}
	}
	if v.Messages > before {
		v.Copy = m.Path != k.place.Ledger && (v.Copy || len(v.Files) == 0)
		v.Files, v.Other = append(v.Files, m.file), v.Other || !own
	}
}

// settled is from which line on a file says what the ledger may not know.
func (k *known) settled(m *memory, own bool) (from int) {
	for i, l := range m.lines {
		if r, ok := k.runs[l.Settled]; own && ok && r.Why.ID == ledger.WhyForgotten().ID {
			from = i + 1
		}
	}
	return from
}

// fresh are the keys that were not seen before.
func fresh(keys []message.Key, seen map[message.Key]bool) []message.Key {
	var out []message.Key
	for _, key := range keys {
		if !seen[key] {
			seen[key] = true
			out = append(out, key)
		}
	}
	return out
}

// place looks which of the lost messages the ledger has. What it knows to have left, or has ended, is not lost after all.
func (v *Verdict) place(ctx context.Context, l Reader, campaign string, lost map[message.Key]bool) error {
	const (
		unstaged = iota
		staged
		told
	)
	stands := make(map[message.Key]int)
	for r, err := range l.Messages(ctx, campaign) {
		if errors.Is(err, ledger.ErrNoCampaign) {
			break // nothing of it is staged
		}
		if err != nil {
			return words.Wrap(err, "witness.ask", nil)
		}
		if lost[r.Key] {
			stands[r.Key] = staged
			if r.State == message.Accepted || r.State == message.Unknown || r.State == message.Attempting {
				stands[r.Key] = told
			}
		}
	}
	all := v.Lost
	v.Lost, v.Messages, v.missing = nil, 0, make(map[message.Key]bool)
	for _, of := range all {
		var keys []message.Key
		for _, key := range of.Keys {
			if stands[key] == told {
				continue
			}
			keys = append(keys, key)
			if stands[key] == unstaged {
				v.missing[key] = true
			}
		}
		if v.Messages += len(keys); len(keys) > 0 {
			of.Keys = keys
			v.Lost = append(v.Lost, of)
		}
	}
	v.Unstaged = len(v.missing)
	return nil
}

// memories are all files that are about the campaign, in this ledger or in one that lay in its place.
func (p Place) memories(known func(*memory, *line) bool) ([]*memory, error) {
	var all []*memory
	paths := p.files()
	if err := p.there(); err != nil {
		return nil, err
	}
	for _, dir := range p.folders() {
		more, err := filepath.Glob(filepath.Join(dir, "*."+ledger.FileName(p.Campaign)+suffix))
		if err != nil {
			return nil, words.Wrap(err, "witness.ask", nil)
		}
		for _, path := range more {
			if !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	for _, path := range paths {
		m, err := read(path, p.concerns, known)
		if err != nil {
			return nil, err
		}
		if m != nil {
			all = append(all, m)
		}
	}
	return all, nil
}

// Campaigns are those that this machine remembers sending from the ledger of a place, or from one that lay there before, sorted.
func Campaigns(p Place) ([]string, error) {
	var names []string
	wanted := func(m *memory) bool {
		p.Campaign = m.Campaign
		if p.concerns(m) {
			names = append(names, m.Campaign)
		}
		return false
	}
	if err := p.there(); err != nil {
		return nil, err
	}
	for _, dir := range p.folders() {
		paths, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
		if err != nil {
			return nil, words.Wrap(err, "witness.ask", nil)
		}
		for _, path := range paths {
			if _, err := read(path, wanted, nothing); err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// concerns reports that a file is about the campaign, in this ledger or in one that lay in its place.
func (p Place) concerns(m *memory) bool {
	return m.Campaign == p.Campaign && (m.ID == p.ID || strings.EqualFold(m.Path, p.Ledger))
}

// Settle remembers that the ledger knows all of the verdict again, by the run under which it became unknown there. What the ledger has not
// staged stays owed: when a list brings it, it is in doubt.
func Settle(p Place, c ledger.Campaign, run ledger.RunID, v Verdict) error {
	more := []line{{Settled: run}}
	if owed := v.left(); len(owed.Grant) > 0 {
		more = append(more, owed)
	}
	for i, path := range p.files() {
		if err := p.settle(path, c, more); err != nil && (i == 0 || p.far(path)) {
			return err
		}
	}
	return p.forgetOthers(c)
}

// left is what stays owed.
func (v *Verdict) left() line {
	owed := line{Owed: true}
	for _, l := range v.Lost {
		var keys []message.Key
		for _, key := range l.Keys {
			if v.missing[key] {
				keys = append(keys, key)
			}
		}
		if len(keys) > 0 {
			l.Keys = keys
			owed.Grant = append(owed.Grant, grantBack(l))
		}
	}
	return owed
}

// settle adds lines to a file.
func (p Place) settle(path string, c ledger.Campaign, more []line) error {
	m, err := read(path, anyone, nothing)
	var lines []line
	if err == nil && m != nil && m.of(p, c) {
		lines = m.lines
	}
	f, err := rewrite(path, p.head(c), append(lines, more...))
	if err != nil {
		return err
	}
	if p.far(path) {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// forgetOthers removes what is remembered of ledgers that lay in this one's place: what they knew has been taken over.
func (p Place) forgetOthers(c ledger.Campaign) error {
	all, err := p.memories(nothing)
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
