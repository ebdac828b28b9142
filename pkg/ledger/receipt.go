package ledger

import (
	"context"
	"iter"
	"strings"
	"time"

	"notify/pkg/message"
	"notify/pkg/words"
)

// Receipts keeps what vendors say later. What arrives is kept first, as it came and each once, and settled afterwards: in any order, however often
// it came, before the message was recorded as accepted, and again after a crash. What is told of a message is joined, so that the order makes no
// difference: of one state the newest time and the best proof count, and of the states that say how it ended the newest.
type Receipts interface {
	// Keep takes receipts in, durably, each once by its hash; news says which of them were new. One that comes again is counted.
	Keep(ctx context.Context, rs []Receipt) (news []bool, err error)
	// Due reads at most so many receipts that are to be settled: new ones, and those held whose time has come, the oldest first.
	Due(ctx context.Context, now time.Time, most int) ([]Receipt, error)
	// Note records what receipts say, all of them in one durable transaction, and what is to become of each. What was noted before changes nothing.
	// by settles the messages that are unknown; there is an audit entry only where there were any.
	Note(ctx context.Context, notes []Note, by Act) ([]Noted, error)
	// Inbox reads receipts, the newest first.
	Inbox(ctx context.Context, q InboxQuery) iter.Seq2[Receipt, error]
	// Inboxes is how the inbox of each account stands, by name. It is kept, and not counted.
	Inboxes(ctx context.Context) ([]Inbox, error)
	// Deliveries is what is known of a campaign's messages by channel and account. It is kept, and not counted.
	Deliveries(ctx context.Context, campaign string) ([]Delivery, error)
	// Proofs reads what is known of messages beyond their standing, those of the keys, or all of the campaign that something was told of,
	// in the order of the list.
	Proofs(ctx context.Context, campaign string, keys ...message.Key) iter.Seq2[Proof, error]
	// Awaited reads messages that an account took, or may have taken, at or after since, of which it is not known how they ended: at most so many,
	// after a place where an earlier answer ended. next is the place to go on from; zero where there are no more.
	Awaited(ctx context.Context, account string, since time.Time, after Place, most int) (rs []Awaited, next Place, err error)
	// Bookmark reads how far something has come that goes on where it stopped; empty where it never began. SetBookmark remembers it.
	Bookmark(ctx context.Context, name string) (string, error)
	SetBookmark(ctx context.Context, name, value string) error
	// Secret is a random text of this ledger, the same for ever and in its copies.
	Secret(ctx context.Context) (string, error)
}

// FormatOneClick is the format of what is no receipt of a vendor: somebody clicked the link in a mail by which he gets no more. It is no sign of life
// of the account.
const FormatOneClick = "one-click"

// FiguresOf is the bookmark under which the figures that were made of a campaign are kept. They name domains: who forgets people drops it.
func FiguresOf(campaign string) string { return "figures/" + campaign }

// ReceiptFate is where a receipt stands.
type ReceiptFate string

// The fates of a receipt.
const (
	ReceiptNew     ReceiptFate = "new"     // kept, and not looked at
	ReceiptHeld    ReceiptFate = "held"    // something in it cannot be settled yet
	ReceiptSettled ReceiptFate = "settled" // all that it says was noted, or is about nothing of ours
	ReceiptRefused ReceiptFate = "refused" // it proves nothing: forged, or not to be read
)

// ReceiptFates are all of them.
func ReceiptFates() []ReceiptFate {
	return []ReceiptFate{ReceiptNew, ReceiptHeld, ReceiptSettled, ReceiptRefused}
}

// Receipt is what arrived, as it came.
type Receipt struct {
	ID      int64 // set by the ledger
	Hash    string
	Account string
	Format  string // who reads it
	Source  string // the address that sent it, a file, or how it was asked for
	Head    []byte // what of the request belongs to it beside the body, as JSON; nil for none
	Raw     []byte
	Grade   message.Grade
	At      time.Time // when it arrived
	Fate    ReceiptFate
	Why     words.Text // of refused, why; of others, what they said that is about no message
	Tries   int        // how often it was held
	Due     time.Time  // of held, when to look again
	Repeats int        // how often it came again
	Noted
}

// ReceiptLate is how long after a message was handed to a vendor a receipt still counts: vendors stop within days, the last of them within 30. What a
// person did may come later, where it names the message.
const ReceiptLate = 30 * 24 * time.Hour

