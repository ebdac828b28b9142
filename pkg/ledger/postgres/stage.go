package postgres

import (
	"context"
	"errors"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
	"notify/pkg/words"

	"github.com/jackc/pgx/v5"
)

// stageAtOnce is how many recipients are brought together with what the ledger has, and copied, at once.
const stageAtOnce = 2000

// Stage writes the plan in one transaction: see ledger.Campaigns. Rows are copied in portions. Messages that it may not change keep the fields
// with which they left; what the new list says of them is kept beside, and counts from when they go back to pending: those that it left out
// are cancelled then.
func (l *Ledger) Stage(ctx context.Context, s ledger.Staging) (ledger.Staged, error) {
	if err := ctx.Err(); err != nil {
		return ledger.Staged{}, err
	}
	var out ledger.Staged
	var held *ledger.LeasedError
	s.By.At = l.clock.server(s.By.At)
	// The stream is read once: this transaction is not made again.
	err := l.once(ctx, func(x *tx) error {
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
		return st.write()
	})
	if err != nil {
		return ledger.Staged{}, l.failed("stage campaign "+s.Campaign, err)
	}
	if held != nil {
		return ledger.Staged{}, held
	}
	return out, nil
}

// staging is one Stage under way.
type staging struct {
	x     *tx
	ctx   context.Context // it ends the stream
	s     ledger.Staging
	out   *ledger.Staged
	c     *campaignRow
	known bool // there was a campaign of that name

	recipients, messages     [][]any // to be copied
	keys                     map[message.Key]int64
	recipientIDs, messageIDs []int64 // that were taken, and not given yet
	highest                  int64   // the last id that was given to a message
	added                    map[message.Channel]ledger.Debit
	seen                     stored.Bitmap
	old                      map[message.Key]*oldMessage
	rows, folded             int
	lastRow                  int
	staging                  int64   // the number of this one among those that told rows through messages of others
	prints                   []int64 // of messages that are new or say something else, not written yet
	ordered, replaced        bool
	sealer                   stored.Sealer
}

// campaign finds the campaign, and locks its name: one that is not there yet is nobody's but this transaction's.
func (st *staging) campaign() (err error) {
	st.x.ask(func(pgx.Rows) error { return nil }, "SELECT pg_advisory_xact_lock($1, hashtext($2))", lockKind, st.x.l.at.schema+"."+st.s.Campaign)
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
	cells, err := st.x.tally(st.c.id)
	if err != nil {
		return err
	}
	states := cells.States()
	st.out.Same = states.Of(message.Pending)
	st.out.Left = states.Of(message.Attempting, message.Accepted, message.Rejected, message.Unknown)
	var gone int
	err = st.x.one([]any{&gone, &st.out.Differs}, `
		SELECT count(*) FILTER (WHERE r.recipient_id IS NULL), count(*) FILTER (WHERE r.recipient_id IS NOT NULL AND r.fingerprint <> m.fingerprint)
		FROM relist r JOIN message m ON m.campaign_id = $1 AND m.id = r.message_id WHERE r.campaign_id = $1`, st.c.id)
	st.out.Left -= gone
	return err
}

func (st *staging) write() error {
	if err := st.begin(); err != nil {
		return err
	}
	portion := make([]ledger.Recipient, 0, stageAtOnce)
	for r, err := range st.s.Recipients {
		if err != nil {
			return err
		}
		portion = append(portion, r)
		if len(portion) < stageAtOnce {
			continue
		}
		if err := st.portion(portion); err != nil {
			return err
		}
		portion = portion[:0]
	}
	if err := st.portion(portion); err != nil {
		return err
	}
	return st.finish()
}

// portion brings some recipients together with what the ledger has of them, and copies what is new.
func (st *staging) portion(rs []ledger.Recipient) error {
	if err := st.ctx.Err(); err != nil {
		return err
	}
	if st.known {
		if err := st.lookup(rs); err != nil {
			return err
		}
	}
	if err := st.number(rs); err != nil {
		return err
	}
	st.keys = make(map[message.Key]int64, len(rs))
	for _, r := range rs {
		st.rows++
		if err := st.recipient(r); err != nil {
			return err
		}
	}
	return st.copy()
}

