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
//   - Messages that were never touched are handed out in the order in which they were staged, by how far the channel's reach went. It only goes up.
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
	Alerts
	Credentials
	// Info describes the database itself. It is cheap, however large the ledger is.
	Info(ctx context.Context) (Info, error)
	// Size is how many bytes the ledger takes.
	Size(ctx context.Context) (int64, error)
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
	// caller asks for it under the same number, before it asks for another. The turns of a run come one after the
	// other: its lanes share them.
	Turn(ctx context.Context, t Turn) (Turned, error)
	// Release ends the run, gives up its lease and records why it ended. Open attempts of the run become unknown.
	// ErrLeaseLost where it had ended.
	Release(ctx context.Context, run RunID, now time.Time, why words.Text) error
	// Gather puts in order what vendors call the messages that were settled since it was last done, by all runs, in small transactions with pauses
	// between them. A message is found by that without it, too: what is not in order is read from end to end.
	Gather(ctx context.Context) error
}

// Operators is what a person does. Each call is one transaction and writes an audit entry.
type Operators interface {
	// Pause stops new claims of the campaign at once; what is under way is finished by its run. Of two the first word stands, unless the second
	// outweighs it (Act.Outweighs). Unpause lifts it.
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
	// SetAccount changes an account, which the ledger need not have seen before, for all campaigns. No claim is granted against it once it
	// returned, and every run knows it after its next turn. Its audit entry belongs to no campaign.
	SetAccount(ctx context.Context, account string, s AccountSetting, by Act) error
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
	Snapshot(ctx context.Context, campaign string, day Day) (Snapshot, error)
	// Usage is what was debited on an account: on the day, with what overlaps with it as claims see it, and in its month ("2026-11-20" is in
	// "2026-11").
	Usage(ctx context.Context, account string, day Day) (Usage, error)
	// Accounts is the shared state of every account that the ledger has seen.
	Accounts(ctx context.Context) ([]AccountState, error)
	// Messages reads the messages of a campaign in the order of the list, those in states only (none means all).
	Messages(ctx context.Context, campaign string, states ...message.State) iter.Seq2[Record, error]
	// Review is all that a report tells of a campaign, as it is at one moment: what of it somebody should look at, with at most so many of
	// the messages by state.
	Review(ctx context.Context, campaign string, most int) (Review, error)
	// Stamp is another one whenever something changed that was to be read of a campaign's messages, with their receipts. It is there at once,
	// whatever the campaign's size, so that what was made of all of them can be kept.
	Stamp(ctx context.Context, campaign string) (string, error)
	// Spent is what was tried and spent, of all campaigns, in the order in which they were staged first. It is kept, and not counted.
	Spent(ctx context.Context) ([]Spent, error)
	// Recent reports which of the pairs left, or may have left, at or after since, in a campaign other than except
	// (same address, same fingerprint). The pairs are consumed as a stream.
	Recent(ctx context.Context, except string, since time.Time, pairs iter.Seq[Sent]) iter.Seq2[Sent, error]
	// Told reports what went to the addresses, or may have, whatever the text: campaign by campaign, those that were staged first before the
	// others, and in each in the order in which they were asked. They are consumed as a stream, before the first answer, and not at all where
	// no campaign counts.
	Told(ctx context.Context, w Telling, asked iter.Seq[Told]) iter.Seq2[Told, error]
	// Earlier says for each of the claims how many other messages that count were claimed before it for the same address, and left or may
	// have. Where two runs claim side by side, with Turn.Ordered, and look afterwards, the later claim sees the earlier one, however close they are.
	Earlier(ctx context.Context, c *Counting, claims []Claim) ([]int, error)
	// AuditLog reads what people did, the oldest first; campaign "" means all.
	AuditLog(ctx context.Context, campaign string) ([]AuditEntry, error)
	// Check reads the newest preflight result under the digest; ErrNoCheck where there is none.
	Check(ctx context.Context, campaign, digest string) (Check, error)
	// Wave is how far a campaign has come that goes out in waves; the zero value where none is over.
	Wave(ctx context.Context, campaign string) (WaveState, error)
	// Senders is what an account attempted by day in the names of senders, where it has a Ramp.
	Senders(ctx context.Context, account string) (map[string]DomainHeld, error)
	// Tried is how many attempts of a message that were definitely not accepted say something of it: those that were given back before anything was tried, and
	// those in which the account was refused, do not.
	Tried(ctx context.Context, campaign string, key message.Key) (int, error)
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
	Durable bool      `json:"durable"` // a commit survives power loss: read back from the database, not assumed
	Free    int64     `json:"free"`    // free bytes where it lies; -1 where that cannot be known
	// Unsafe are settings of a server that do not keep what a commit promises, each as "fsync = off"; Skew is how far its clock is ahead.
	Unsafe []string      `json:"unsafe,omitempty"`
	Skew   time.Duration `json:"skew_ns,omitempty"`
	// Server is which server it is, and its line of history: another one was restored or promoted. Synchronous says that a commit is on a
	// standby, too, before it is answered.
	Server      string `json:"server,omitempty"`
	Synchronous bool   `json:"synchronous,omitempty"`
	Synced      string `json:"synced,omitempty"`  // what copies its folder to other machines
	Exposed     string `json:"exposed,omitempty"` // the file or the folder that everybody on this machine may write to
}
