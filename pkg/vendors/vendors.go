// Package vendors owns the seam to the services that deliver messages, and the registry of their kinds.
// An adapter lives in a folder below and knows this package and the words only: it hands over one message, once, and says
// what is known to be true.
//
// The protocol, which every adapter keeps and vendorstest checks:
//
//   - Send makes at most one attempt to hand over the message: no retry, no redirect, no second round trip.
//   - The outcome follows from what was written and read, never from the text of an error. Accepted, rejected, throttled
//     and refused need an answer that was read whole and is in the adapter's table. Unsent needs proof that no byte of the
//     message left. Everything else is unknown.
//   - Outcomes and errors hold no secret, and addresses masked only.
//   - Send may be called concurrently, up to Settings.Concurrency at a time.
package vendors

import (
	"context"
	"crypto"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/words"
)

// Vendor is one account at a vendor, ready to send.
type Vendor interface {
	// Send makes one attempt. It never returns an error: see the protocol. When ctx ends before the message began to
	// leave, the outcome is unsent; afterwards, what was read decides, and without an answer it is unknown.
	Send(ctx context.Context, m message.Message) message.Outcome
	// Close gives up connections. No Send may be under way.
	Close() error
}

// Balancer is a Vendor that can say what is left.
type Balancer interface {
	// Balance asks the vendor. It sends no message.
	Balance(ctx context.Context) (Balance, error)
}

// Finder is a Vendor that can look up a message by our key.
type Finder interface {
	// Find asks the vendor whether it has the message. It sends nothing.
	Find(ctx context.Context, q Query) (Found, error)
}

// Prober is a Vendor whose reachability and credentials can be tried without sending.
type Prober interface {
	// Probe connects and authenticates as Send would. The error says what was refused; it holds no secret.
	Probe(ctx context.Context) error
}

// Narrow is a Vendor that can have room for fewer Sends at a time than it is configured for.
type Narrow interface {
	// Room is for how many there is room; 0 for all. said is what the vendor said to one more, again when that is tried next.
	Room() (n int, said string, again time.Time)
}

// Adviser is a Vendor that knows what receivers will hold against its account, and what its server will not take. It is asked after Probe.
type Adviser interface {
	// Advise is what was found, with what to do about each.
	Advise(load Load) []Advice
}

// Load is what is to be sent.
type Load struct {
	Largest int64 // bytes of the largest message on its way
	UTF8    bool  // an address has letters that are not ASCII before its @
}

// Advice is something that somebody should know before the campaign, or that stops it.
type Advice struct {
	Found, Do words.Text
	Stops     bool
	Strangers bool // it is about what servers beyond this machine hold against us
}

// Wrapper is a decorator around a Vendor.
type Wrapper interface {
	Unwrap() Vendor
}

// As finds an optional ability through decorators.
func As[T any](v Vendor) (T, bool) {
	for v != nil {
		if t, ok := v.(T); ok {
			return t, true
		}
		w, ok := v.(Wrapper)
		if !ok {
			break
		}
		v = w.Unwrap()
	}
	var zero T
	return zero, false
}

// Balance is what a vendor says is left on an account. Fields that it does not tell are nil.
type Balance struct {
	Amount   *message.Money // money left
	Currency string         // of Amount; empty where the vendor does not say
	Messages *int64         // messages, or segments, left in prepaid packages
	// QuotaLimit is the vendor's limit by calendar day, QuotaUsed what counts towards it today.
	QuotaLimit, QuotaUsed *int64
	// Rate is how many messages a second the vendor takes; nil where it does not say.
	Rate *float64
	// Date is the vendor's clock where its answer told it; zero otherwise.
	Date time.Time
}

// Foreign reports that the money is in another currency than this one; where either is not told it is taken for the same.
func (b *Balance) Foreign(currency string) bool {
	return b.Amount != nil && b.Currency != "" && currency != "" && b.Currency != currency
}

// Worth is what is left in money, where a message in packages is worth the price; nil where that cannot be told.
func (b *Balance) Worth(price *message.Money) *message.Money {
	if b.Amount == nil && (b.Messages == nil || price == nil) {
		return nil
	}
	var worth message.Money
	if b.Amount != nil {
		worth = *b.Amount
	}
	if b.Messages != nil && price != nil && *price > 0 {
		worth += price.Times(int(min(max(0, *b.Messages), math.MaxInt64/2/int64(*price))))
	}
	return &worth
}

