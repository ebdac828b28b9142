// Package ledger owns the seam to the database: what has left, what may leave, and who is at work on it.
//
// The protocol, which every driver keeps and ledgertest checks:
//
//   - Stage writes a campaign and all its messages, pending, in one transaction.
//   - Acquire makes a run of a campaign, with a lease for its part: the messages that it claims. It is the only run, unless those that
//     are alive are joined. Attempts that another run left without an outcome become unknown, those and no others, once that run
//     can no longer write: its process is known to be dead, or its lease and the deadline of every open claim have passed. Acquire
//     and Turn look at that.
//   - Turn settles outcomes and claims further messages in one transaction. A claim is granted only inside it, and only
//     while the run is alive, the campaign is neither paused nor aborted, and the account's rate, quota of the day
//     and budget allow it; state, attempt and debit are committed together, with a sync that survives power loss, before
//     Turn returns. Turns of a run have numbers, one after the other: one whose answer was lost is asked for once more under its
//     number, and either done now, or answered with what it did.
//   - Messages that were never touched are handed out in the order of the list, by how far the channel's reach went. It only goes up.
//   - An attempt whose outcome is definite is credited back, once, to the day on which it was claimed.
//
// Drivers import this package and the words. All times are passed in by the caller, so that a test can hold the clock.
package ledger

import (
	"context"
	"iter"
	"time"

	"notify/pkg/message"
	"notify/pkg/words"
)

// Ledger is one open database. It is safe for concurrent use. Every method returns ctx.Err() where ctx ends before the
// transaction began; a transaction that began is finished or rolled back as a whole.
type Ledger interface {
	Campaigns
	Runs
	Operators
	Reader
	SignOffs
	Suppressions
	// Info describes the database itself.
	Info(ctx context.Context) (Info, error)
	// Close waits for the transaction under way and closes the database. Claims that were not settled stay attempting.
	Close() error
}

// Campaigns stages what is to be sent.
type Campaigns interface {
	// Stage writes the plan: everything in one transaction, or nothing. Under a name that is known it adds the messages
	// that are new, brings pending ones up to the new list, cancels pending ones that are no longer on it, restores
	// cancelled-by-list ones that are back, and leaves alone what has been attempted, is unknown, or has an outcome.
	// It refuses with ErrAborted where the campaign was aborted, and with a *LeasedError while a run is alive.
	Stage(ctx context.Context, s Staging) (Staged, error)
	// Campaign reads one campaign; ErrNoCampaign where there is none of that name.
	Campaign(ctx context.Context, name string) (Campaign, error)
	// Campaigns reads all campaigns, the newest first.
	Campaigns(ctx context.Context) ([]Campaign, error)
}

// Runs is what a sending process does.
type Runs interface {
	// Acquire makes a run of the campaign. It returns a *LeasedError while another run is alive or could still write, unless
	// it is to be joined, ErrNoCampaign, or ErrAborted.
	Acquire(ctx context.Context, a Acquire) (Acquired, error)
	// Turn settles and claims in one durable transaction. ErrLeaseLost: this run was declared dead, or has ended; nothing was
	// written, and the caller must send nothing more: what it had open is unknown, and others go on. An *OutOfTurnError: its number
	// is neither that of the run's last turn nor the one after it. After any other error the turn may have been made, or not: the
	// caller asks for it under the same number, before it asks for another. Concurrent Turns of several runs may share a
	// transaction (group commit); those of one run come one after the other.
	Turn(ctx context.Context, t Turn) (Turned, error)
	// Release ends the run, gives up its lease and records why it ended. Open attempts of the run become unknown.
	// ErrLeaseLost where it had ended.
	Release(ctx context.Context, run RunID, now time.Time, why words.Text) error
}

