package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
	"notify/pkg/words"
)

// checkEvery is after how many recipients a staging looks whether it is still wanted.
const checkEvery = 1024

// rowsPerMiB is how many recipients of a staging have a MiB of page cache, a multiple of checkEvery: see staging.room.
const rowsPerMiB = 48 * checkEvery

// Stage writes the plan in one transaction: see ledger.Campaigns. The stream is read inside it and must not write to the
// ledger. Messages that it may not change keep the fields with which they left; what the new list says of them is kept
// beside, and counts from when they go back to pending: those that it left out are cancelled then.
func (l *Ledger) Stage(ctx context.Context, s ledger.Staging) (ledger.Staged, error) {
	var out ledger.Staged
	var held *ledger.LeasedError
	doing := "stage campaign " + s.Campaign
	err := l.gated(ctx, s.Campaign, false, func() error {
		return l.do(ctx, doing, func(x *tx) error {
			out = ledger.Staged{}
			st := &staging{x: x, ctx: ctx, s: s, out: &out}
			if err := st.campaign(); err != nil {
				return err
			}
			if st.known {
				b, err := x.buryAll(st.c.id, s.By.At)
				if held = b.held; err != nil || held != nil {
					return err
				}
				if st.c.Aborted != nil {
					return ledger.ErrAborted
				}
				if st.c.Digest == s.Digest {
					return st.same()
				}
			}
			return st.roomy()
		})
	})
	if err != nil {
		return ledger.Staged{}, err
	}
	if held != nil {
		return ledger.Staged{}, held
	}
	// The large cache is given back to the system, whatever comes of that: the campaign is staged.
	_ = l.do(ctx, doing, func(x *tx) error { return x.exec("PRAGMA shrink_memory") })
	return out, nil
}

// roomy writes with a page cache that grows with what was staged, and leaves one as a run needs it.
func (st *staging) roomy() error {
	return errors.Join(st.write(), st.x.exec(cacheOf(runKiB)))
}

// room adds a MiB of page cache for every so many recipients: a staging of some thousands takes no more memory than a run, one of a
// million what its index needs.
func (st *staging) room() error {
	if st.rows%rowsPerMiB != 0 {
		return nil
	}
	return st.x.exec(cacheOf(min(runKiB+st.rows/rowsPerMiB*1024, stageKiB)))
}

// staging is one Stage under way.
type staging struct {
	x     *tx
	ctx   context.Context // it ends the stream
	s     ledger.Staging
	out   *ledger.Staged
	c     *campaignRow
	known bool // there was a campaign of that name

	recipients, messages, folds *bulk
	nextRecipient, nextMessage  int64
	added                       map[message.Channel]ledger.Debit
	seen                        stored.Bitmap
	rows, folded                int
	lastRow                     int
	staging                     int64   // the number of this one among those that told rows through messages of others
	prints                      []int64 // of messages that are new or say something else, not written yet
	ordered, replaced           bool
	sealer                      stored.Sealer
}

func (st *staging) campaign() (err error) {
	st.c, err = st.x.campaign(st.s.Campaign)
	if errors.Is(err, ledger.ErrNoCampaign) {
		st.c = &campaignRow{}
		return nil
	}
	st.known = err == nil
	return err
}

// same counts, where the ledger has this very plan.
func (st *staging) same() error {
	states, err := st.x.states(st.c.id)
	if err != nil {
		return err
	}
	st.out.Same = states.Of(message.Pending)
	st.out.Left = states.Of(message.Attempting, message.Accepted, message.Rejected, message.Unknown)
	var gone int
	err = st.x.one([]any{&gone, &st.out.Differs}, `
		SELECT count(*) FILTER (WHERE r.recipient_id IS NULL), count(*) FILTER (WHERE r.recipient_id IS NOT NULL AND r.fingerprint <> m.fingerprint)
		FROM relist r JOIN message m ON m.id = r.message_id WHERE m.campaign_id = ?`, st.c.id)
	st.out.Left -= gone
	return err
}

func (st *staging) write() error {
	if err := st.begin(); err != nil {
		return err
	}
	for r, err := range st.s.Recipients {
		if err != nil {
			return err
		}
		if st.rows++; st.rows%checkEvery == 0 {
			if err := errors.Join(st.ctx.Err(), st.room()); err != nil {
				return err
			}
		}
		if err := st.recipient(r); err != nil {
			return err
		}
	}
	for _, b := range []*bulk{st.recipients, st.messages, st.folds} {
		if err := b.flush(); err != nil {
			return err
		}
	}
	return st.finish()
}

