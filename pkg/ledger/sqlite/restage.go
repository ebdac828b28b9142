package sqlite

import (
	"bytes"
	"database/sql"
	"errors"
	"hash/maphash"
	"slices"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
	"notify/pkg/words"
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

func (st *staging) lookup(key message.Key) (*oldMessage, error) {
	var m oldMessage
	var relisted sql.NullInt64
	err := st.x.one([]any{
		&m.id, &m.channel, &m.address, &m.segments, &m.fingerprint, &m.state, &m.row, &m.recipient, &m.fields, &relisted,
	}, `SELECT m.id, m.channel, m.address, m.segments, m.fingerprint, m.state, r.row, r.key, r.fields, l.message_id
		FROM message_standing m JOIN recipient r ON r.id = m.recipient_id LEFT JOIN relist l ON l.message_id = m.id
		WHERE m.campaign_id = ? AND m.key = ?`, st.c.id, string(key))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil // no message is an answer
	}
	m.relisted = relisted.Valid
	return &m, err
}

// meet brings a message that the ledger has together with what the list says now.
func (st *staging) meet(r ledger.Recipient, m ledger.NewMessage, old *oldMessage, write func() (int64, error)) error {
	forgotten := old.address.Forgotten()
	if !forgotten && (old.channel != m.Channel || old.address != m.Address) {
		return words.Err("ledger.error.other-address", words.A{"row": r.Row, "message": string(m.Key), "was": old.address.Masked(), "is": m.Address.Masked()})
	}
	if !st.seen.Set(old.id) {
		return st.rowTwice(r.Row, m.Key)
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
	switch {
	case old.state == message.Cancelled:
		st.out.Restored++
		was := counted{campaign: st.c.id, segments: int64(old.segments), at: stored.Plain(old.channel, message.Cancelled)}
		if err := st.x.moves(was, message.Pending); err != nil {
			return err
		}
		if _, err := st.x.unsealing("UPDATE standing SET state = 'pending', why = NULL, not_before = 0, paced = 0, seal = NULL WHERE message_id = ?",
			old.id); err != nil {
			return err
		}
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
	if err := st.x.resize(st.c.id, old.channel, int64(old.segments), int64(m.Segments)); err != nil {
		return err
	}
	if err := st.keepPrint(m.Fingerprint); err != nil {
		return err
	}
	return st.x.exec("UPDATE message SET recipient_id = ?, segments = ?, fingerprint = ?, seal = ? WHERE id = ?",
		recipient, m.Segments, m.Fingerprint, st.sealed(r, m, old.id, recipient), old.id)
}

// leave notes what the list says of a message that left, or may have.
func (st *staging) leave(r ledger.Recipient, m ledger.NewMessage, old *oldMessage, same bool, write func() (int64, error)) error {
	st.out.Left++
	if old.fingerprint != m.Fingerprint {
		st.out.Differs++
	}
	if old.relisted {
		st.replaced = true
		if err := st.x.exec("DELETE FROM relist WHERE message_id = ?", old.id); err != nil {
			return err
		}
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
	return st.x.exec("INSERT INTO relist (message_id, recipient_id, segments, fingerprint, seal) VALUES (?, ?, ?, ?, ?)",
		old.id, recipient, m.Segments, m.Fingerprint, st.sealed(r, m, old.id, recipient))
}

// dropOut cancels what did not leave and is no longer on the list, notes of what left, or may have, that it is not, and
// forgets the rows of older lists that no message is about any more.
func (st *staging) dropOut() error {
	var out, left []int64
	last := max(st.c.last, st.nextMessage-1)
	err := st.x.each(func(rows *sql.Rows) error {
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
	}, "SELECT m.id, m.state"+standingOf, st.c.first, last, st.c.id)
	if err != nil {
		return err
	}
	st.out.Gone = len(out)
	for _, id := range out {
		if err := st.x.leaveOut(id); err != nil {
			return err
		}
	}
	for _, id := range left {
		if err := st.x.exec("INSERT OR REPLACE INTO relist (message_id, seal) VALUES (?, ?)", id, stored.SealOf(id)); err != nil {
			return err
		}
	}
	if !st.replaced && len(left) == 0 {
		return nil
	}
	return st.x.exec("DELETE FROM recipient WHERE campaign_id = ? AND id NOT IN (SELECT m.recipient_id"+messagesOf+
		" UNION ALL SELECT recipient_id FROM relist WHERE recipient_id IS NOT NULL)", st.c.id, st.c.first, last, st.c.id)
}

// people counts who is told by the parts of a list that were staged: by the hashes of their keys, which are far smaller.
func (st *staging) people(last int64) (int, error) {
	var all []uint64
	seed := maphash.MakeSeed()
	for _, q := range []struct {
		query string
		args  []any
	}{
		{
			"SELECT r.key FROM message_standing m CROSS JOIN recipient r ON r.id = m.recipient_id" + ofCampaign + " AND m.state <> 'cancelled'",
			[]any{st.c.first, last, st.c.id},
		},
		{`SELECT f.recipient FROM fold f CROSS JOIN message_standing m ON m.campaign_id = f.campaign_id AND m.key = f.key
			WHERE f.campaign_id = ? AND m.state <> 'cancelled'`, []any{st.c.id}},
	} {
		err := st.x.each(func(rows *sql.Rows) error {
			var key sql.RawBytes
			err := rows.Scan(&key)
			all = append(all, maphash.Bytes(seed, key))
			return err
		}, q.query, q.args...)
		if err != nil {
			return 0, err
		}
	}
	slices.Sort(all)
	return len(slices.Compact(all)), nil
}

// leaveOut cancels a message that is not on the newest list, whatever an older one said of it.
func (x *tx) leaveOut(id int64) error {
	if err := x.exec("DELETE FROM relist WHERE message_id = ?", id); err != nil {
		return err
	}
	at, err := x.stands(id)
	if err != nil {
		return err
	}
	if err := x.moves(at, message.Cancelled); err != nil {
		return err
	}
	n, err := x.unsealing("UPDATE standing SET state = 'cancelled', why = 'list', seal = NULL WHERE message_id = ?", id)
	if err != nil || n > 0 {
		return err
	}
	_, err = x.unsealing(`INSERT INTO standing (message_id, campaign_id, channel, state, why)
		SELECT id, campaign_id, channel, 'cancelled', 'list' FROM message WHERE id = ?`, id)
	return err
}
