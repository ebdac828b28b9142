// Package ledgertest owns what every ledger driver has to pass: one conformance suite, and the model it is measured
// against. The model, Memory, is a whole ledger itself, passes the same suite, and stands in for a database where thousands of
// simulated campaigns are run.
package ledgertest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Memory is a ledger that lives in memory and survives the crash of those who use it: each Open is another process. It is
// written for being obviously right, and scans where a database would use an index.
type Memory struct {
	leasesOnly bool

	mu        sync.Mutex
	campaigns []*campaign
	messages  int64
	claims    int64
	attempts  []*attempt // attempts[i] has id i+1
	runs      []*run     // runs[i] has id i+1
	accounts  map[string]*ledger.AccountState
	usage     map[[2]string]ledger.Debit        // by account and day
	debited   map[[2]string]time.Time           // when the newest of it was
	domains   map[[2]string]*ledger.DomainState // by account and domain
	audit     []ledger.AuditEntry
	checks    []ledger.Check
	signoffs  []ledger.SignOff // signoffs[i] has ID i+1

	suppressions []ledger.Suppression // suppressions[i] has ID i+1

	alerts  []ledger.Alert
	notices []ledger.Notice // the ID of the last is noticed
	noticed int64
	targets []ledger.Target // by name

	credentials []ledger.Credential

	receipts  []*ledger.Receipt    // receipts[i] has ID i+1
	heard     map[string]time.Time // by account: when something arrived that was not refused
	bookmarks map[string]string
	forgets   bool // somebody was forgotten
}

// NewMemory makes an empty ledger on which the end of a process is known at once, as on one machine.
func NewMemory() *Memory {
	return &Memory{accounts: make(map[string]*ledger.AccountState), usage: make(map[[2]string]ledger.Debit), debited: make(map[[2]string]time.Time), domains: make(map[[2]string]*ledger.DomainState), heard: make(map[string]time.Time), bookmarks: make(map[string]string)}
}

// NewLeasedMemory makes an empty ledger on which a run that died is waited for until its lease and deadlines have passed, as
// when the processes are on several machines.
func NewLeasedMemory() *Memory {
	m := NewMemory()
	m.leasesOnly = true
	return m
}

type campaign struct {
	ledger.Campaign
	messages                   []*msg // in the order in which they were staged
	byKey                      map[message.Key]*msg
	folds                      map[message.Key]map[int]string
	recipients, folded, people int
	spent                      map[purse]ledger.Debit
	ran                        bool // at least once
	wave                       ledger.WaveState
	pace                       string // of the last run
}

type purse struct{ account, currency string }

type msg struct {
	id          int64
	row         int
	recipient   string
	fields      []byte
	key         message.Key
	channel     message.Channel
	address     message.Address
	segments    int
	fingerprint int64
	state       message.State
	attempts    int
	notBefore   time.Time
	pace        flow.Place
	newest      *attempt
	byList      bool // cancelled, and a list did it
	stood       bool // it was attempted, held or cancelled before
	first       bool // it was claimed before it was ever held or cancelled
	facts       map[message.ReceiptState]ledger.Fact
	// What the newest list says of a message that it could not change.
	relisted *relist
}

type relist struct {
	gone        bool // it is not on the list
	row         int
	recipient   string
	fields      []byte
	segments    int
	fingerprint int64
}

type attempt struct {
	id       int64
	msg      *msg
	campaign *campaign
	run      ledger.RunID
	turn     int64 // of the run
	claim    int64 // those of one grant have the same
	account  string
	currency string
	day      string
	scenario string
	segments int
	price    message.Money
	claimed  time.Time
	deadline time.Time
	open     bool
	outcome  message.Outcome
	settled  time.Time
	proof    message.Grade // on which it was settled after it had been unknown
}

type run struct {
	ledger.Run
	campaign *campaign
	handle   *Handle
}

// Handle is one process's view of a Memory: a ledger.Ledger.
type Handle struct {
	m      *Memory
	closed bool // guarded by m.mu
}

var _ ledger.Ledger = (*Handle)(nil)

