package postgres

import (
	"bytes"
	"hash/maphash"
	"slices"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
	"notify/pkg/words"

	"github.com/jackc/pgx/v5"
)

// oldMessage is a message that the ledger has under the key of a new one.
type oldMessage struct {
	id          int64
	channel     message.Channel
	address     message.Address
	segments    int
	fingerprint int64
	state       message.State
	row         int
	recipient   string
	fields      []byte
	relisted    bool // an earlier list already said something else of it
}

// lookup reads what the ledger has of a portion.
func (st *staging) lookup(rs []ledger.Recipient) error {
	keys := make([]string, 0, len(rs))
	for _, r := range rs {
		for _, m := range r.Messages {
			keys = append(keys, string(m.Key))
		}
	}
	st.old = make(map[message.Key]*oldMessage, len(keys))
	return st.x.each(func(rows pgx.Rows) error {
		var m oldMessage
		var key message.Key
		err := rows.Scan(&key, &m.id, &m.channel, &m.address, &m.segments, &m.fingerprint, &m.state, &m.row, &m.recipient, &m.fields, &m.relisted)
		st.old[key] = &m
		return err
	}, `SELECT m.key, m.id, m.channel, m.address, m.segments, m.fingerprint, m.state, r.row, r.key, r.fields, l.message_id IS NOT NULL
		FROM message_standing m JOIN recipient r ON r.campaign_id = $1 AND r.id = m.recipient_id
		LEFT JOIN relist l ON l.campaign_id = $1 AND l.message_id = m.id WHERE m.campaign_id = $1 AND m.key = ANY($2)`, st.c.id, keys)
}

// meet brings a message that the ledger has together with what the list says now.
func (st *staging) meet(r ledger.Recipient, m ledger.NewMessage, old *oldMessage, write func() (int64, error)) error {
	forgotten := old.address.Forgotten()
	if !forgotten && (old.channel != m.Channel || old.address != m.Address) {
		return words.Err("ledger.error.other-address", words.A{"row": r.Row, "message": string(m.Key), "was": old.address.Masked(), "is": m.Address.Masked()})
	}
	if !st.seen.Set(old.id) {
		return rowTwice(r.Row, m.Key)
	}
	if forgotten { // nothing of the row is kept again
		st.out.Left++
		return nil
	}
	same := old.row == r.Row && old.recipient == r.Key && bytes.Equal(old.fields, r.Fields) &&
		old.segments == m.Segments && old.fingerprint == m.Fingerprint
	if old.state == message.Pending || old.state == message.Cancelled {
		return st.update(r, m, old, same, write)
	}
	return st.leave(r, m, old, same, write)
}

// update brings a message that has not left up to the list.
func (st *staging) update(r ledger.Recipient, m ledger.NewMessage, old *oldMessage, same bool, write func() (int64, error)) error {
	x := st.x
	switch {
	case old.state == message.Cancelled:
		st.out.Restored++
		was := counted{campaign: st.c.id, segments: int64(old.segments), at: stored.Plain(old.channel, message.Cancelled)}
		if err := x.moves(was, message.Pending); err != nil {
			return err
		}
		x.unsealed = true
		x.queue("UPDATE standing SET state = 'pending', why = NULL, not_before = 0, paced = 0, seal = NULL WHERE campaign_id = $1 AND message_id = $2",
			st.c.id, old.id)
	case same:
		st.out.Same++
	default:
		st.out.Updated++
	}
	if same {
		return nil
	}
	recipient, err := write()
	if err != nil {
		return err
	}
	st.ordered, st.replaced = false, true
	if err := x.resize(st.c.id, old.channel, int64(old.segments), int64(m.Segments)); err != nil {
		return err
	}
	if err := st.keepPrint(m.Fingerprint); err != nil {
		return err
	}
	x.queue("UPDATE message SET recipient_id = $1, segments = $2, fingerprint = $3, seal = $4 WHERE campaign_id = $5 AND id = $6",
		recipient, m.Segments, m.Fingerprint, st.sealed(r, m, old.id, recipient), st.c.id, old.id)
	return nil
}