// Operators is what a person does. Each call is one transaction and writes an audit entry.
type Operators interface {
	// Pause stops new claims of the campaign at once; what is under way is finished by its run. Unpause lifts it.
	Pause(ctx context.Context, campaign string, by Act) error
	Unpause(ctx context.Context, campaign string, by Act) error
	// Abort ends the campaign for good: pending messages become cancelled. It returns how many.
	Abort(ctx context.Context, campaign string, by Act) (int, error)
	// Resolve settles unknown messages, each once: to accepted, or not sent (back to pending, credited), or rejected
	// (credited). A message that is not unknown any more is counted in Resolved.Skipped and left alone.
	Resolve(ctx context.Context, campaign string, rs []Resolution, by Act) (Resolved, error)
	// Retry puts rejected messages back to pending; all of them, or those whose code is one of codes. It returns how many.
	Retry(ctx context.Context, campaign string, codes []string, by Act) (int, error)
	// Doubt makes unknown, and debits, what the ledger has forgotten and may have left: those of lost that it has and that are
	// pending, rejected, or left out by a list. Done again, it changes nothing. It returns how many messages became unknown, and a
	// *LeasedError while a run is alive.
	Doubt(ctx context.Context, campaign string, lost []Lost, by Act) (int, error)
	// Audit writes an entry for something a person did elsewhere.
	Audit(ctx context.Context, campaign string, by Act) error
	// SaveCheck keeps the result of a preflight under the digest it was made for.
	SaveCheck(ctx context.Context, c Check) error
}

// Reader reads. Iterators stop with the first error, and hold no lock that stops a writer.
type Reader interface {
	SuppressionReader
	// Counts are the messages by channel and state. The sum is the number of messages of the campaign. They are kept, and not
	// counted: they are there at once, whatever the campaign's size.
	Counts(ctx context.Context, campaign string) (Counts, error)
	// Snapshot is all that a screen shows of a campaign, as it is at one moment; usage on the day and in its month.
	Snapshot(ctx context.Context, campaign, day string) (Snapshot, error)
	// Usage is what was debited on each account: on the day, and in its month ("2026-11-20" is in "2026-11").
	Usage(ctx context.Context, account, day string) (Usage, error)
	// Accounts is the shared state of every account that the ledger has seen.
	Accounts(ctx context.Context) ([]AccountState, error)
	// Messages reads the messages of a campaign in the order of the list, those in states only (none means all).
	Messages(ctx context.Context, campaign string, states ...message.State) iter.Seq2[Record, error]
	// Attention reads what of a campaign somebody should look at, and at most so many of the messages by state.
	Attention(ctx context.Context, campaign string, most int) (Attention, error)
	// Recent reports which of the pairs left, or may have left, at or after since, in a campaign other than except
	// (same address, same fingerprint). The pairs are consumed as a stream.
	Recent(ctx context.Context, except string, since time.Time, pairs iter.Seq[Sent]) iter.Seq2[Sent, error]
	// AuditLog reads what people did, the oldest first; campaign "" means all.
	AuditLog(ctx context.Context, campaign string) ([]AuditEntry, error)
	// Check reads the newest preflight result under the digest; ErrNoCheck where there is none.
	Check(ctx context.Context, campaign, digest string) (Check, error)
	// Runs are the runs of a campaign, the newest first.
	Runs(ctx context.Context, campaign string) ([]Run, error)
}

// Info describes a database.
type Info struct {
	ID      string    `json:"id"`     // its identity: a copy has the same, so that two of one id can be told
	Driver  string    `json:"driver"` // "sqlite"
	Place   string    `json:"place"`  // file, or server and database
	Schema  int       `json:"schema_version"`
	Created time.Time `json:"created,omitzero"`
	Bytes   int64     `json:"bytes"`
	Durable bool      `json:"durable"`           // a commit survives power loss: read back from the database, not assumed
	Free    int64     `json:"free"`              // free bytes where it lies; -1 where that cannot be known
	Synced  string    `json:"synced,omitempty"`  // what copies its folder to other machines
	Exposed string    `json:"exposed,omitempty"` // the file or the folder that everybody on this machine may write to
}

// Staging is a plan on its way into the ledger.
type Staging struct {
	Campaign string // name: the identity
	Digest   string
	// Spec is the frozen campaign as JSON, opaque to the ledger: texts, columns, rules. It replaces the one before it.
	Spec []byte
	By   Act
	// Part is a part of the list: who is not in it is not taken off the list. What is pending is cancelled all the same, as it is
	// not to be sent now; what was rejected stays so.
	Part bool
	// Recipients are consumed once, in the order of the list. The driver may keep what it was given while it asks for the
	// next. An error in the stream rolls everything back.
	Recipients iter.Seq2[Recipient, error]
}

