package postgres

import (
	"strconv"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"
	"notify/pkg/words"

	"github.com/jackc/pgx/v5"
)

// books are what a transaction reads under its locks and changes: each row is read once, and written once. What wants is queued, and there
// after the next sync.
type books struct {
	t        *tx
	runs     map[ledger.RunID]*liveRun
	lives    map[int64][]ledger.Run // runs that have not ended, by campaign
	tallies  map[int64]stored.Tally
	reaches  map[int64]map[message.Channel]*reached
	accounts map[string]*account
	usage    map[stored.DayOf]*stored.Count
	overlaps map[stored.DayOf]*ledger.Debit // what other days have of a day
	months   map[stored.DayOf]*ledger.Debit
	domains  map[stored.DomainOf]*domain
}

type account struct {
	ledger.AccountState
	dirty bool
}

type domain struct{ now, was ledger.DomainState }

// reached is how far a channel was handed out.
type reached struct {
	last, next int64
	swept      bool // beyond what was claimed none was found that is pending
}

func newBooks(t *tx) *books {
	return &books{
		t: t, runs: make(map[ledger.RunID]*liveRun), lives: make(map[int64][]ledger.Run), tallies: make(map[int64]stored.Tally),
		reaches: make(map[int64]map[message.Channel]*reached), accounts: make(map[string]*account), usage: make(map[stored.DayOf]*stored.Count),
		overlaps: make(map[stored.DayOf]*ledger.Debit), months: make(map[stored.DayOf]*ledger.Debit), domains: make(map[stored.DomainOf]*domain),
	}
}

const (
	lockReach  = `SELECT id FROM reach WHERE campaign_id = $1 ORDER BY channel FOR NO KEY UPDATE`
	tallyQuery = `SELECT channel, state, account, currency, run_id, messages, segments, cost, seal FROM tally WHERE campaign_id = $1`
	reachQuery = `SELECT channel, last_id, next_id, coalesce((SELECT max(c.last_id) FROM claim c
		WHERE c.campaign_id = r.campaign_id AND c.channel = r.channel AND c.last_id IS NOT NULL), 0) FROM reach r WHERE campaign_id = $1`
	makeAccount    = `INSERT INTO account (name) VALUES ($1) ON CONFLICT (name) DO NOTHING`
	accountColumns = `name, empty_at, scale, not_before, failures, open_until, since, reason, error, error_at, weight, off_at, off_who, off_what, off_reason`
	lockAccount    = `SELECT ` + accountColumns + ` FROM account WHERE name = $1 FOR NO KEY UPDATE`
	// '.' follows '-' in ASCII: the days of the month, whatever they are, and nothing else.
	monthQuery = `SELECT coalesce(sum(messages), 0)::bigint, coalesce(sum(segments), 0)::bigint, coalesce(sum(cost), 0)::bigint FROM usage
		WHERE account = $1 AND day >= $2 AND day < $3`
	dayQuery     = `SELECT messages, segments, cost, last FROM usage WHERE account = $1 AND day = $2`
	overlapQuery = `SELECT messages, segments, cost, last FROM usage WHERE account = $1 AND day <> $2 AND last >= $3`
	domainQuery  = `SELECT domain, empty_at, tail, held FROM domain_pace WHERE account = $1 AND domain = ANY($2)`
)

// lockCampaign queues the lock of what the campaign has handed out, and reads how it stands under it.
func (b *books) lockCampaign(campaign int64) {
	if b.tallies[campaign] != nil {
		return
	}
	cells, of := make(stored.Tally), make(map[message.Channel]*reached)
	b.tallies[campaign], b.reaches[campaign] = cells, of
	b.t.ask(func(pgx.Rows) error { return nil }, lockReach, campaign)
	b.t.ask(func(rows pgx.Rows) error {
		k, d, err := scanCell(rows, campaign)
		cells[k] = &stored.Count{Debit: d}
		return err
	}, tallyQuery, campaign)
	b.t.ask(func(rows pgx.Rows) error {
		var ch message.Channel
		var claimed int64
		r := new(reached)
		err := rows.Scan(&ch, &r.last, &r.next, &claimed)
		if err == nil && claimed != r.last {
			err = ledger.Damaged("ledger.damaged.reach", words.A{
				"channel": words.Of("channel", ch), "last": strconv.FormatInt(r.last, 10), "claimed": strconv.FormatInt(claimed, 10),
			})
		}
		of[ch] = r
		return err
	}, reachQuery, campaign)
}