// Open opens the ledger as a process does.
func (m *Memory) Open() *Handle { return &Handle{m: m} }

// Close ends the process without a word, as a crash does: what it had claimed stays attempting.
func (h *Handle) Close() error {
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	h.closed = true
	return nil
}

// enter begins a transaction; the caller calls the function that it returns when it is done.
func (h *Handle) enter(ctx context.Context) (func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h.m.mu.Lock()
	if h.closed {
		h.m.mu.Unlock()
		return nil, ledger.ErrClosed
	}
	return h.m.mu.Unlock, nil
}

func (m *Memory) find(name string) (*campaign, error) {
	for _, c := range m.campaigns {
		if c.Name == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("campaign %s: %w", name, ledger.ErrNoCampaign)
}

// live are the campaign's runs that have not ended.
func (m *Memory) live(c *campaign) []*run {
	var out []*run
	for _, r := range m.runs {
		if r.campaign == c && r.Ended.IsZero() {
			out = append(out, r)
		}
	}
	return out
}

// bury ends the campaign's runs that can no longer write, but for own, and makes what they left open unknown. It says how many messages
// those were, and who can still write.
func (m *Memory) bury(c *campaign, own *run, now time.Time) (orphans int, held *ledger.LeasedError) {
	for _, r := range m.live(c) {
		if r == own {
			continue
		}
		alive, until := m.alive(r, now)
		switch {
		case !alive:
			orphans += m.orphan(r, now, ledger.CodeCrash, "the run ended without recording what came of it")
			r.Ended, r.Waiting, r.Why = now, words.Text{}, words.T("run.why.lost", nil)
		case held == nil:
			held = &ledger.LeasedError{Holder: r.Run, Until: until}
		case until.IsZero() || !held.Until.IsZero() && until.After(held.Until):
			held.Until = until
		}
	}
	return orphans, held
}

// held reports whether a run of the campaign can still write.
func (m *Memory) held(c *campaign, now time.Time) bool {
	return slices.ContainsFunc(m.live(c), func(r *run) bool {
		alive, _ := m.alive(r, now)
		return alive
	})
}

// alive reports whether the run can still write, and until when, where that is known.
func (m *Memory) alive(r *run, now time.Time) (bool, time.Time) {
	if !m.leasesOnly {
		return !r.handle.closed, time.Time{}
	}
	until := r.Expires
	for _, a := range m.open(r) {
		if last := m.lastDeadline(a); last.After(until) {
			until = last
		}
	}
	return now.Before(until), until
}

func (m *Memory) open(r *run) []*attempt {
	var out []*attempt
	for _, a := range m.attempts {
		if a.open && a.run == r.ID {
			out = append(out, a)
		}
	}
	return out
}

// lastDeadline is that of the attempts that were claimed together: nobody needs to know which of them was the last.
func (m *Memory) lastDeadline(of *attempt) time.Time {
	var last time.Time
	for _, a := range m.attempts {
		if a.claim == of.claim && a.deadline.After(last) {
			last = a.deadline
		}
	}
	return last
}

func (m *Memory) orphan(r *run, now time.Time, code, detail string) int {
	open := m.open(r)
	for _, a := range open {
		a.settle(message.Outcome{Kind: message.OutcomeUnknown, Code: code, Detail: detail}, now, time.Time{})
	}
	return len(open)
}

func (a *attempt) settle(o message.Outcome, at, notBefore time.Time) {
	a.open, a.outcome, a.settled = false, o, at
	a.msg.state = o.Kind.State()
	a.msg.notBefore, a.msg.pace = time.Time{}, flow.PlaceNone
	if a.msg.state == message.Pending {
		a.msg.notBefore = notBefore
	}
}

func (a *attempt) debit() ledger.Debit {
	return ledger.Debit{Messages: 1, Segments: int64(a.segments), Cost: a.price.Times(a.segments)}
}

func add(d, more ledger.Debit, sign int64) ledger.Debit {
	return ledger.Debit{
		Messages: d.Messages + sign*more.Messages, Segments: d.Segments + sign*more.Segments, Cost: d.Cost + message.Money(sign)*more.Cost,
	}
}

func (m *Memory) post(a *attempt, sign int64) {
	p := purse{a.account, a.currency}
	for _, day := range a.days() {
		m.usage[day] = add(m.usage[day], a.debit(), sign)
	}
	a.campaign.spent[p] = add(a.campaign.spent[p], a.debit(), sign)
}

// days are the days on which it is debited: the account's, and its scenario's.
func (a *attempt) days() [][2]string {
	days := [][2]string{{a.account, a.day}}
	if a.scenario != "" {
		days = append(days, [2]string{ledger.ScenarioOf(a.account, a.scenario), a.day})
	}
	return days
}

// overlap is what was debited within the request's day under the names of others.
func (m *Memory) overlap(of string, day ledger.Day) ledger.Debit {
	var d ledger.Debit
	for k, on := range m.usage {
		if k[0] == of && k[1] != day.Name && day.Overlaps(m.debited[k]) {
			d = d.Plus(on)
		}
	}
	return d
}

// usedOn is usageOn, with what overlaps.
func (m *Memory) usedOn(account string, day ledger.Day) ledger.Usage {
	u := m.usageOn(account, day.Name)
	u.Day = u.Day.Plus(m.overlap(account, day))
	return u
}

func (m *Memory) account(name string) *ledger.AccountState {
	if m.accounts[name] == nil {
		m.accounts[name] = &ledger.AccountState{Account: name, Scale: 1}
	}
	return m.accounts[name]
}

func (m *Memory) usageOn(account, day string) ledger.Usage {
	u := ledger.Usage{Day: m.usage[[2]string{account, day}]}
	month := day[:strings.LastIndexByte(day, '-')+1]
	for k, d := range m.usage {
		if k[0] == account && strings.HasPrefix(k[1], month) {
			u.Month = add(u.Month, d, 1)
		}
	}
	return u
}

// pending are the messages that may be claimed at now, in the order in which they are claimed, and when the next of the
// others may be.
func (c *campaign) pending(ch message.Channel, now time.Time) (ready []*msg, next time.Time) {
	for _, m := range c.messages {
		switch {
		case m.state != message.Pending || m.channel != ch:
		case m.ready(now):
			ready = append(ready, m)
		case next.IsZero() || m.notBefore.Before(next):
			next = m.notBefore
		}
	}
	slices.SortStableFunc(ready, func(a, b *msg) int {
		return cmp.Or(b.held()-a.held(), a.again()-b.again(), a.notBefore.Compare(b.notBefore), cmp.Compare(a.id, b.id))
	})
	return ready, next
}

func (m *msg) ready(now time.Time) bool {
	if m.pace != flow.PlaceNone {
		return flow.ReadyPlaced(m.notBefore, now)
	}
	return ledger.Ready(m.notBefore, now)
}

// again is 1 for a message that was attempted, held or cancelled before: those go after the others.
func (m *msg) again() int {
	if m.stood && m.pace == flow.PlaceNone {
		return 1
	}
	return 0
}

// held is 1 for a message that waited for its domain: those go before the others.
func (m *msg) held() int {
	if m.pace != flow.PlaceNone {
		return 1
	}
	return 0
}

// domain is the state of the domain; nil for none.
func (m *Memory) domain(account, domain string) *ledger.DomainState {
	if domain == "" {
		return nil
	}
	k := [2]string{account, domain}
	if m.domains[k] == nil {
		m.domains[k] = new(ledger.DomainState)
	}
	return m.domains[k]
}

func (c *campaign) cancelPending() int {
	n := 0
	for _, m := range c.messages {
		if m.state == message.Pending {
			m.state, m.stood = message.Cancelled, true
			n++
		}
	}
	return n
}

// back brings a message that returned to pending up to the newest list.
func (m *msg) back() {
	r := m.relisted
	m.relisted = nil
	switch {
	case r == nil:
	case r.gone:
		m.state, m.byList, m.stood = message.Cancelled, true, true
	default:
		m.row, m.recipient, m.fields, m.segments, m.fingerprint = r.row, r.recipient, r.fields, r.segments, r.fingerprint
	}
}