// Recipient is a row of the list with the messages made of it.
type Recipient struct {
	Row    int    // 1-based row in the list
	Key    string // the recipient's key, as the list has it
	Fields []byte // JSON array of the row's values, in the order of the spec's columns
	// Messages are the row's own messages.
	Messages []NewMessage
	// Folds are messages of other rows through which this row is told.
	Folds []Fold
}

// NewMessage is a message before it was ever attempted.
type NewMessage struct {
	Key      message.Key
	Channel  message.Channel
	Address  message.Address
	Segments int
	// Fingerprint tells equal texts to equal addresses across campaigns.
	Fingerprint int64
}

// Fold says that a row shares a message.
type Fold struct {
	Channel message.Channel
	Into    message.Key
}

// Staged says what Stage did to the messages. Added+Updated+Same+Restored+Left = messages of the plan.
type Staged struct {
	Same     int `json:"same"`     // pending, and as the ledger had them
	Added    int `json:"added"`    // new under this name
	Updated  int `json:"updated"`  // pending, brought up to the new list
	Restored int `json:"restored"` // cancelled because a list left them out, and back to pending
	Left     int `json:"left"`     // attempted or settled before: not touched
	Differs  int `json:"differs"`  // of Left: the list now says something else than what left
	Gone     int `json:"gone"`     // pending, or rejected, and no longer on the list: cancelled by this Stage
}

// Campaign is a staged campaign.
type Campaign struct {
	Name    string
	Digest  string
	Spec    []byte
	Staged  time.Time // when the digest was staged
	Created time.Time // when the name was staged first
	Paused  *Act      // who stopped it, nil where nobody did
	Aborted *Act
	// Holders are the runs that have not ended, in the order in which they began.
	Holders []Run
}

// Snapshot is a campaign at one moment: everything in it was read together.
type Snapshot struct {
	Campaign Campaign
	Counts   Counts
	// Accounts are those that carried something of it, by name.
	Accounts []AccountUse
	Last     *Run // the newest run; nil where none ever was
	Reach    Reach
}

// AccountUse is an account as a campaign used it. Its states add up with those of the other accounts to what the channels say.
type AccountUse struct {
	State   AccountState
	ByState map[message.State]int // of the messages whose newest attempt went through it, but for those that are pending or cancelled
	Debit   Debit                 // for this campaign: what is attempting, accepted or unknown
	Usage   Usage                 // of all campaigns
}

// Reach is how far the messages of each channel were handed out: the highest position that was claimed, where positions follow the
// list. A ledger whose reach is lower than one that it once answered has forgotten what lies between.
type Reach map[message.Channel]int64

// RunID identifies a run in a ledger. Zero is no run.
type RunID int64

// Run is one process at work on a campaign.
type Run struct {
	ID   RunID  `json:"id"`
	Host string `json:"host"`
	PID  int    `json:"pid"`
	// Process is when the process of this number began: another of the same number began at another time. Zero where that is not known.
	Process time.Time `json:"process_started,omitzero"`
	User    string    `json:"user"`
	Started time.Time `json:"started"`
	// Beat is the last sign of life; Expires is when the lease runs out without another.
	Beat    time.Time  `json:"beat"`
	Expires time.Time  `json:"expires"`
	Turn    int64      `json:"turn"` // the number of its last turn
	Ended   time.Time  `json:"ended,omitzero"`
	Why     words.Text `json:"why,omitzero"` // why it ended
}

// Acquire asks for a run.
type Acquire struct {
	Campaign string
	// Join takes part beside the runs that are alive. Without it they are a reason to refuse.
	Join bool
	Host string
	PID  int
	// Process is when the process began; zero where that is not known.
	Process time.Time
	User    string
	Now     time.Time
	// Extend is how long the lease lasts without a Turn.
	Extend time.Duration
	// Rates tells one set of rates by domain from another. Where it is not that of the campaign's last run, what waits for a
	// place under such a rate is asked for anew: the old places were too near, or too far.
	Rates string
}