// leave notes what the list says of a message that left, or may have.
func (st *staging) leave(r ledger.Recipient, m ledger.NewMessage, old *oldMessage, same bool, write func() (int64, error)) error {
	st.out.Left++
	if old.fingerprint != m.Fingerprint {
		st.out.Differs++
	}
	if old.relisted {
		st.replaced = true
		st.x.queue("DELETE FROM relist WHERE campaign_id = $1 AND message_id = $2", st.c.id, old.id)
	}
	if same {
		return nil
	}
	recipient, err := write()
	if err != nil {
		return err
	}
	if err := st.keepPrint(m.Fingerprint); err != nil {
		return err
	}
	st.x.queue("INSERT INTO relist (campaign_id, message_id, recipient_id, segments, fingerprint, seal) VALUES ($1, $2, $3, $4, $5, $6)",
		st.c.id, old.id, recipient, m.Segments, m.Fingerprint, st.sealed(r, m, old.id, recipient))
	return nil
}

// dropOut cancels what did not leave and is no longer on the list, notes of what left, or may have, that it is not, and
// forgets the rows of older lists that no message is about any more.
func (st *staging) dropOut() error {
	x := st.x
	var out, left []int64
	err := x.each(func(rows pgx.Rows) error {
		var id int64
		var state message.State
		if err := rows.Scan(&id, &state); err != nil {
			return err
		}
		switch {
		case st.seen.Has(id) || state == message.Cancelled:
		case state == message.Pending:
			out = append(out, id)
		case state == message.Rejected && !st.s.Part:
			out, st.replaced = append(out, id), true // an older list may have said something of it
		default:
			left = append(left, id)
		}
		return nil
	}, "SELECT m.id, m.state FROM message_standing m WHERE m.campaign_id = $1", st.c.id)
	if err != nil {
		return err
	}
	st.out.Gone = len(out)
	for _, id := range out {
		if err := x.leaveOut(st.c.id, id); err != nil {
			return err
		}
	}
	for _, id := range left {
		x.queue(`INSERT INTO relist (campaign_id, message_id, seal) VALUES ($1, $2, $3) ON CONFLICT (campaign_id, message_id)
			DO UPDATE SET recipient_id = NULL, segments = NULL, fingerprint = NULL, seal = excluded.seal`, st.c.id, id, stored.SealOf(id))
	}
	if !st.replaced && len(left) == 0 {
		return nil
	}
	x.queue(`WITH gone AS MATERIALIZED (SELECT id FROM recipient WHERE campaign_id = $1 EXCEPT (SELECT recipient_id FROM message WHERE campaign_id = $1
		UNION ALL SELECT recipient_id FROM relist WHERE campaign_id = $1)) DELETE FROM recipient r USING gone WHERE r.campaign_id = $1 AND r.id = gone.id`, st.c.id)
	return x.sync()
}

// people counts who is told by the parts of a list that were staged: by the hashes of their keys, which are far smaller.
func (st *staging) people() (int, error) {
	var all []uint64
	seed := maphash.MakeSeed()
	for _, query := range []string{
		`SELECT r.key FROM message_standing m JOIN recipient r ON r.campaign_id = $1 AND r.id = m.recipient_id
			WHERE m.campaign_id = $1 AND m.state <> 'cancelled'`,
		`SELECT f.recipient FROM fold f JOIN message_standing m ON m.campaign_id = $1 AND m.key = f.key
			WHERE f.campaign_id = $1 AND m.state <> 'cancelled'`,
	} {
		if err := st.x.each(func(rows pgx.Rows) error {
			all = append(all, maphash.Bytes(seed, rows.RawValues()[0]))
			return nil
		}, query, st.c.id); err != nil {
			return 0, err
		}
	}
	slices.Sort(all)
	return len(slices.Compact(all)), nil
}

// leaveOut cancels a message that is not on the newest list, whatever an older one said of it.
func (x *tx) leaveOut(campaign, id int64) error {
	x.queue("DELETE FROM relist WHERE campaign_id = $1 AND message_id = $2", campaign, id)
	at, err := x.stands(campaign, id)
	if err != nil {
		return err
	}
	if err := x.moves(at, message.Cancelled); err != nil {
		return err
	}
	n, err := x.unsealing("UPDATE standing SET state = 'cancelled', why = 'list', seal = NULL WHERE campaign_id = $1 AND message_id = $2", campaign, id)
	if err != nil || n > 0 {
		return err
	}
	_, err = x.unsealing(`INSERT INTO standing (message_id, campaign_id, channel, state, why)
		SELECT id, campaign_id, channel, 'cancelled', 'list' FROM message WHERE campaign_id = $1 AND id = $2`, campaign, id)
	return err
}
