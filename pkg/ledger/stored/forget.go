package stored

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// metaAliases is the name of the key with which what was forgotten is hashed. It is there once somebody was.
const metaAliases = "aliases"

const selectMeta = "SELECT value FROM meta WHERE name = $1"

// Alias is what stands for an address that was forgotten, nil where nobody was: see ledger.SuppressionReader.
func (l Common) Alias(ctx context.Context) (ledger.Alias, error) {
	var key string
	err := l.readOne(ctx, []any{&key}, selectMeta, metaAliases)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil // nobody is an answer
	}
	if err != nil {
		return nil, l.DB.Asking(err, "read who was forgotten")
	}
	return AliasesBy(key).Address, nil
}

// AliasIn is the alias of an address in a transaction; empty where nobody was forgotten.
func AliasIn(x Tx, a message.Address) (message.Address, error) {
	var key string
	switch err := x.One([]any{&key}, selectMeta, metaAliases); {
	case errors.Is(err, sql.ErrNoRows):
		return "", nil
	case err != nil:
		return "", err
	}
	return AliasesBy(key).Address(a), nil
}

// aliases are those of the ledger, with a key made when there was none.
func aliases(x Tx) (*Aliases, error) {
	if err := x.Exec("INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", metaAliases, rand.Text()); err != nil {
		return nil, err
	}
	var key string
	err := x.One([]any{&key}, selectMeta, metaAliases)
	return AliasesBy(key), err
}

// forgetPortion is how many messages one transaction forgets: a run that waits for the writer waits a fraction of a second.
const forgetPortion = 500

// Forget forgets messages: see ledger.Forgetter.
func (l Common) Forget(ctx context.Context, campaign string, ids []int64, by ledger.Act) (ledger.Forgotten, error) {
	var sum ledger.Forgotten
	if ids == nil {
		var err error
		if ids, err = l.idsOf(ctx, campaign); err != nil {
			return sum, err
		}
	}
	rows := make(map[int64]bool) // of which messages were pointed to others
	for portion := range slices.Chunk(ids, forgetPortion) {
		var part ledger.Forgotten
		err := l.DB.Write(ctx, "forget messages of campaign "+campaign, func(x Tx) (err error) {
			f := forgetting{x: x, rows: rows, in: make(map[int64]int64)}
			if f.campaign, err = x.Campaign(campaign, by.At); err != nil {
				return err
			}
			if f.aliases, err = aliases(x); err != nil {
				return err
			}
			for _, id := range portion {
				if err := f.message(id); err != nil {
					return err
				}
			}
			part = f.sum
			return nil
		})
		if err != nil {
			return sum, err
		}
		sum.Add(part)
	}
	err := l.DB.Write(ctx, "forget rows of campaign "+campaign, func(x Tx) error {
		c, err := x.Campaign(campaign, by.At)
		if err == nil {
			err = x.DropRows(c, rows)
		}
		return errors.Join(err, x.Exec("DELETE FROM bookmark WHERE name = $1", ledger.FiguresOf(campaign)), x.Audit(campaign, by))
	})
	return sum, err
}