// Note is what is known of one receipt.
type Note struct {
	Receipt int64
	Events  []message.Event
	// Refuse says why the receipt proves nothing; zero where it is settled by its events.
	Refuse words.Text
	// Said is what it said that is about no message.
	Said words.Text
	// Again is when to look at it once more, where one of its events cannot be settled yet; Hold says so of the receipt itself.
	Again time.Time
	Hold  bool
}

// Noted says what became of a receipt's events; they add up.
type Noted struct {
	Ours     int // about a message of ours
	Foreign  int // about none that the account was given
	Late     int // more than ReceiptLate after it
	Contrary int // against what is known to be true
	Held     int // about a message that is under way, or that is unknown where the proof is too weak
	// Ask are those whose proof is too weak: the vendor is to be asked.
	Ask []Ask `json:"-"`
}

// Ask is an event that would settle a message that is unknown, if the vendor said the same.
type Ask struct {
	Event  int // its place among the events
	Record Awaited
}

// Place is where a reading of Awaited ended; the zero value is the beginning.
type Place struct{ Campaign, Message int64 }

// Awaited is a message of which it is not known how it ended.
type Awaited struct {
	Campaign string
	Key      message.Key
	Channel  message.Channel
	Address  message.Address
	State    message.State
	Account  string
	VendorID string
	Claimed  time.Time
}

// InboxQuery says which receipts to read. Zero fields do not limit.
type InboxQuery struct {
	Account string
	// Odd leaves out what is settled and about ours alone.
	Odd  bool
	Most int
}

// Inbox is how the inbox of an account stands.
type Inbox struct {
	Account string `json:"account"`
	// Last is when something arrived that was not refused.
	Last     time.Time `json:"last,omitzero"`
	Receipts int64     `json:"receipts"` // each once
	Repeats  int64     `json:"repeats"`
	Waiting  int64     `json:"waiting"` // new or held
	Refused  int64     `json:"refused"`
	Ours     int64     `json:"ours"`
	Foreign  int64     `json:"foreign"`
	Late     int64     `json:"late"`
	Contrary int64     `json:"contrary"`
}

// Delivery is what is known of the messages that an account took for a campaign.
type Delivery struct {
	Channel message.Channel `json:"channel"`
	Account string          `json:"account"`
	// ByState counts messages by how they ended, and by each further fact that was told of them.
	ByState map[message.ReceiptState]int `json:"by_state"`
	// ByGrade counts those of which it is known how they ended by the proof of it.
	ByGrade map[message.Grade]int `json:"by_grade"`
}

// Ended is of how many messages it is known how they ended.
func (d *Delivery) Ended() int {
	n := 0
	for s, of := range d.ByState {
		if s.Final() {
			n += of
		}
	}
	return n
}

// Proof is what is known of a message beyond its standing.
type Proof struct {
	Key message.Key
	// Settled is the proof on which an unknown message was settled; empty where none was.
	Settled message.Grade
	Facts   []Fact // by state, in the order of message.ReceiptStates
}

// Fact is one thing that was told of a message, however often.
type Fact struct {
	State    message.ReceiptState
	Code     string
	Detail   string
	Grade    message.Grade
	At       time.Time // the newest
	Segments int
}

// Join takes in that it was told once more. In whatever order and however often, the result is the same.
func (f Fact) Join(o Fact) Fact {
	if o.Grade.Compare(f.Grade) > 0 {
		f.Grade = o.Grade
	}
	f.Segments = max(f.Segments, o.Segments)
	if newer := o.At.Compare(f.At); newer > 0 || newer == 0 && (o.Code > f.Code || o.Code == f.Code && o.Detail > f.Detail) {
		f.At, f.Code, f.Detail = o.At, o.Code, o.Detail
	}
	return f
}

// Ended is how the message ended: the newest of the facts that say so, and at one moment the worst; nil where none does.
func Ended(facts []Fact) *Fact {
	var end *Fact
	for i := range facts {
		f := &facts[i]
		if f.State.Final() && (end == nil || !f.At.Before(end.At)) {
			end = f
		}
	}
	return end
}

// FactOf is an event as a fact; one without a time happened when its receipt arrived, at the latest.
func FactOf(e message.Event, arrived time.Time) Fact {
	at := e.At
	if !given(at) {
		at = arrived
	}
	return Fact{State: e.State, Code: e.Code, Detail: e.Detail, Grade: e.Grade, At: at, Segments: e.Segments}
}

// Judgement is what an event means for a message as it stands.
type Judgement string

