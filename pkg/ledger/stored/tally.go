package stored

import (
	"cmp"
	"database/sql/driver"
	"slices"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Cell is where a message counts in the tally of its campaign.
type Cell struct {
	Channel           message.Channel
	State             message.State
	Account, Currency string
	Run               ledger.RunID
}

// Compare puts cells in order.
func (k Cell) Compare(o Cell) int {
	return cmp.Or(cmp.Compare(k.Channel, o.Channel), cmp.Compare(k.State, o.State), cmp.Compare(k.Account, o.Account),
		cmp.Compare(k.Currency, o.Currency), cmp.Compare(k.Run, o.Run))
}

// Debits reports whether what stands there is debited.
func (k Cell) Debits() bool { return Debited(k.State) }

// Debited reports whether a message in that state is debited.
func Debited(s message.State) bool {
	return s == message.Attempting || s == message.Accepted || s == message.Unknown
}

// Plain is where a message counts that is pending or cancelled.
func Plain(ch message.Channel, s message.State) Cell { return Cell{Channel: ch, State: s} }

// Values are the columns of a cell of a campaign with what it counts, as they are sealed.
func (k Cell) Values(campaign int64, d ledger.Debit) []driver.Value {
	return []driver.Value{campaign, string(k.Channel), string(k.State), k.Account, k.Currency, int64(k.Run), d.Messages, d.Segments, int64(d.Cost)}
}

// Claimed is what the messages of a claim share.
type Claimed struct {
	ID, Campaign           int64
	Run                    ledger.RunID
	Channel                message.Channel
	Account, Currency, Day string
	Scenario               string // of the account, debited as well; empty for none
	Price                  message.Money
}

// Debited are the names under which its messages are debited: the account's, and its scenario's.
func (c *Claimed) Debited() []string {
	if c.Scenario == "" {
		return []string{c.Account}
	}
	return []string{c.Account, ledger.ScenarioOf(c.Account, c.Scenario)}
}

// Dest is where its columns are scanned, in the order of the fields.
func (c *Claimed) Dest() []any {
	return []any{&c.ID, &c.Campaign, &c.Run, &c.Channel, &c.Account, &c.Currency, &c.Day, &c.Scenario, &c.Price}
}

// Cell is where a message of the claim counts in that state.
func (c *Claimed) Cell(s message.State) Cell {
	switch s {
	case message.Pending, message.Cancelled:
		return Plain(c.Channel, s)
	case message.Attempting:
		return Cell{Channel: c.Channel, State: s, Account: c.Account, Currency: c.Currency, Run: c.Run}
	case message.Accepted, message.Rejected, message.Unknown:
	}
	return Cell{Channel: c.Channel, State: s, Account: c.Account, Currency: c.Currency}
}

// Debit is what so many messages with so many segments cost.
func (c *Claimed) Debit(messages, segments int64) ledger.Debit {
	return ledger.Debit{Messages: messages, Segments: segments, Cost: c.Price.Times(int(segments))}
}

// Count is a debit that may have changed.
type Count struct {
	ledger.Debit
	Last  int64 // of an account's day: when the newest of it was debited
	Dirty bool
}

// Tally is a campaign's messages by cell.
type Tally map[Cell]*Count

// Shift counts messages in another cell than before. Without a state, from is where new ones come from.
func (t Tally) Shift(from, to Cell, d ledger.Debit) {
	if d.Messages == 0 || from == to {
		return
	}
	for _, end := range []struct {
		Cell
		sign int64
	}{{from, -1}, {to, +1}} {
		if end.State == "" {
			continue
		}
		cell := t[end.Cell]
		if cell == nil {
			cell = new(Count)
			t[end.Cell] = cell
		}
		cell.Dirty = true
		cell.Messages += end.sign * d.Messages
		if end.State == message.Pending || end.Debits() {
			cell.Segments += end.sign * d.Segments
		}
		if end.Debits() {
			cell.Cost += message.Money(end.sign) * d.Cost
		}
	}
}

// Resize takes in that a pending message has other segments than before.
func (t Tally) Resize(ch message.Channel, before, after int64) error {
	if before == after {
		return nil
	}
	cell := t[Plain(ch, message.Pending)]
	if cell == nil {
		return ledger.Damaged("ledger.damaged.tally", words.A{"channel": words.Of("channel", ch)})
	}
	cell.Segments += after - before
	cell.Dirty = true
	return nil
}

// CancelAll counts all that is pending as cancelled, and says how many those are.
func (t Tally) CancelAll() int {
	n := int64(0)
	for _, k := range SortedKeys(t, Cell.Compare) {
		if k.State == message.Pending {
			n += t[k].Messages
			t.Shift(k, Plain(k.Channel, message.Cancelled), t[k].Debit)
		}
	}
	return int(n)
}

// SpentIn is what the campaign has spent in one currency.
func (t Tally) SpentIn(currency string) (sum message.Money) {
	for k, c := range t {
		if k.Currency == currency {
			sum += c.Cost
		}
	}
	return sum
}

// OpenAt is how many messages of the channel are open at the account.
func (t Tally) OpenAt(ch message.Channel, account string) int {
	n := int64(0)
	for k, c := range t {
		if k.State == message.Attempting && k.Channel == ch && k.Account == account {
			n += c.Messages
		}
	}
	return int(n)
}

// OutOf is how many messages of the channel are out: tried, and not to be tried again.
func (t Tally) OutOf(ch message.Channel) int {
	n := int64(0)
	for k, c := range t {
		if k.Channel == ch && k.State != message.Pending && k.State != message.Cancelled {
			n += c.Messages
		}
	}
	return int(n)
}

// OpenOf is how many messages the run has open.
func (t Tally) OpenOf(run ledger.RunID) (n int64) {
	for k, c := range t {
		if k.Run == run {
			n += c.Messages
		}
	}
	return n
}

// States are the messages by channel and state.
func (t Tally) States() ledger.Tally {
	out := make(ledger.Tally)
	for k, c := range t {
		out.Add(k.Channel, k.State, int(c.Messages))
	}
	return out
}

// Tell adds a cell to what a screen shows of its campaign.
func Tell(s *ledger.Snapshot, k Cell, d ledger.Debit) {
	if d.Messages == 0 {
		return
	}
	s.Counts.ByState.Add(k.Channel, k.State, int(d.Messages))
	if k.State == message.Pending {
		s.Counts.Waiting[k.Channel] += d.Segments
	}
	if k.Account == "" {
		return
	}
	at, found := slices.BinarySearchFunc(s.Accounts, k.Account, func(a ledger.AccountUse, name string) int { return strings.Compare(a.State.Account, name) })
	if !found {
		s.Accounts = slices.Insert(s.Accounts, at, ledger.AccountUse{
			State: ledger.AccountState{Account: k.Account, Scale: 1}, ByState: make(map[message.State]int),
		})
	}
	a := &s.Accounts[at]
	a.ByState[k.State] += int(d.Messages)
	if !k.Debits() {
		return
	}
	a.Debit.Messages += d.Messages
	a.Debit.Segments += d.Segments
	a.Debit.Cost += d.Cost
	s.Counts.Cost[k.Account] = a.Debit
}

// NewCounts are the counts of a campaign before its cells are told.
func NewCounts(recipients, folded, people int) ledger.Counts {
	return ledger.Counts{
		ByState: make(ledger.Tally), Recipients: recipients, Folded: folded, People: people,
		Waiting: make(map[message.Channel]int64), Cost: make(map[string]ledger.Debit),
	}
}