// tally is the campaign's.
func (b *books) tally(campaign int64) (stored.Tally, error) {
	b.lockCampaign(campaign)
	return b.tallies[campaign], b.t.need()
}

// reach is how far the channels of the campaign were handed out.
func (b *books) reach(campaign int64) (map[message.Channel]*reached, error) {
	b.lockCampaign(campaign)
	return b.reaches[campaign], b.t.need()
}

type scanner interface{ Scan(dest ...any) error }

func scanCell(row scanner, campaign int64) (k stored.Cell, d ledger.Debit, err error) {
	var seal int64
	err = row.Scan(&k.Channel, &k.State, &k.Account, &k.Currency, &k.Run, &d.Messages, &d.Segments, &d.Cost, &seal)
	if err == nil && seal != stored.SealOf(k.Values(campaign, d)...) {
		err = stored.Changed(stored.TallyCell, campaign)
	}
	return k, d, err
}

func scanAccount(row scanner) (ledger.AccountState, error) {
	var a ledger.AccountState
	var empty, notBefore, open, since, at int64
	var off stored.Act
	err := row.Scan(append([]any{&a.Account, &empty, &a.Scale, &notBefore, &a.Failures, &open, &since, &a.Reason, &a.Error, &at, &a.Weight}, off.Dest()...)...)
	a.Off = off.Act()
	a.EmptyAt, a.NotBefore, a.OpenUntil = stored.Moment(empty), stored.Moment(notBefore), stored.Moment(open)
	a.Since, a.At = stored.Moment(since), stored.Moment(at)
	return a, err
}

// wantAccount queues the lock of an account.
func (b *books) wantAccount(name string) {
	if b.accounts[name] != nil {
		return
	}
	a := new(account)
	b.accounts[name] = a
	b.t.queue(makeAccount, name)
	b.t.ask(func(rows pgx.Rows) (err error) {
		a.AccountState, err = scanAccount(rows)
		return err
	}, lockAccount, name)
}

// account is the shared state of the account, as it is now in this transaction.
func (b *books) account(name string) (*account, error) {
	b.wantAccount(name)
	return b.accounts[name], b.t.need()
}

// wantDay queues what was debited on the account on the day and in its month. The month is summed before any of its days can change in
// this transaction.
func (b *books) wantDay(of stored.DayOf) {
	b.wantAccount(of.Account)
	inMonth := stored.DayOf{Account: of.Account, Day: stored.MonthOf(of.Day)}
	if b.months[inMonth] == nil {
		m := new(ledger.Debit)
		b.months[inMonth] = m
		b.t.ask(func(rows pgx.Rows) error { return rows.Scan(&m.Messages, &m.Segments, &m.Cost) },
			monthQuery, of.Account, inMonth.Day, inMonth.Day+".")
	}
	if b.usage[of] == nil {
		d := new(stored.Count)
		b.usage[of] = d
		b.t.ask(func(rows pgx.Rows) error { return rows.Scan(&d.Messages, &d.Segments, &d.Cost, &d.Last) }, dayQuery, of.Account, of.Day)
	}
}

func (b *books) day(of stored.DayOf) (*stored.Count, *ledger.Debit, error) {
	b.wantDay(of)
	return b.usage[of], b.months[stored.DayOf{Account: of.Account, Day: stored.MonthOf(of.Day)}], b.t.need()
}