// The judgements.
const (
	JudgeRecord   Judgement = "record"   // it is noted
	JudgeResolve  Judgement = "resolve"  // it settles the message, and is noted
	JudgeOurs     Judgement = "ours"     // it says nothing new
	JudgeForeign  Judgement = "foreign"  // it is about no attempt of ours
	JudgeLate     Judgement = "late"     // it comes too late
	JudgeContrary Judgement = "contrary" // it speaks against what is known to be true
	JudgeHold     Judgement = "hold"     // the message is under way
	JudgeAsk      Judgement = "ask"      // it would settle the message if its proof were better
)

// Candidate is a message that an event may be about: what all drivers judge by.
type Candidate struct {
	Awaited
	Attempts int
}

// Fits reports whether nothing in the event speaks against its being about the message.
func (c *Candidate) Fits(account string, e message.Event, arrived time.Time) bool {
	switch {
	case c.Account != account, e.To != "" && !strings.EqualFold(string(e.To), string(c.Address)):
		return false
	case e.Key != "":
		return e.Key == c.Key
	}
	return !c.other(e) && !c.Claimed.After(FactOf(e, arrived).At.Add(ReceiptSlack))
}

// other reports whether the event is about another attempt than the newest.
func (c *Candidate) other(e message.Event) bool {
	return c.VendorID != "" && e.VendorID != "" && c.VendorID != e.VendorID
}

// Judge says what an event means for a message that it fits.
func (c *Candidate) Judge(e message.Event, arrived time.Time) Judgement {
	switch {
	case c.Attempts == 0:
		return JudgeForeign
	case c.other(e):
		return JudgeContrary
	case arrived.Sub(c.Claimed) > ReceiptLate && (e.Key == "" || e.State.Final() || e.State == message.Waiting):
		return JudgeLate
	}
	switch c.State {
	case message.Attempting:
		return JudgeHold
	case message.Accepted:
		if e.State == message.Waiting {
			return JudgeOurs
		}
		return JudgeRecord
	case message.Unknown:
		if e.Grade.Settles() {
			return JudgeResolve
		}
		return JudgeAsk
	case message.Pending, message.Rejected, message.Cancelled:
	}
	if e.State.Arrived() {
		return JudgeContrary
	}
	return JudgeOurs
}

// Count counts an event that was judged. place is its place among the events.
func (n *Noted) Count(j Judgement, place int, c *Candidate) {
	switch j {
	case JudgeForeign:
		n.Foreign++
	case JudgeLate:
		n.Late++
	case JudgeContrary:
		n.Contrary++
	case JudgeHold:
		n.Held++
	case JudgeAsk:
		n.Held++
		n.Ask = append(n.Ask, Ask{Event: place, Record: c.Awaited})
	case JudgeOurs, JudgeRecord, JudgeResolve:
		n.Ours++
	}
}

// ResolutionOf is how an event settles a message that is unknown: the vendor did not hand it on, or had it.
func ResolutionOf(key message.Key, e message.Event) Resolution {
	r := Resolution{Key: key, As: message.OutcomeAccepted, VendorID: e.VendorID, Code: CodeReceipt, Grade: e.Grade}
	if e.State == message.Dropped {
		r.As, r.Detail = message.OutcomeRejected, e.Code
	}
	return r
}

// Suppresses is the line of the suppression list that follows from what was told of a message: nobody writes again to a mailbox or number that
// does not exist, to who complained, and to who wants no more. Its note is the campaign.
func Suppresses(of *Awaited, state message.ReceiptState, now time.Time) (Suppression, bool) {
	reason := map[message.ReceiptState]string{
		message.HardBounce: "hard-bounce", message.Complained: "complaint", message.OptedOut: "opt-out",
	}[state]
	return Suppression{Address: of.Address, Channel: of.Channel, Reason: reason, Note: of.Campaign, Who: Itself, At: now}, reason != ""
}

// CodeReceipt is the code of a message that was unknown and that a receipt settled.
const CodeReceipt = "notify:receipt"

// ReceiptSlack is how much earlier than a message was claimed its events may seem to be: vendors' clocks, and times without seconds.
const ReceiptSlack = time.Minute

// Counted is where a message counts in the tally of facts.
type Counted struct {
	State message.ReceiptState
	Grade message.Grade
}

// CountsOf is where a message with these facts counts: once for how it ended, with the best proof of that, and once for each further fact. The facts
// are in the order of message.ReceiptStates.
func CountsOf(facts []Fact) []Counted {
	var out []Counted
	if end := Ended(facts); end != nil {
		out = append(out, Counted{end.State, end.Grade})
	}
	for _, f := range facts {
		if !f.State.Final() {
			out = append(out, Counted{f.State, f.Grade})
		}
	}
	return out
}