// Acquired is a lease.
type Acquired struct {
	Run      Run
	Campaign Campaign
	// Orphans is how many attempts of runs that are dead became unknown.
	Orphans int
}

// Turn is one transaction of a run.
type Turn struct {
	Run RunID
	// Number is 1 for the run's first turn, and one more for each that follows. 0 takes the next, for a caller that will not
	// ask again.
	Number int64
	Now    time.Time
	// Extend is how long the lease lasts from Now.
	Extend time.Duration
	Settle []Settlement
	// Accounts are changes to the shared state of accounts, applied after Settle and before Claim.
	Accounts []AccountChange
	// Pause pauses the campaign for all its runs, as Operators.Pause does, before Claim; nil does not.
	Pause *Act
	Claim []ClaimRequest
}

// Settlement records what came of an attempt.
type Settlement struct {
	Attempt int64
	Outcome message.Outcome
	At      time.Time
	// NotBefore is when a message that goes back to pending may be claimed again; zero means at once.
	NotBefore time.Time
}

// ClaimRequest asks for messages of one channel to leave through one account.
type ClaimRequest struct {
	Channel message.Channel
	Limits  Limits
	// PaceKey is the key of Limits.DomainRate under which a message to an address counts, empty for none. Nil: the address's domain.
	PaceKey func(message.Address) string
	// Day is the account's calendar day at Now: "2026-11-20". The debit belongs to it.
	Day string
	// DayFrom is when Day began. What was debited since then under the name of another day counts against quota and budget of the day, too:
	// the zone was another one. Zero: not known.
	DayFrom time.Time
	// Max is how many at the most; the caller has that many free slots. Where other runs hold messages of Channel through the account,
	// Limits.Concurrency may allow fewer.
	Max int
	// Lead is how long the commit may take: the first message's place under the rate is not before Now+Lead.
	Lead time.Duration
	// Ahead is how far in the future the last message may have to wait for its turn under the rate.
	Ahead time.Duration
	// Grace is how long after its LeaveAt a claim may still begin to leave; its deadline is LeaveAt+Grace.
	Grace time.Duration
	// Probe says that the account's breaker is being tested: OpenUntil has passed, Max is 1.
	Probe bool
}

// Limits are what an account may do. Zero fields do not limit.
type Limits struct {
	Account string
	Rate    float64 // messages per second
	AtOnce  int     // messages that may leave at once after a pause; 0 means 1
	// DomainRate is messages per second by the recipient's domain (lower case), DefaultDomain for the rest; a domain whose rate
	// is 0, and a message without one, is not limited. A message whose domain is not free is passed over: it is not debited,
	// waits for its place, and then goes before those that never waited.
	DomainRate  map[string]float64
	DailyQuota  int64
	Price       message.Money // for one segment
	DayBudget   message.Money
	MonthBudget message.Money
	// Concurrency is how many messages of the campaign, on one channel, may be open at the account over all runs.
	Concurrency int
	// CampaignBudget limits what the campaign costs over all accounts of one currency.
	CampaignBudget message.Money
	// Currency is that of the money here, such as "CNY". Only debits of the same currency count against CampaignBudget.
	Currency string
}

// Claim is one message that this run must now attempt, exactly once, and settle.
type Claim struct {
	Attempt  int64
	Number   int // 1 for the first attempt of the message
	Account  string
	Key      message.Key
	Channel  message.Channel
	Address  message.Address
	Segments int
	Row      int
	Fields   []byte // JSON array, as in Recipient
	// LeaveAt is the message's place under the account's rate: it must not leave before. Zero: no rate.
	LeaveAt time.Time
	// Deadline is when it must no longer begin to leave.
	Deadline time.Time
}

// HoldReason says why a ClaimRequest got fewer messages than it asked for.
type HoldReason string

