package ledger

import (
	"math"
	"strings"
)

// Ramp is a quota of the day that grows with every day on which something was sent: who begins with all at once is taken for a spammer. All
// campaigns, runs and machines share it. What was attempted counts, whatever came of it.
type Ramp struct {
	// Sender is the domain in whose name mails are sent; empty where only the account counts.
	Sender string
	Start  int64   // messages on the first day
	Factor float64 // by how much more on each that follows
}

// maxRamp is where a quota is none any more.
const maxRamp = 1 << 40

// Most is how many messages may be attempted on a day before which there were so many days with messages.
func (r Ramp) Most(days int) int64 {
	return int64(math.Min(maxRamp, math.Floor(float64(r.Start)*math.Pow(r.Factor, float64(days))+1e-6)))
}

// RampOf is the name under which the ledger has what a sender attempted by day, as if it were a domain that the account sends to. It is no
// name of a domain.
func RampOf(sender string) string { return "from:" + sender }

// SenderOf is the sender of a name that RampOf made, and false for any other name.
func SenderOf(name string) (string, bool) { return strings.CutPrefix(name, RampOf("")) }

// WhichRamp is Grant.Which where the quota of Limits.Ramp is used up.
const WhichRamp = "ramp"

// Uncount takes back a message that was counted on the day, and with which nothing was tried. Of a day before nothing is known any more.
func (d *DomainHeld) Uncount(day string) {
	if d.Day == day && d.Sent > 0 {
		d.Sent--
	}
}

// On brings the figures of a sender to a day. One with messages in between counts; a clock that was put back begins no day anew.
func (d DomainHeld) On(day string) DomainHeld {
	if d.Day < day {
		if d.Sent > 0 {
			d.Days++
		}
		d.Day, d.Sent = day, 0
	}
	return d
}