// overlapping adds to a debit what of overlapQuery lies within the day.
func overlapping(day ledger.Day, d *ledger.Debit) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		var on ledger.Debit
		var last int64
		err := rows.Scan(&on.Messages, &on.Segments, &on.Cost, &last)
		if day.Overlaps(stored.Moment(last)) {
			*d = d.Plus(on)
		}
		return err
	}
}

// wantOverlap queues what was debited within the request's day under the names of others, on the account or a scenario of it.
func (b *books) wantOverlap(name string, req ledger.ClaimRequest, now time.Time) {
	of := stored.DayOf{Account: name, Day: req.Day}
	if b.overlaps[of] != nil {
		return
	}
	d := new(ledger.Debit)
	b.overlaps[of] = d
	if req.DayFrom.IsZero() {
		return
	}
	b.wantAccount(of.Account)
	b.t.ask(overlapping(req.On(now), d), overlapQuery, of.Account, of.Day, stored.Nanos(req.DayFrom))
}

// wantDomains queues the state of domains that an account sends to, under the account's lock.
func (b *books) wantDomains(account string, names []string) {
	var asked []string
	for _, name := range names {
		k := stored.DomainOf{Account: account, Domain: name}
		if b.domains[k] == nil {
			b.domains[k] = new(domain)
			asked = append(asked, name)
		}
	}
	if len(asked) == 0 {
		return
	}
	b.wantAccount(account)
	b.t.ask(func(rows pgx.Rows) error {
		var name, held string
		var empty, tail int64
		if err := rows.Scan(&name, &empty, &tail, &held); err != nil {
			return err
		}
		d := b.domains[stored.DomainOf{Account: account, Domain: name}]
		d.now.EmptyAt, d.now.Tail = stored.Moment(empty), stored.Moment(tail)
		err := stored.ReadHeld(held, &d.now.DomainHeld)
		d.was = d.now
		return err
	}, domainQuery, account, asked)
}

func (b *books) domain(account, name string) (*ledger.DomainState, error) {
	b.wantDomains(account, []string{name})
	return &b.domains[stored.DomainOf{Account: account, Domain: name}].now, b.t.need()
}

// debit posts messages of a claim that is made at that time.
func (b *books) debit(c *stored.Claimed, e ledger.Debit, at time.Time) error {
	for _, name := range c.Debited() {
		d, _, err := b.day(stored.DayOf{Account: name, Day: c.Day})
		if err != nil {
			return err
		}
		d.Last = stored.Nanos(at)
	}
	return b.post(c, e, +1)
}

// post debits messages of a claim on its account, scenario and day, or with sign -1 credits what it was debited.
func (b *books) post(c *stored.Claimed, e ledger.Debit, sign int64) error {
	for _, name := range c.Debited() {
		d, m, err := b.day(stored.DayOf{Account: name, Day: c.Day})
		if err != nil {
			return err
		}
		for _, into := range []*ledger.Debit{&d.Debit, m} {
			into.Messages += sign * e.Messages
			into.Segments += sign * e.Segments
			into.Cost += message.Money(sign) * e.Cost
		}
		d.Dirty = true
	}
	return nil
}

// shift counts messages of a campaign in another cell than before. Without a state, from is where new ones come from.
func (b *books) shift(campaign int64, from, to stored.Cell, d ledger.Debit) error {
	cells, err := b.tally(campaign)
	if err == nil {
		cells.Shift(from, to, d)
	}
	return err
}

// resize takes in that a pending message has other segments than before.
func (b *books) resize(campaign int64, ch message.Channel, before, after int64) error {
	cells, err := b.tally(campaign)
	if err != nil {
		return err
	}
	return cells.Resize(ch, before, after)
}