// The reasons. HoldNone: it got all that it asked for.
const (
	HoldNone    HoldReason = ""
	HoldEmpty   HoldReason = "empty"   // nothing pending on this channel
	HoldLater   HoldReason = "later"   // pending, all of it with a not-before time
	HoldRate    HoldReason = "rate"    // the rate's next places are too far ahead
	HoldQuota   HoldReason = "quota"   // quota of the day used up
	HoldBudget  HoldReason = "budget"  // budget of day, month or campaign used up
	HoldBreaker HoldReason = "breaker" // the account's breaker is open
	HoldSlots   HoldReason = "slots"   // other runs have all of the account's slots
	HoldPaused  HoldReason = "paused"
	HoldAborted HoldReason = "aborted"
)

// Grant answers one ClaimRequest.
type Grant struct {
	Claims []Claim
	Held   HoldReason
	// Until is when asking again makes sense; zero where time alone does not help.
	Until time.Time
	// Which budget: "day", "month" or "campaign", where Held is HoldBudget.
	Which string
}

// Turned answers a Turn.
type Turned struct {
	// Before says that the turn had been made before, and only its answer was lost: nothing was done now. Grants is nil then, and
	// Recovered are those messages that it claimed and that are still open, in no grant's order. Their places have passed.
	Before    bool
	Recovered []Claim
	// Grants answer Turn.Claim, one by one.
	Grants []Grant
	// Stale are the attempts of Turn.Settle that already had an outcome, or are not this run's: nothing was changed for them.
	Stale []int64
	// Paused and Aborted are who stopped the campaign, nil where nobody did.
	Paused, Aborted *Act
	// Tally is how the campaign stands after the turn, with all its runs; Reach how far it was handed out.
	Tally Tally
	Reach Reach
	// Runs is how many runs of the campaign are alive; Rank the place of this one among them, from 0.
	Runs, Rank int
	// Accounts is the shared state, after the turn, of the accounts that it changed or claimed through.
	Accounts []AccountState
}

// Alone reports that no other run holds an open attempt on the channel, and nothing of it is pending: given that the caller
// holds open so many, nothing more can come.
func (t Turned) Alone(ch message.Channel, open int) bool {
	return t.Tally[ch][message.Pending] == 0 && t.Tally[ch][message.Attempting] <= open
}

// AccountState is what all processes on a ledger share about an account.
type AccountState struct {
	Account string `json:"account"`
	// EmptyAt is when the rate's bucket is, or was, empty.
	EmptyAt time.Time `json:"-"`
	// Since is when somebody last said for how long the account is to be left alone.
	Since time.Time `json:"-"`
	// Scale is the part of the configured rate in force: 1 unless throttled.
	Scale float64 `json:"scale"`
	// NotBefore is when the account may be used again after a throttling answer; zero for now.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Failures is how many attempts in a row spoke against the account.
	Failures int `json:"failures"`
	// OpenUntil is when the breaker may be tested; zero while it is closed.
	OpenUntil time.Time `json:"open_until,omitzero"`
	// Reason is why the breaker is open.
	Reason words.Text `json:"reason,omitzero"`
	Error  words.Text `json:"last_error,omitzero"`
	At     time.Time  `json:"last_error_at,omitzero"`
}

// AccountChange is what a run learned of an account. It is said as what happened, and not as what follows, because other runs learn
// things at the same time: none may write over what another has found out.
type AccountChange struct {
	Account string
	At      time.Time
	// Anew says that what the account waits for counts for nothing: the clock was put back, or a person says that it shall go on. An
	// open breaker is to be tested now.
	Anew bool
	// Well says that the account gave an answer: failures in a row begin anew, and the breaker closes.
	Well bool
	// Failed is how many failures came, after Well where both are set.
	Failed int
	// Scale is set where the part of the rate is to be changed that the caller knows to be in force. If it is another one by now,
	// somebody else has changed it: it stays.
	Scale *Rescale
	// NotBefore and OpenUntil count where they are later than what is known; zero for none. Reason goes with OpenUntil.
	NotBefore, OpenUntil time.Time
	Reason               words.Text
	Error                words.Text // what the vendor said; zero for nothing new
}

// Rescale changes the part of an account's rate from one value to another.
type Rescale struct{ From, To float64 }