func (st *staging) begin() error {
	x, at := st.x, stored.Nanos(st.s.By.At)
	if st.known {
		if _, err := x.unsealing("UPDATE campaign SET digest = $1, spec = $2, staged = $3, seal = NULL WHERE id = $4",
			st.s.Digest, stored.NotNil(st.s.Spec), at, st.c.id); err != nil {
			return err
		}
		if !st.s.Part {
			if err := x.exec("DELETE FROM fold WHERE campaign_id = $1", st.c.id); err != nil {
				return err
			}
		}
	} else if err := x.one([]any{&st.c.id}, `INSERT INTO campaign (name, digest, spec, created, staged) VALUES ($1, $2, $3, $4, $5) RETURNING id`,
		st.s.Campaign, st.s.Digest, stored.NotNil(st.s.Spec), at, at); err != nil {
		return err
	}
	x.unsealed = true
	st.ordered = st.c.first == 0 || st.c.ordered
	st.seen = stored.Bitmap{From: st.c.first}
	st.highest = st.c.last
	return x.one([]any{&st.staging}, "SELECT coalesce(max(staging), 0) + 1 FROM fold WHERE campaign_id = $1", st.c.id)
}

// take takes so many ids of a sequence: as many as are needed, so that they follow each other as long as nobody else stages.
func (st *staging) take(n int, sequence string) (ids []int64, err error) {
	return ids, st.x.each(func(rows pgx.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, "SELECT nextval($1::regclass) FROM generate_series(1, $2)", sequence, n)
}

// number takes the ids that a portion needs.
func (st *staging) number(rs []ledger.Recipient) (err error) {
	fresh := 0
	for _, r := range rs {
		for _, m := range r.Messages {
			if st.old[m.Key] == nil {
				fresh++
			}
		}
	}
	if n := len(rs) - len(st.recipientIDs); n > 0 {
		more, err := st.take(n, "recipient_ids")
		if err != nil {
			return err
		}
		st.recipientIDs = append(st.recipientIDs, more...)
	}
	if fresh > 0 {
		st.messageIDs, err = st.take(fresh, "message_ids")
	}
	return err
}

// recipient writes a row of the list, unless the ledger has all of it.
func (st *staging) recipient(r ledger.Recipient) error {
	var id int64 // of the recipient, written when the first message needs it
	write := func() (int64, error) {
		if id != 0 {
			return id, nil
		}
		id, st.recipientIDs = st.recipientIDs[0], st.recipientIDs[1:]
		st.recipients = append(st.recipients, []any{st.c.id, id, int64(r.Row), r.Key, stored.NotNil(r.Fields)})
		return id, nil
	}
	for _, m := range r.Messages {
		if err := st.message(r, m, write); err != nil {
			return err
		}
	}
	for _, f := range r.Folds {
		st.folded++
		seal := st.sealer.Add(int64(r.Row), st.c.id, string(f.Into), r.Key).Seal()
		st.x.queue(`INSERT INTO fold (campaign_id, key, row, recipient, staging, seal) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (campaign_id, key, row) DO UPDATE SET recipient = excluded.recipient, staging = excluded.staging, seal = excluded.seal`,
			st.c.id, string(f.Into), r.Row, r.Key, st.staging, seal)
	}
	return nil
}

func (st *staging) message(r ledger.Recipient, m ledger.NewMessage, write func() (int64, error)) error {
	if old := st.old[m.Key]; old != nil {
		return st.meet(r, m, old, write)
	}
	if _, twice := st.keys[m.Key]; twice {
		return rowTwice(r.Row, m.Key)
	}
	recipient, err := write()
	if err != nil {
		return err
	}
	id := st.messageIDs[0]
	st.messageIDs = st.messageIDs[1:]
	st.keys[m.Key] = int64(r.Row)
	if st.c.first == 0 {
		st.c.first, st.seen.From = id, id
	} else if st.known && st.out.Added == 0 {
		st.ordered = false
	}
	st.ordered = st.ordered && r.Row >= st.lastRow
	st.lastRow, st.highest = r.Row, id
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
	st.messages = append(st.messages, []any{
		st.c.id, id, recipient, string(m.Channel), string(m.Key), string(m.Address), int64(m.Segments), m.Fingerprint, st.sealed(r, m, id, recipient),
	})
	return nil
}

// sealed is the seal of a message, with its row of the list.
func (st *staging) sealed(r ledger.Recipient, m ledger.NewMessage, id, recipient int64) int64 {
	return st.sealer.Add(id, st.c.id, recipient, string(m.Channel), string(m.Key), string(m.Address), int64(m.Segments), m.Fingerprint,
		int64(r.Row), r.Key, stored.NotNil(r.Fields)).Seal()
}

// copy writes the rows of a portion.
func (st *staging) copy() error {
	x := st.x
	if err := x.sync(); err != nil {
		return err
	}
	if len(st.recipients) > 0 {
		if _, err := x.c.CopyFrom(x.ctx, pgx.Identifier{"recipient"}, []string{"campaign_id", "id", "row", "key", "fields"},
			pgx.CopyFromRows(st.recipients)); err != nil {
			return err
		}
	}
	st.recipients = st.recipients[:0]
	if len(st.messages) == 0 {
		return nil
	}
	x.queue("SAVEPOINT portion")
	if err := x.sync(); err != nil {
		return err
	}
	_, err := x.c.CopyFrom(x.ctx, pgx.Identifier{"message"},
		[]string{"campaign_id", "id", "recipient_id", "channel", "key", "address", "segments", "fingerprint", "seal"}, pgx.CopyFromRows(st.messages))
	if err != nil {
		return st.twice(err)
	}
	st.messages = st.messages[:0]
	x.queue("RELEASE SAVEPOINT portion")
	return nil
}

// twice turns the refusal of a portion into an error that names the row.
func (st *staging) twice(cause error) error {
	if !constraint(cause) {
		return cause
	}
	keys := make([]string, 0, len(st.keys))
	for k := range st.keys {
		keys = append(keys, string(k))
	}
	var key message.Key
	st.x.queue("ROLLBACK TO SAVEPOINT portion")
	if err := st.x.one([]any{&key}, "SELECT key FROM message WHERE campaign_id = $1 AND key = ANY($2) LIMIT 1", st.c.id, keys); err != nil {
		return cause
	}
	return rowTwice(int(st.keys[key]), key)
}

func rowTwice(row int, key message.Key) error {
	return words.Err("ledger.error.twice", words.A{"row": row, "message": string(key)})
}

func (st *staging) finish() error {
	if err := st.writePrints(); err != nil {
		return err
	}
	x := st.x
	for ch, n := range st.added {
		if err := x.shift(st.c.id, stored.Cell{}, stored.Plain(ch, message.Pending), n); err != nil {
			return err
		}
		x.queue("INSERT INTO reach (campaign_id, channel) VALUES ($1, $2) ON CONFLICT (campaign_id, channel) DO NOTHING", st.c.id, string(ch))
	}
	if st.known {
		if err := st.dropOut(); err != nil {
			return err
		}
	}
	var row int
	var key string
	err := x.one([]any{&row, &key}, `SELECT row, key FROM fold f WHERE campaign_id = $1 AND staging = $2 AND NOT EXISTS (
		SELECT 1 FROM message_standing m WHERE m.campaign_id = $1 AND m.key = f.key AND (m.address LIKE 'forgotten:%' OR m.state <> 'cancelled'
		AND NOT EXISTS (SELECT 1 FROM relist r WHERE r.campaign_id = $1 AND r.message_id = m.id AND r.recipient_id IS NULL))) ORDER BY row LIMIT 1`, st.c.id, st.staging)
	if err == nil {
		return words.Err("ledger.error.told-through", words.A{"row": row, "message": key})
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	people := st.rows
	if st.s.Part {
		if people, err = st.people(); err != nil {
			return err
		}
	}
	if _, err := x.unsealing(`UPDATE campaign SET recipients = $1, folded = $2, people = $3, ordered = $4, first_id = $5, last_id = $6, seal = NULL
		WHERE id = $7`, st.rows, st.folded, people, st.ordered, st.c.first, st.highest, st.c.id); err != nil {
		return err
	}
	return x.audit(st.s.Campaign, st.s.By)
}
