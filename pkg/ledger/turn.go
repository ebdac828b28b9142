package ledger

import (
	"slices"
	"time"

	"notify/pkg/message"
	"notify/pkg/words"
)

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
	Turn    int64      `json:"turn"`             // the number of its last turn
	Sent    int64      `json:"sent"`             // how many messages were accepted from it
	Waiting words.Text `json:"waiting,omitzero"` // what it waits for, as it said with its last turn; zero while it sends, and once it ended
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
	// Waiting is what the run waits for; zero while it sends.
	Waiting words.Text
	// Accounts are changes to the shared state of accounts, applied after Settle and before Claim.
	Accounts []AccountChange
	// Domains are changes to the shared state of domains, applied with Accounts.
	Domains []DomainChange
	// Pause pauses the campaign for all its runs, as Operators.Pause does, before Claim; nil does not.
	Pause *Act
	// Waves are the sizes of the campaign's waves: no more messages of a channel are out than are in those that began. Nil: it has none.
	// Wave changes how far they have come, after Settle and before Claim; nil does not.
	Waves []int
	Wave  *WaveChange
	Claim []ClaimRequest
	// Ordered makes the grants of all turns that say so one after the other, so that their numbers are in the order in which they can be seen.
	Ordered bool
	// Watch are accounts of which the caller wants to know how they stand, whether it claims through them or not.
	Watch []string
}

// Sent is how many of what is settled were accepted, without those that were stale.
func (t *Turn) Sent(stale []int64) int64 {
	n := int64(0)
	for _, s := range t.Settle {
		if s.Outcome.Kind == message.OutcomeAccepted && !slices.Contains(stale, s.Attempt) {
			n++
		}
	}
	return n
}

// Settlement records what came of an attempt.
type Settlement struct {
	Attempt int64
	Outcome message.Outcome
	At      time.Time
	// NotBefore is when a message that goes back to pending may be claimed again; zero means at once.
	NotBefore time.Time
	// Uncount are those of Claim.Counted under which it does not count after all, since nothing was tried: of a
	// definite outcome alone. Where the attempt is stale it does.
	Uncount []string
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
	// Wave is how far the campaign has come, where Turn.Waves has any.
	Wave WaveState
	// Runs is how many runs of the campaign are alive; Rank the place of this one among them, from 0.
	Runs, Rank int
	// Accounts is the shared state, after the turn, of the accounts that it changed, claimed through, or watches.
	Accounts []AccountState
}

// Alone reports that no other run holds an open attempt on the channel, and nothing of it is pending: given that the caller
// holds open so many, nothing more can come.
func (t Turned) Alone(ch message.Channel, open int) bool {
	return t.Tally[ch][message.Pending] == 0 && t.Tally[ch][message.Attempting] <= open
}