// settled counts messages of a claim as what came of them, and credits what was definitely not accepted.
func (b *books) settled(c *stored.Claimed, from, to message.State, d ledger.Debit) error {
	if err := b.shift(c.Campaign, c.Cell(from), c.Cell(to), d); err != nil {
		return err
	}
	if stored.Debited(to) {
		return nil
	}
	return b.post(c, d, -1)
}

// flush queues what changed, in order.
func (b *books) flush() error {
	if err := b.t.need(); err != nil {
		return err
	}
	for _, name := range stored.SortedKeys(b.accounts, strings.Compare) {
		if a := b.accounts[name]; a.dirty {
			a.dirty = false
			b.t.queue(`UPDATE account SET empty_at = $2, scale = $3, not_before = $4, failures = $5, open_until = $6, since = $7, reason = $8, error = $9,
				error_at = $10, weight = $11, off_at = $12, off_who = $13, off_what = $14, off_reason = $15 WHERE name = $1`,
				append([]any{
					name, stored.Nanos(a.EmptyAt), a.Scale, stored.Nanos(a.NotBefore), a.Failures, stored.Nanos(a.OpenUntil),
					stored.Nanos(a.Since), a.Reason, a.Error, stored.Nanos(a.At), a.Weight,
				}, stored.ActColumns(a.Off)...)...)
		}
	}
	for _, k := range stored.SortedKeys(b.usage, stored.DayOf.Compare) {
		if d := b.usage[k]; d.Dirty {
			d.Dirty = false
			b.t.queue(`INSERT INTO usage (account, day, messages, segments, cost, last) VALUES ($1, $2, $3, $4, $5, $6)
				ON CONFLICT (account, day) DO UPDATE SET messages = excluded.messages, segments = excluded.segments, cost = excluded.cost, last = excluded.last`,
				k.Account, k.Day, d.Messages, d.Segments, int64(d.Cost), d.Last)
		}
	}
	b.flushTallies()
	for _, k := range stored.SortedKeys(b.domains, stored.DomainOf.Compare) {
		d := b.domains[k]
		if d.now.EmptyAt.Equal(d.was.EmptyAt) && d.now.Tail.Equal(d.was.Tail) && d.now.DomainHeld == d.was.DomainHeld {
			continue
		}
		held, err := stored.Held(d.now.DomainHeld)
		if err != nil {
			return err
		}
		d.was = d.now
		b.t.queue(`INSERT INTO domain_pace (account, domain, empty_at, tail, held) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (account, domain) DO UPDATE SET empty_at = excluded.empty_at, tail = excluded.tail, held = excluded.held`,
			k.Account, k.Domain, stored.Nanos(d.now.EmptyAt), stored.Nanos(d.now.Tail), held)
	}
	return nil
}

// flushTallies queues what changed. What no run attempts any more is forgotten: there would be rows of every run that ever was.
func (b *books) flushTallies() {
	for campaign, cells := range b.tallies {
		for _, k := range stored.SortedKeys(cells, stored.Cell.Compare) {
			c := cells[k]
			if !c.Dirty {
				continue
			}
			c.Dirty = false
			if c.Messages == 0 && k.Run != 0 {
				delete(cells, k)
				b.t.queue(`DELETE FROM tally WHERE campaign_id = $1 AND channel = $2 AND state = $3 AND account = $4 AND currency = $5 AND run_id = $6`,
					campaign, string(k.Channel), string(k.State), k.Account, k.Currency, int64(k.Run))
				continue
			}
			values := k.Values(campaign, c.Debit)
			args := make([]any, 0, len(values)+1)
			for _, v := range values {
				args = append(args, v)
			}
			b.t.queue(`INSERT INTO tally (campaign_id, channel, state, account, currency, run_id, messages, segments, cost, seal)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (campaign_id, channel, state, account, currency, run_id)
				DO UPDATE SET messages = excluded.messages, segments = excluded.segments, cost = excluded.cost, seal = excluded.seal`,
				append(args, stored.SealOf(values...))...)
		}
	}
}