func (st *staging) begin() error {
	x, at := st.x, stored.Nanos(st.s.By.At)
	if st.known {
		if _, err := x.unsealing("UPDATE campaign SET digest = ?, spec = ?, staged = ?, seal = NULL WHERE id = ?",
			st.s.Digest, stored.NotNil(st.s.Spec), at, st.c.id); err != nil {
			return err
		}
		if !st.s.Part {
			if err := x.exec("DELETE FROM fold WHERE campaign_id = ?", st.c.id); err != nil {
				return err
			}
		}
	} else if err := x.one([]any{&st.c.id}, `INSERT INTO campaign (name, digest, spec, created, staged) VALUES (?, ?, ?, ?, ?) RETURNING id`,
		st.s.Campaign, st.s.Digest, stored.NotNil(st.s.Spec), at, at); err != nil {
		return err
	}
	if err := x.one([]any{&st.nextRecipient, &st.nextMessage},
		"SELECT (SELECT ifnull(max(id), 0) + 1 FROM recipient), (SELECT ifnull(max(id), 0) + 1 FROM message)"); err != nil {
		return err
	}
	if st.c.first == 0 {
		st.c.first, st.ordered = st.nextMessage, true
	} else {
		st.ordered = st.c.ordered
	}
	st.seen = stored.Bitmap{From: st.c.first}
	st.recipients = newBulk(x, st.c.id, "INSERT OR FAIL INTO recipient (campaign_id, id, row, key, fields)", 4)
	st.messages = newBulk(x, st.c.id, "INSERT OR FAIL INTO message (campaign_id, id, recipient_id, channel, key, address, segments, fingerprint, seal)", 8)
	st.messages.refused = st.twice
	st.folds = newBulk(x, st.c.id, "INSERT OR REPLACE INTO fold (campaign_id, key, row, recipient, staging, seal)", 5)
	return x.one([]any{&st.staging}, "SELECT ifnull(max(staging), 0) + 1 FROM fold WHERE campaign_id = ?", st.c.id)
}

// recipient writes a row of the list, unless the ledger has all of it.
func (st *staging) recipient(r ledger.Recipient) error {
	var id int64 // of the recipient, written when the first message needs it
	write := func() (int64, error) {
		if id != 0 {
			return id, nil
		}
		id = st.nextRecipient
		st.nextRecipient++
		return id, st.recipients.add(id, r.Row, r.Key, stored.NotNil(r.Fields))
	}
	for _, m := range r.Messages {
		if err := st.message(r, m, write); err != nil {
			return err
		}
	}
	for _, f := range r.Folds {
		st.folded++
		seal := st.sealer.Add(int64(r.Row), st.c.id, string(f.Into), r.Key).Seal()
		if err := st.folds.add(string(f.Into), r.Row, r.Key, st.staging, seal); err != nil {
			return err
		}
	}
	return nil
}

func (st *staging) message(r ledger.Recipient, m ledger.NewMessage, write func() (int64, error)) error {
	if st.known {
		old, err := st.lookup(m.Key)
		if err != nil {
			return err
		}
		if old != nil {
			return st.meet(r, m, old, write)
		}
	}
	recipient, err := write()
	if err != nil {
		return err
	}
	st.ordered = st.ordered && r.Row >= st.lastRow && (!st.known || st.c.first == st.nextMessage)
	st.lastRow = r.Row
	id := st.nextMessage
	st.nextMessage++
	st.out.Added++
	if st.added == nil {
		st.added = make(map[message.Channel]ledger.Debit)
	}
	a := st.added[m.Channel]
	st.added[m.Channel] = ledger.Debit{Messages: a.Messages + 1, Segments: a.Segments + int64(m.Segments)}
	if st.known {
		st.seen.Set(id)
	}
	if err := errors.Join(st.keepPrint(m.Fingerprint), st.keepPrint(stored.AddressPrint(m.Channel, m.Address))); err != nil {
		return err
	}
	return st.messages.add(id, recipient, string(m.Channel), string(m.Key), string(m.Address), m.Segments, m.Fingerprint,
		st.sealed(r, m, id, recipient))
}

// sealed is the seal of a message, with its row of the list.
func (st *staging) sealed(r ledger.Recipient, m ledger.NewMessage, id, recipient int64) int64 {
	return st.sealer.Add(id, st.c.id, recipient, string(m.Channel), string(m.Key), string(m.Address), int64(m.Segments), m.Fingerprint,
		int64(r.Row), r.Key, stored.NotNil(r.Fields)).Seal()
}