// idsOf are those of all messages of a campaign.
func (l Common) idsOf(ctx context.Context, campaign string) ([]int64, error) {
	ids := []int64{}
	err := l.DB.Read(ctx, func(row Row) error {
		var id int64
		err := row.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT m.id FROM campaign c JOIN message m ON m.campaign_id = c.id WHERE c.name = $1 ORDER BY m.id`, campaign)
	return ids, l.DB.Asking(err, "read the messages of campaign %s", campaign)
}

// forgetting is a portion of messages on the way.
type forgetting struct {
	x        Tx
	campaign Staged
	aliases  *Aliases
	rows     map[int64]bool
	in       map[int64]int64 // the row that stands in the place of another
	sum      ledger.Forgotten
}

// forgettable is a message with its row, as they are sealed.
type forgettable struct {
	id, recipient         int64
	channel, key, address string
	segments, fingerprint int64
	state                 message.State
	row                   int64
	rowKey                string
	fields                []byte
}

func (m *forgettable) sealed(campaign int64) []driver.Value {
	return []driver.Value{m.id, campaign, m.recipient, m.channel, m.key, m.address, m.segments, m.fingerprint, m.row, m.rowKey, m.fields}
}

func (f *forgetting) message(id int64) error {
	var m forgettable
	err := f.x.One([]any{
		&m.id, &m.recipient, &m.channel, &m.key, &m.address, &m.segments, &m.fingerprint, &m.state, &m.row, &m.rowKey, &m.fields,
	}, `SELECT m.id, m.recipient_id, m.channel, m.key, m.address, m.segments, m.fingerprint, m.state, r.row, r.key, r.fields
		FROM message_standing m JOIN recipient r ON r.campaign_id = m.campaign_id AND r.id = m.recipient_id
		WHERE m.campaign_id = $1 AND m.id = $2`, f.campaign.ID, id)
	switch {
	case err != nil:
		return err
	case message.Address(m.address).Forgotten():
		f.sum.Before++
		return nil
	case m.state == message.Attempting:
		f.sum.UnderWay++
		return nil
	}
	if err := f.state(&m); err != nil {
		return err
	}
	f.rows[m.recipient] = true
	if m.recipient, err = f.blank(&m); err != nil {
		return err
	}
	m.rowKey, m.fields = f.aliases.Recipient(m.rowKey), f.aliases.Fields(m.fields)
	m.address = string(f.aliases.Address(message.Address(m.address)))
	if err := f.x.Exec("UPDATE message SET recipient_id = $1, address = $2, seal = $3 WHERE campaign_id = $4 AND id = $5",
		m.recipient, m.address, SealOf(m.sealed(f.campaign.ID)...), f.campaign.ID, m.id); err != nil {
		return err
	}
	f.sum.Messages++
	return errors.Join(f.mute(m.id), f.folds(m.key))
}

// mute wipes the details of what was told of a message.
func (f *forgetting) mute(id int64) error {
	return f.x.Each(func(Row) error {
		f.sum.Facts++
		return nil
	}, "UPDATE fact SET detail = '' WHERE campaign_id = $1 AND message_id = $2 AND detail <> '' RETURNING state", f.campaign.ID, id)
}

// state sees to it that the message is never sent: what has not left is cancelled now, and what is unknown when somebody says that it has not.
func (f *forgetting) state(m *forgettable) error {
	if m.state == message.Pending || m.state == message.Rejected {
		f.sum.Cancelled++
		return f.x.LeaveOut(f.campaign.ID, m.id)
	}
	return f.x.Unlist(f.campaign.ID, m.id, m.state == message.Unknown)
}

// blank is the row that stands in the place of the message's: one for all messages of a row.
func (f *forgetting) blank(m *forgettable) (int64, error) {
	if id := f.in[m.recipient]; id != 0 {
		return id, nil
	}
	id, err := f.x.Row(f.campaign.ID, int(m.row), f.aliases.Recipient(m.rowKey), f.aliases.Fields(m.fields))
	f.in[m.recipient] = id
	f.sum.Rows++
	return id, err
}

// folds forgets the rows that are told through the message.
func (f *forgetting) folds(key string) error {
	told := make(map[int64]string)
	if err := f.x.Each(func(row Row) error {
		var n int64
		var recipient string
		err := row.Scan(&n, &recipient)
		told[n] = recipient
		return err
	}, "SELECT row, recipient FROM fold WHERE campaign_id = $1 AND key = $2", f.campaign.ID, key); err != nil {
		return err
	}
	for n, recipient := range told {
		alias := f.aliases.Recipient(recipient)
		if err := f.x.Exec("UPDATE fold SET recipient = $1, seal = $2 WHERE campaign_id = $3 AND key = $4 AND row = $5",
			alias, SealOf(n, f.campaign.ID, key, alias), f.campaign.ID, key, n); err != nil {
			return err
		}
		f.sum.Rows++
	}
	return nil
}

// ForgetAddress forgets an address outside of campaigns: see ledger.Forgetter.
func (l Common) ForgetAddress(ctx context.Context, a message.Address, by ledger.Act) (ledger.Forgotten, error) {
	named, waiting, err := l.naming(ctx, a)
	if err != nil {
		return ledger.Forgotten{}, err
	}
	sum := ledger.Forgotten{Receipts: len(named), Waiting: waiting}
	err = l.DB.Write(ctx, "forget an address", func(x Tx) error {
		x.Lock("suppression")
		of, err := aliases(x)
		if err != nil {
			return err
		}
		if sum.Lines, err = forgetLines(x, a, of.Address(a)); err != nil {
			return err
		}
		for _, id := range named {
			if err := x.Exec("UPDATE receipt SET raw = $1, head = NULL WHERE id = $2", []byte{}, id); err != nil {
				return err
			}
		}
		return x.Audit("", by)
	})
	return sum, err
}

// forgetLines puts the alias in the place of the address on the suppression list; what people wrote about it goes.
func forgetLines(x Tx, a, alias message.Address) (int, error) {
	var lines []ledger.Suppression
	err := x.Each(func(row Row) error {
		var s ledger.Suppression
		var at int64
		err := row.Scan(&s.ID, &s.Channel, &s.Reason, &s.Who, &at)
		s.At = Moment(at)
		lines = append(lines, s)
		return err
	}, "SELECT id, channel, coalesce(reason, ''), who, at FROM suppression WHERE lower(address) = $1 ORDER BY id", strings.ToLower(string(a)))
	for _, s := range lines {
		if s.Address = alias; s.Reason == "" {
			s.Note = strings.TrimSuffix(message.ForgottenMark, ":")
		}
		err = errors.Join(err, x.Exec("UPDATE suppression SET address = $1, note = $2, seal = $3 WHERE id = $4",
			string(s.Address), s.Note, SealSuppression(s), s.ID))
	}
	return len(lines), err
}

// naming are the receipts that name an address, and how many of them are not settled yet. Every one is looked at: no index has what is in them.
func (l Common) naming(ctx context.Context, a message.Address) (settled []int64, waiting int, err error) {
	marks := marksOf(a)
	err = l.DB.Read(ctx, func(row Row) error {
		var id int64
		var raw, head []byte
		var fate ledger.ReceiptFate
		if err := row.Scan(&id, &raw, &head, &fate); err != nil {
			return err
		}
		if !names(raw, marks) && !names(head, marks) {
			return nil
		}
		if fate == ledger.ReceiptNew || fate == ledger.ReceiptHeld {
			waiting++
			return nil
		}
		settled = append(settled, id)
		return nil
	}, "SELECT id, raw, head, fate FROM receipt WHERE length(raw) > 0")
	return settled, waiting, l.DB.Asking(err, "read the receipts that name an address")
}

// digitsTold is how many digits at the end tell a phone number: vendors leave out the country.
const digitsTold = 10

// marksOf are the texts by which an address is found in what vendors write.
func marksOf(a message.Address) [][]byte {
	s := strings.ToLower(string(a))
	if a.Domain() != "" {
		return [][]byte{[]byte(s), []byte(strings.ReplaceAll(s, "@", "%40"))}
	}
	digits := strings.TrimPrefix(s, "+")
	return [][]byte{[]byte(digits[max(0, len(digits)-digitsTold):])}
}

func names(text []byte, marks [][]byte) bool {
	text = bytes.ToLower(text)
	return slices.ContainsFunc(marks, func(m []byte) bool { return len(m) > 0 && bytes.Contains(text, m) })
}
