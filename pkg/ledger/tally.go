package ledger

import (
	"notify/pkg/message"
)

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