// twice turns the refusal of a batch into an error that names the row.
func (st *staging) twice(batch []any, cause error) error {
	if !constraint(cause) {
		return cause
	}
	const width, idAt, recipientAt, keyAt = 8, 0, 1, 3
	for ; len(batch) >= width; batch = batch[width:] {
		var id int64
		err := st.x.one([]any{&id}, "SELECT id FROM message WHERE campaign_id = ? AND key = ?", st.c.id, batch[keyAt])
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if key, _ := batch[keyAt].(string); err == nil && id != batch[idAt] {
			row, err := st.rowOf(batch[recipientAt])
			if err != nil {
				return err
			}
			return st.rowTwice(row, message.Key(key))
		}
	}
	return cause
}

func (st *staging) rowTwice(row int, key message.Key) error {
	return words.Err("ledger.error.twice", words.A{"row": row, "message": string(key)})
}

// rowOf is the row of a recipient that was just added.
func (st *staging) rowOf(recipient any) (row int, err error) {
	if err := st.recipients.flush(); err != nil {
		return 0, err
	}
	return row, st.x.one([]any{&row}, "SELECT row FROM recipient WHERE id = ?", recipient)
}

func (st *staging) finish() error {
	if err := st.writePrints(); err != nil {
		return err
	}
	for ch, n := range st.added {
		if err := st.x.shift(st.c.id, stored.Cell{}, stored.Plain(ch, message.Pending), n); err != nil {
			return err
		}
		if err := st.x.exec("INSERT OR IGNORE INTO reach (campaign_id, channel) VALUES (?, ?)", st.c.id, string(ch)); err != nil {
			return err
		}
	}
	if st.known {
		if err := st.dropOut(); err != nil {
			return err
		}
	}
	var row int
	var key string
	err := st.x.one([]any{&row, &key}, `SELECT row, key FROM fold f WHERE campaign_id = ? AND staging = ? AND NOT EXISTS (
		SELECT 1 FROM message_standing m WHERE m.campaign_id = f.campaign_id AND m.key = f.key AND (m.address LIKE 'forgotten:%' OR m.state <> 'cancelled'
		AND NOT EXISTS (SELECT 1 FROM relist r WHERE r.message_id = m.id AND r.recipient_id IS NULL))) ORDER BY row LIMIT 1`, st.c.id, st.staging)
	if err == nil {
		return words.Err("ledger.error.told-through", words.A{"row": row, "message": key})
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	last := max(st.c.last, st.nextMessage-1)
	if st.out.Added == 0 {
		last = st.c.last
	}
	people := st.rows
	if st.s.Part {
		if people, err = st.people(last); err != nil {
			return err
		}
	}
	if _, err := st.x.unsealing(`UPDATE campaign SET recipients = ?, folded = ?, people = ?, ordered = ?, first_id = ?, last_id = ?, seal = NULL
		WHERE id = ?`, st.rows, st.folded, people, st.ordered, st.c.first, last, st.c.id); err != nil {
		return err
	}
	return st.x.audit(st.s.Campaign, st.s.By)
}

// bulk inserts many rows of one campaign with one statement.
type bulk struct {
	x       *tx
	head    string
	first   string // the column that all rows share
	columns int
	batch   []any
	refused func(batch []any, cause error) error
}

// bulkRows is how many rows go into one statement; 50 to 200 were measured to be alike.
const bulkRows = 64

func newBulk(x *tx, campaign int64, head string, columns int) *bulk {
	return &bulk{
		x: x, head: head + " VALUES ", first: strconv.FormatInt(campaign, 10),
		columns: columns, batch: make([]any, 0, bulkRows*columns),
	}
}

func (b *bulk) add(values ...any) error {
	b.batch = append(b.batch, values...)
	if len(b.batch) < bulkRows*b.columns {
		return nil
	}
	return b.flush()
}

func (b *bulk) flush() error {
	rows := len(b.batch) / b.columns
	if rows == 0 {
		return nil
	}
	// The campaign is part of the text: a numbered parameter (?1) makes the driver look up every other by name.
	err := b.x.exec(b.head+placeholders(rows, b.columns, b.first), b.batch...)
	batch := b.batch
	b.batch = b.batch[:0]
	if err != nil && b.refused != nil {
		return b.refused(batch, err)
	}
	return err
}
