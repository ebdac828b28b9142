// Package witness owns the second memory of how far a ledger had come: a small file beside the ledger, and another one in the user's
// state folder, that name every grant before a byte of it leaves. The ledger stays the truth; but where its files were deleted, cut, put
// back from a copy or replaced, it has forgotten what left, and nothing in it says so. Then the witness does: who sends is refused, and
// what may have left becomes unknown (ledger.Operators.Doubt).
//
// A witness is written without a sync: it has to survive a kill, as the page cache does. Power that fails takes the newest lines of
// both with it at most, and those of the ledger were on disk before.
package witness

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Place says whose memory is asked.
type Place struct {
	Ledger   string // the ledger's file, absolute; or the server and the database
	ID       string // the ledger's identity
	Campaign string
	// State is the user's state folder (StateDir); empty where there is none: then the witness beside the ledger stands alone.
	State string
	// Folders are further places, away from this machine's disk: where the machine is put back as it was, they are not. Each must be there,
	// and is flushed with every turn.
	Folders []string
	// Shared says that the ledger is on a server: there is no file to lie beside, and other machines send from it as well.
	Shared bool
}

// head is the first line of a file.
type head struct {
	Version  int       `json:"witness"`
	ID       string    `json:"ledger"`
	Path     string    `json:"path"`
	File     string    `json:"file"` // which file it is: a copy has another
	Campaign string    `json:"campaign"`
	Created  time.Time `json:"created"` // when the ledger staged the campaign first
}

// version is that of the form of the file.
const version = 1

// line is what stands behind the first one: a turn with what it claimed, or a settlement.
type line struct {
	Run   ledger.RunID `json:"r,omitempty"`
	Turn  int64        `json:"t,omitempty"`
	Grant []grant      `json:"g,omitempty"`
	// Settled is the run under which all that stands above became known to the ledger again, but for what Owed names: that was on no
	// list which is staged there, and must not leave when it is.
	Settled ledger.RunID `json:"settled,omitempty"`
	Owed    bool         `json:"owed,omitempty"`
}

// grant is ledger.Lost on its way to the file.
type grant struct {
	Channel  message.Channel `json:"c"`
	Account  string          `json:"a"`
	Currency string          `json:"u,omitempty"`
	Day      string          `json:"d"`
	Price    int64           `json:"p,omitempty"`
	Keys     []message.Key   `json:"k"`
}

// Witness is the memory of one campaign on this machine, open for writing while a run is alive.
type Witness struct {
	files   []*kept
	watches []string // files of the ledger
	held    []watched
	last    time.Time // when the newest turn was asked for
	again   func(context.Context) error
}

// pause is how long a run that is alive makes no turn at most. One that did not for longer stood still: its machine slept, or was put back
// as it was before.
const pause = time.Minute

// Again is asked before a turn of a run that stood still, and refuses it with an error.
func (w *Witness) Again(ask func(context.Context) error) { w.again = ask }

// watched is a file of the ledger as it was when the run began.
type watched struct {
	path string
	info os.FileInfo
}

// Begin opens the memory for a run of the campaign as it stands in the ledger. It fails where not even the file beside the ledger can be
// written: then nothing may leave.
func Begin(p Place, c ledger.Campaign) (*Witness, error) {
	w := new(Witness)
	if !p.Shared {
		w.watches = []string{p.Ledger, p.Ledger + "-wal"}
	}
	if err := p.there(); err != nil {
		return nil, err
	}
	for i, path := range p.files() {
		f, err := open(path, p, c)
		far := p.far(path)
		if err != nil && (i == 0 || far) {
			return nil, errors.Join(err, w.Close())
		}
		if err == nil {
			w.files = append(w.files, &kept{File: f, path: path, far: far})
		}
	}
	return w, nil
}

// open opens a file, and writes its head where it has none, or that of another ledger.
func open(path string, p Place, c ledger.Campaign) (*os.File, error) {
	kept, err := read(path, anyone, func(*memory, *line) bool { return true }) // its head is wanted, and that it can be read
	if err != nil {
		return nil, err
	}
	if kept == nil || !kept.of(p, c) {
		return rewrite(path, p.head(c), nil)
	}
	return appendTo(path)
}

