package plan

import (
	"encoding/hex"
	"errors"
	"strconv"

	"notify/pkg/campaign"
	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/words"
)

// finish settles shared addresses, counts, and closes the digest.
func (m *maker) finish() error {
	if err := m.plan.rows.Written(); err != nil {
		return errors.Join(err, m.contacts.Close())
	}
	err := m.contacts.Shared(func(cs []contact) error {
		if cs[0].Channel == recipientKey {
			m.sharedKey(cs)
			return nil
		}
		m.sharedAddress(cs)
		return nil
	})
	if err := errors.Join(err, m.contacts.Close()); err != nil {
		return err
	}
	if m.plan.Duplicates > 0 {
		if err := m.recount(); err != nil {
			return err
		}
	}
	for _, ch := range m.channels {
		c := m.counts[ch]
		if m.entries[ch].Class == channel.Mail {
			c.Subjects = len(m.subjects[ch])
		}
		m.plan.Channels = append(m.plan.Channels, *c)
	}
	m.plan.Spec.Listed, m.plan.Spec.Part = m.plan.Listed, m.plan.Part
	m.plan.Digests = m.plan.digests(m.cfg, hex.EncodeToString(m.rows.Sum(nil)[:16]))
	m.plan.Digest = m.plan.Digests.total()
	return nil
}

// recount counts again, without what is told through another row.
func (m *maker) recount() error {
	m.resetCounts()
	for r, err := range m.plan.Rows() {
		if err != nil {
			return err
		}
		for i := range r.Messages {
			m.count(&r.Messages[i])
		}
	}
	return nil
}

// sharedKey looks at rows with one recipient key.
func (m *maker) sharedKey(cs []contact) {
	column := m.plan.Header.Mapped["key"]
	for _, c := range cs[1:] {
		m.problems.Add(diag.Err(m.place(c, column), "plan.key-duplicate", words.A{"row": row(cs[0])}).Do("plan.do.key", nil).Warns())
	}
}

// sharedAddress looks at rows with one address, in the order of the list. Rows with the same text are one message; what
// becomes of others is for the campaign to say.
func (m *maker) sharedAddress(cs []contact) {
	if m.campaign.Shared == campaign.SharedEach {
		m.eachText(cs)
		return
	}
	first := cs[0]
	for _, c := range cs[1:] {
		if c.Fingerprint != first.Fingerprint {
			m.plan.Conflicts++
			if m.campaign.Shared != campaign.SharedFold {
				m.conflict(c, first, words.T("plan.do.shared", nil))
				continue
			}
		}
		m.fold(c, first)
	}
}

// eachText tells every text of a shared address once. The message that stands for equal texts is the one with the lowest
// key, whatever the order of the list, so that a list sorted anew makes the same messages.
func (m *maker) eachText(cs []contact) {
	owners := make(map[int64]contact)
	for _, c := range cs {
		if o, ok := owners[c.Fingerprint]; !ok || string(c.Key[:]) < string(o.Key[:]) {
			owners[c.Fingerprint] = c
		}
	}
	byKey := make(map[[26]byte]contact)
	for _, c := range cs {
		owner := owners[c.Fingerprint]
		if c.Index != owner.Index {
			m.fold(c, owner)
			continue
		}
		if other, ok := byKey[c.Key]; ok {
			m.plan.Conflicts++
			m.conflict(c, other, words.T("plan.do.keys", nil))
			continue
		}
		byKey[c.Key] = c
	}
}

func (m *maker) fold(c, into contact) {
	m.plan.Duplicates++
	m.plan.folds.add(c.Index, c.Channel, message.Key(c.Key[:]), message.Key(into.Key[:]))
}

func (m *maker) conflict(c, other contact, hint words.Text) {
	ch := m.channels[c.Channel]
	column, what := m.plan.Header.Mapped[m.entries[ch].Column], m.entries[ch].What
	m.problems.Add(diag.Err(m.place(c, column), "plan.address-shared", words.A{"address": what, "row": row(other)}).Then(hint))
}

func (m *maker) place(c contact, column string) diag.Place {
	return diag.Place{File: m.plan.Header.File, Sheet: m.plan.Header.Sheet, Row: int(c.Row), Column: column}
}

func row(c contact) string { return strconv.Itoa(int(c.Row)) }
