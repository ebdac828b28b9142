package stored

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

// Note records what receipts say: see ledger.Receipts.
func (l Common) Note(ctx context.Context, notes []ledger.Note, by ledger.Act) ([]ledger.Noted, error) {
	var alone []string // the vendors' ids that stand for messages by themselves
	for _, note := range notes {
		for _, e := range note.Events {
			if e.VendorID != "" && e.Key == "" && !slices.Contains(alone, e.VendorID) {
				alone = append(alone, e.VendorID)
			}
		}
	}
	if len(alone) > 0 {
		if err := l.gather(ctx, gatherFrom); err != nil {
			return nil, err
		}
	}
	var out []ledger.Noted
	err := l.DB.Write(ctx, "note receipts", func(x Tx) (err error) {
		x.Lock("receipt") // facts are read, joined and written
		n := noting{x: x, q: &l.Queries, by: by, used: make(map[string][]usedBy), buried: make(map[int64]bool), resolved: make(map[string]*ledger.Figures)}
		if len(alone) > 0 {
			if n.printed, err = printed(x.Each, alone...); err != nil {
				return err
			}
		}
		out = make([]ledger.Noted, len(notes))
		for i := range notes {
			var err error
			if out[i], err = n.note(&notes[i]); err != nil {
				return err
			}
		}
		for campaign, sum := range n.resolved {
			by.Figures = sum
			if err := x.Audit(campaign, by); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// noting is a transaction in which receipts are noted.
type noting struct {
	x        Tx
	q        *Queries
	by       ledger.Act
	used     map[string][]usedBy        // the campaigns that an account was used for, the newest first
	buried   map[int64]bool             // campaigns whose dead runs were looked after
	resolved map[string]*ledger.Figures // campaigns with a message that was settled
	printed  map[int64][]vendorPrint    // the messages that may have the vendors' ids that stand for messages by themselves
}

func (n *noting) note(note *ledger.Note) (ledger.Noted, error) {
	var r ledger.Receipt
	err := n.x.Each(func(rows Row) (err error) {
		r, err = scanReceipt(rows)
		return err
	}, "SELECT "+receiptColumns+" FROM receipt WHERE id = $1", note.Receipt)
	if err != nil {
		return ledger.Noted{}, err
	}
	if r.ID == 0 {
		return ledger.Noted{}, sql.ErrNoRows
	}
	var out ledger.Noted
	for i, e := range note.Events {
		to, err := n.find(r.Account, e, r.At)
		if err != nil {
			return out, err
		}
		if err := n.event(&out, i, &r, e, to); err != nil {
			return out, err
		}
	}
	return out, n.fate(note, &r, out)
}

// fate writes what became of a receipt.
func (n *noting) fate(note *ledger.Note, r *ledger.Receipt, out ledger.Noted) error {
	fate, why, tries, due := ledger.ReceiptSettled, note.Said, r.Tries, time.Time{}
	switch {
	case !note.Refuse.IsZero():
		fate, why = ledger.ReceiptRefused, note.Refuse
	case out.Held > 0 || note.Hold:
		fate, due, tries = ledger.ReceiptHeld, note.Again, tries+1
	}
	in := ledger.Inbox{
		Account: r.Account, Ours: int64(out.Ours - r.Ours), Foreign: int64(out.Foreign - r.Foreign), Late: int64(out.Late - r.Late),
		Contrary: int64(out.Contrary - r.Contrary),
	}
	stands(&in, r.Fate, -1)
	stands(&in, fate, +1)
	if err := n.x.Exec(`UPDATE receipt SET fate = $1, why = $2, tries = $3, due = $4, ours = $5, foreigns = $6, late = $7, contrary = $8, held = $9 WHERE id = $10`,
		string(fate), why, tries, Nanos(due), out.Ours, out.Foreign, out.Late, out.Contrary, out.Held, r.ID); err != nil {
		return err
	}
	return tellInbox(n.x, in)
}

// candidate is a message that an event may be about.
type candidate struct {
	ledger.Candidate
	id int64
	in *usedBy
}

// event takes in one event about a message; nil is none.
func (n *noting) event(out *ledger.Noted, place int, r *ledger.Receipt, e message.Event, to *candidate) error {
	if to == nil {
		out.Foreign++
		return nil
	}
	judged := to.Judge(e, r.At)
	out.Count(judged, place, &to.Candidate)
	switch judged {
	case ledger.JudgeRecord:
		return n.record(to, ledger.FactOf(e, r.At))
	case ledger.JudgeResolve:
		sum := n.resolved[to.Campaign]
		if sum == nil {
			sum = new(ledger.Figures)
			n.resolved[to.Campaign] = sum
		}
		sum.Messages++
		resolution := ledger.ResolutionOf(to.Key, e)
		if err := n.x.Resolve(to.in.id, resolution, n.by, sum); err != nil {
			return err
		}
		if resolution.As == message.OutcomeAccepted && e.State != message.Waiting {
			return n.record(to, ledger.FactOf(e, r.At))
		}
	case ledger.JudgeOurs, ledger.JudgeForeign, ledger.JudgeLate, ledger.JudgeContrary, ledger.JudgeHold, ledger.JudgeAsk:
	}
	return nil
}

// find is the message that an event is about: by our key; by its address in the newest campaign that fits; or by the vendor's id alone. nil is none.
func (n *noting) find(account string, e message.Event, arrived time.Time) (*candidate, error) {
	used, err := n.campaigns(account)
	if err != nil {
		return nil, err
	}
	for i := range used {
		for _, key := range keysOf(&used[i], e) {
			c, err := n.look(&used[i], "m.key = $2", key)
			if err != nil || c != nil && c.Fits(account, e, arrived) {
				return c, err
			}
		}
	}
	for i := range used {
		for _, id := range n.idsOf(&used[i], e) {
			c, err := n.look(&used[i], "m.id = $2", id)
			if err != nil || c != nil && c.VendorID == e.VendorID && c.Fits(account, e, arrived) {
				return c, err
			}
		}
	}
	return nil, nil
}

// keysOf are the keys that the event's message may have in a campaign: its own, or what its address makes there.
func keysOf(in *usedBy, e message.Event) []string {
	if e.Key != "" {
		return []string{string(e.Key)}
	}
	var keys []string
	for _, ch := range in.channels {
		keys = append(keys, string(message.MakeKey(in.name, ch, e.To, "")))
	}
	return keys
}

// idsOf are the messages of a campaign that may have the event's id, where that stands for one by itself.
func (n *noting) idsOf(in *usedBy, e message.Event) []int64 {
	if e.VendorID == "" || e.Key != "" {
		return nil
	}
	var ids []int64
	for _, p := range n.printed[VendorPrint(e.VendorID)] {
		if p.campaign == in.id {
			ids = append(ids, p.message)
		}
	}
	return ids
}

// campaigns are those that an account was used for. What dead runs left there is made unknown first, or it would be held for ever.
func (n *noting) campaigns(account string) ([]usedBy, error) {
	if of, ok := n.used[account]; ok {
		return of, nil
	}
	var of []usedBy
	err := n.x.Each(func(rows Row) error {
		var u usedBy
		var ch message.Channel
		if err := rows.Scan(&u.id, &u.name, &u.first, &u.last, &ch); err != nil {
			return err
		}
		if last := len(of) - 1; last >= 0 && of[last].id == u.id {
			of[last].channels = append(of[last].channels, ch)
			return nil
		}
		u.channels = []message.Channel{ch}
		of = append(of, u)
		return nil
	}, `SELECT DISTINCT c.id, c.name, c.first_id, c.last_id, t.channel FROM tally t JOIN campaign c ON c.id = t.campaign_id
		WHERE t.account = $1 ORDER BY c.id DESC`, account)
	n.used[account] = of
	return of, err
}

const candidateQuery = `SELECT m.id, m.key, m.channel, m.address, m.state, m.attempts, coalesce(m.vendor_id, ''), coalesce(c.account, ''), coalesce(c.claimed_at, 0)
	FROM message_standing m LEFT JOIN claim c ON c.id = m.claim_id WHERE m.campaign_id = $1 AND `

// look reads a message of a campaign; nil where there is none.
func (n *noting) look(in *usedBy, where string, value any) (*candidate, error) {
	c := candidate{in: in, Candidate: ledger.Candidate{Awaited: ledger.Awaited{Campaign: in.name}}}
	var claimed int64
	err := n.x.One([]any{&c.id, &c.Key, &c.Channel, &c.Address, &c.State, &c.Attempts, &c.VendorID, &c.Account, &claimed},
		candidateQuery+where, in.id, value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c.Claimed = Moment(claimed)
	if c.State == message.Attempting && !n.buried[in.id] {
		n.buried[in.id] = true
		if err := n.x.BuryAll(in.id, n.by.At); err != nil {
			return nil, err
		}
		return n.look(in, where, value)
	}
	return &c, nil
}

// record joins a fact to those of a message, and counts.
func (n *noting) record(of *candidate, f ledger.Fact) error {
	var facts []ledger.Fact
	err := n.x.Each(func(rows Row) error {
		var f ledger.Fact
		var at int64
		err := rows.Scan(&f.State, &f.Code, &f.Detail, &f.Grade, &at, &f.Segments)
		f.At = Moment(at)
		facts = append(facts, f)
		return err
	}, "SELECT state, code, detail, grade, at, segments FROM fact WHERE campaign_id = $1 AND message_id = $2", of.in.id, of.id)
	if err != nil {
		return err
	}
	facts = inOrder(ledger.Proof{Facts: facts}).Facts
	before := ledger.CountsOf(facts)
	joined := false
	for i := range facts {
		if facts[i].State != f.State {
			continue
		}
		if joined = true; facts[i].Join(f) == facts[i] {
			return nil
		}
		f = facts[i].Join(f)
		facts[i] = f
	}
	if line, follows := ledger.Suppresses(&of.Awaited, f.State, n.by.At); follows && !joined {
		if _, err := (list{n.x, n.q}).put(line); err != nil {
			return err
		}
	}
	if !joined {
		facts = inOrder(ledger.Proof{Facts: append(facts, f)}).Facts
	}
	if err := n.x.Exec(`INSERT INTO fact (campaign_id, message_id, state, code, detail, grade, at, segments) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (campaign_id, message_id, state) DO UPDATE SET code = excluded.code, detail = excluded.detail, grade = excluded.grade, at = excluded.at,
			segments = excluded.segments`, of.in.id,
		of.id, string(f.State), n.x.Clean(f.Code), n.x.Clean(f.Detail), string(f.Grade), Nanos(f.At), f.Segments); err != nil {
		return err
	}
	return n.count(of, before, ledger.CountsOf(facts))
}

// count moves a message in the tally of facts.
func (n *noting) count(of *candidate, before, after []ledger.Counted) error {
	for _, end := range []struct {
		counted []ledger.Counted
		by      int
	}{{after, +1}, {before, -1}} {
		for _, c := range end.counted {
			at := []any{of.in.id, string(of.Channel), of.Account, string(c.State), string(c.Grade)}
			if err := n.x.Exec("INSERT INTO fact_tally VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT DO NOTHING", at...); err != nil {
				return err
			}
			if err := n.x.Exec(`UPDATE fact_tally SET messages = messages + $1
				WHERE campaign_id = $2 AND channel = $3 AND account = $4 AND state = $5 AND grade = $6`, append([]any{end.by}, at...)...); err != nil {
				return err
			}
		}
	}
	return nil
}