// maxID is how long a vendor's id of a message may be.
const maxID = 256

// ValidID reports whether a vendor's id of a message can be kept and asked for.
func ValidID(id string) bool {
	return id != "" && len(id) <= maxID && !strings.ContainsFunc(id, func(c rune) bool { return c < ' ' || c == 0x7f || c == '\uFFFD' })
}

// Query looks for one message.
type Query struct {
	Key      message.Key
	To       message.Address
	VendorID string
	// Text is what it says, for a vendor that keeps no id of ours; empty where it cannot be made again.
	Text string
	// Since and Until are when it may have been sent.
	Since, Until time.Time
}

// Found is what a vendor knows of a message.
type Found struct {
	// Answer is accepted (the vendor has it), unsent (the vendor says, in a way that its documentation holds to be final,
	// that it has not), or unknown (it cannot say).
	Answer   message.OutcomeKind
	VendorID string
	Receipt  message.ReceiptState
	Detail   string
}

// Settings are what an adapter gets to build a Vendor.
type Settings struct {
	Account     string // its name in notify.yaml
	Endpoint    string // another address of the same API; empty means the vendor's own
	Concurrency int    // how many Sends at a time; at least 1
	Timeout     time.Duration
	// Options are the account's options as configured, secrets filled in. An adapter refuses options that it does not know
	// and names the nearest known one.
	Options map[string]any
	// DKIM signs what is sent; nil: nobody does, or the server.
	DKIM *DKIM
	// Channels are those that there are; nil are the built-in ones.
	Channels channel.Set
	// Dir is what relative files in Options are relative to.
	Dir string
	// Now is the clock; it is never nil.
	Now func() time.Time
}

// DKIM is a key with which mails are signed (RFC 6376).
type DKIM struct {
	Selector string
	Domain   string // empty: that of the sender
	Key      crypto.Signer
}

// Kind is an adapter as the registry knows it.
type Kind struct {
	Name string // "smtp"
	// Channels are those that it can carry; nil: those that the account's own file says.
	Channels []message.Channel
	// About is what it is, in one line.
	About words.Text
	// Options declares what an account of this kind may set.
	Options option.Declare
	// Abilities are what a Vendor of this kind can do beside sending, where its account or file allows.
	Abilities []Ability
	// New builds a Vendor and checks the options; it makes no connection. Errors are for the operator: they name the key.
	New func(Settings) (Vendor, error)
}

// Ability is something that a Vendor can do beside sending.
type Ability string

// The abilities, each with its interface.
const (
	CanBalance  Ability = "balance"    // Balancer
	CanFind     Ability = "find"       // Finder
	CanProbe    Ability = "probe"      // Prober
	CanList     Ability = "templates"  // TemplateLister
	CanSign     Ability = "sign"       // with Settings.DKIM
	CanSuppress Ability = "suppressed" // SuppressionLister
)

// Registry are the kinds of vendor by name. It is filled explicitly, in package all.
type Registry map[string]Kind

// ErrNoKind says that a vendor is not known.
var ErrNoKind = words.Err("vendors.kind-none", nil)

// New builds the Vendor of an account.
func (r Registry) New(kind string, s Settings) (Vendor, error) {
	k, ok := r[kind]
	if !ok {
		err := words.Err("vendors.kind-unknown", words.A{"kind": kind, "known": diag.Known(kind, r.Names())})
		err.Err = ErrNoKind
		return nil, err
	}
	if s.DKIM != nil && !slices.Contains(k.Abilities, CanSign) {
		return nil, words.Err("vendors.signs-itself", words.A{"account": s.Account, "kind": kind}).Do("vendors.do.signs-itself", nil)
	}
	if s.Concurrency < 1 {
		s.Concurrency = 1
	}
	if s.Timeout <= 0 {
		s.Timeout = 30 * time.Second
	}
	return k.New(s)
}

// Declared is what the kinds declare about their options.
func (r Registry) Declared() option.Kinds {
	kinds := make(option.Kinds, len(r))
	for name, k := range r {
		kinds[name] = k.Options
	}
	return kinds
}

// Names are the known kinds, sorted.
func (r Registry) Names() []string {
	names := make([]string, 0, len(r))
	for n := range r {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}