func (p Place) head(c ledger.Campaign) head {
	return head{
		Version: version, ID: p.ID, Path: p.Ledger, File: fileID(p.Ledger), Campaign: p.Campaign, Created: c.Created,
	}
}

// Close closes the files. What they say stays.
func (w *Witness) Close() error {
	var errs []error
	for _, f := range w.files {
		errs = append(errs, f.Close())
	}
	w.files = nil
	return errors.Join(errs...)
}

// Guard is runs whose turns are written down before their claims are handed on, and refused with ledger.ErrReplaced once the ledger's
// files are not those that it began with. Turns must be numbered.
func (w *Witness) Guard(runs ledger.Runs) ledger.Runs { return &guard{Runs: runs, w: w} }

type guard struct {
	ledger.Runs
	w *Witness
}

// Acquire begins the run, and looks which files its ledger has.
func (g *guard) Acquire(ctx context.Context, a ledger.Acquire) (ledger.Acquired, error) {
	got, err := g.Runs.Acquire(ctx, a)
	if err == nil {
		g.w.watch()
	}
	return got, err
}

// Turn makes a turn and writes down what it claimed.
func (g *guard) Turn(ctx context.Context, t ledger.Turn) (ledger.Turned, error) {
	if err := errors.Join(g.w.same(), g.w.awake(ctx, t.Now)); err != nil {
		return ledger.Turned{}, err
	}
	out, err := g.Runs.Turn(ctx, t)
	if err != nil {
		return out, err
	}
	l := line{Run: t.Run, Turn: t.Number}
	for i, granted := range out.Grants {
		if len(granted.Claims) > 0 {
			l.Grant = append(l.Grant, grantOf(t.Claim[i], granted))
		}
	}
	if len(l.Grant) == 0 {
		return out, nil
	}
	if t.Number == 0 {
		return ledger.Turned{}, words.Err("witness.no-number", nil)
	}
	if err := errors.Join(g.w.same(), g.w.write(l)); err != nil {
		return ledger.Turned{}, err
	}
	return out, nil
}

func grantOf(req ledger.ClaimRequest, granted ledger.Grant) grant {
	g := grant{
		Channel: req.Channel, Account: req.Limits.Account, Currency: req.Limits.Currency, Day: req.Day, Price: int64(granted.Price),
		Keys: make([]message.Key, len(granted.Claims)),
	}
	for i, c := range granted.Claims {
		g.Keys[i] = c.Key
	}
	return g
}

func grantBack(l ledger.Lost) grant {
	return grant{Channel: l.Channel, Account: l.Account, Currency: l.Currency, Day: l.Day, Price: int64(l.Price), Keys: l.Keys}
}

func (g *grant) lost(keys []message.Key) ledger.Lost {
	return ledger.Lost{Channel: g.Channel, Account: g.Account, Currency: g.Currency, Day: g.Day, Price: message.Money(g.Price), Keys: keys}
}

// write writes the line to every file: one write each, so that a kill leaves it whole or not there.
func (w *Witness) write(l line) error {
	b, err := json.Marshal(l)
	if err != nil {
		return words.Wrap(err, "witness.keep", nil)
	}
	b = append(b, '\n')
	for _, f := range w.files {
		if err := f.add(b, l); err != nil {
			return err
		}
	}
	return nil
}

// awake asks once more where the run stood still.
func (w *Witness) awake(ctx context.Context, now time.Time) error {
	stood := !w.last.IsZero() && now.Sub(w.last) > pause
	w.last = now
	if !stood || w.again == nil {
		return nil
	}
	return w.again(ctx)
}

// watch remembers the files of the ledger.
func (w *Witness) watch() {
	w.held = nil
	for _, path := range w.watches {
		if info, err := os.Stat(path); err == nil {
			w.held = append(w.held, watched{path, info})
		}
	}
}

// same reports that the ledger's files were deleted, or others put in their place: what is written now goes nowhere.
func (w *Witness) same() error {
	for _, k := range w.held {
		info, err := os.Stat(k.path)
		if err != nil || !os.SameFile(info, k.info) {
			return &words.Error{Text: words.T("witness.replaced", words.A{"file": k.path}), Err: ledger.ErrReplaced}
		}
	}
	return nil
}
