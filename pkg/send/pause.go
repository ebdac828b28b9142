package send

import (
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// PauseReason says in a word why a run ended before everything was sent.
type PauseReason string

// The reasons.
const (
	PauseQuota    PauseReason = "quota"
	PauseBudget   PauseReason = "budget"
	PauseWindow   PauseReason = "window"
	PauseDeadline PauseReason = "deadline"
	PauseBreaker  PauseReason = "breaker"
	PauseRefused  PauseReason = "refused"
	PauseStopWhen PauseReason = "stop-when"
	PauseByPerson PauseReason = "pause"
	// PauseOff: a person switched all accounts off, or left none of them a share.
	PauseOff       PauseReason = "off"
	PauseInterrupt PauseReason = "interrupt"
	// PauseWave: a wave is out, and a person is to say that it goes on.
	PauseWave PauseReason = "wave"
	// PauseLeft is that of a run that saw nothing more to do, while the ledger counts messages that are left.
	PauseLeft PauseReason = "left"

	pauseSibling PauseReason = "sibling" // it ends a lane, not the run
)

// Pause says why a run ended before everything was sent.
type Pause struct {
	Why     PauseReason     `json:"why"`
	Channel message.Channel `json:"channel,omitempty"`
	Account string          `json:"account,omitempty"`
	Detail  words.Text      `json:"detail"`
	// Until is when going on makes sense; zero where time alone does not help.
	Until time.Time `json:"until,omitzero"`
}

// ActStop is what a run's own pause of the campaign is called.
const ActStop = ledger.ActStop

// ByPerson reports a pause that a person asked for, which a person lifts.
func ByPerson(a *ledger.Act) bool { return a != nil && (a.Who != ledger.Itself || a.What != ActStop) }