// Usage is what was debited and not credited back.
type Usage struct {
	Day   Debit `json:"day"`
	Month Debit `json:"month"`
}

// Debit is messages, segments and money.
type Debit struct {
	Messages int64         `json:"messages"`
	Segments int64         `json:"segments"`
	Cost     message.Money `json:"cost"`
}

// Counts are messages by channel and state.
type Counts struct {
	ByState Tally
	// Recipients is how many rows the campaign has; Folded is how many of their messages are told through another row's.
	Recipients int
	Folded     int
	// People is how many recipients, told through a message of their own or another row's, were staged and not left out since: of all parts of
	// the list, where it was staged in parts. It is counted when a list is staged.
	People int
	// Waiting is how many segments the pending messages have, by channel; a channel without any is left out.
	Waiting map[message.Channel]int64
	// Cost is what is debited for the campaign by account.
	Cost map[string]Debit
}

// Of is how many messages on all channels are in one of the states.
func (c Counts) Of(states ...message.State) int { return c.ByState.Of(states...) }

// Total is how many messages there are.
func (c Counts) Total() int { return c.ByState.Of(message.States()...) }

// Done reports that nothing is left to be sent, nor on its way.
func (c Counts) Done() bool { return c.Of(message.Pending, message.Attempting) == 0 }

// Tally is messages by channel and state. States and channels without a message are left out.
type Tally map[message.Channel]map[message.State]int

// Of is how many messages on all channels are in one of the states.
func (t Tally) Of(states ...message.State) int {
	n := 0
	for _, by := range t {
		for _, s := range states {
			n += by[s]
		}
	}
	return n
}

// Add adds n messages to a state.
func (t Tally) Add(ch message.Channel, s message.State, n int) {
	if n == 0 {
		return
	}
	if t[ch] == nil {
		t[ch] = make(map[message.State]int)
	}
	t[ch][s] += n
}

// Record is a message as the ledger knows it.
type Record struct {
	Row       int
	Recipient string // the recipient's key
	Fields    []byte
	Key       message.Key
	Channel   message.Channel
	Address   message.Address
	Segments  int
	State     message.State
	Attempts  int
	NotBefore time.Time
	// The newest attempt; zero where there was none.
	Attempt  int64
	Account  string
	Claimed  time.Time
	Settled  time.Time
	Code     string
	Detail   string
	VendorID string
	Price    message.Money // for one segment
	// Rows are further rows of the list that are told through this message.
	Rows []int
}

// Sent is a text to an address.
type Sent struct {
	Address     message.Address
	Fingerprint int64
	// Campaign and At are set in answers.
	Campaign string
	At       time.Time
}

// Act is something that a person, or the program on its own, did.
type Act struct {
	Who    string     `json:"who"` // "wang@ops-1", or Itself for the program
	What   string     `json:"what"`
	Reason string     `json:"reason,omitempty"` // as a person typed it
	Said   words.Text `json:"said,omitzero"`    // in place of Reason, where the program did it
	At     time.Time  `json:"at"`
}

// Itself is who did what the program did on its own.
const Itself = "notify"

// Why is the reason as a sentence; zero where none was given.
func (a Act) Why() words.Text {
	if a.Said.IsZero() && a.Reason != "" {
		return words.Raw(a.Reason)
	}
	return a.Said
}

// AuditEntry is an Act on a campaign.
type AuditEntry struct {
	Act
	Campaign string `json:"campaign"`
}

// Resolution settles one unknown message.
type Resolution struct {
	Key message.Key
	// As is accepted, unsent or rejected.
	As       message.OutcomeKind
	VendorID string
	Code     string
	Detail   string
}

// Resolved counts what Resolve did.
type Resolved struct {
	Accepted int `json:"accepted"`
	NotSent  int `json:"not_sent"`
	Rejected int `json:"rejected"`
	Skipped  int `json:"skipped"`
}

// Check is a preflight result as it is kept.
type Check struct {
	Campaign string
	Digest   string
	Verdict  string // "pass", "warn", "fail"
	Result   []byte // JSON
	At       time.Time
	Who      string
}
