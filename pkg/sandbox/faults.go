package sandbox

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"notify/pkg/words"
)

// Faults are probabilities from 0 to 1, by message. At most one of them befalls a message, besides Slow; their sum is at
// most 1. Which message is hit depends on the seed, its address, and how many messages to that address were taken or turned
// away by a fault before; and on nothing else, not on the order or the speed in which the addresses come.
type Faults struct {
	Refuse    float64 `json:"refuse,omitempty"`     // the account is blocked: 403 BLOCKED, 550 5.7.1 at RCPT; not taken
	Throttle  float64 `json:"throttle,omitempty"`   // too fast: 429 RATE, 454 4.7.0 at RCPT; not taken
	Reject    float64 `json:"reject,omitempty"`     // the recipient: 400 NUMBER, 550 5.1.1 at RCPT; not taken
	CutBefore float64 `json:"cut_before,omitempty"` // the connection is cut, at RCPT for mail; not taken
	CutAfter  float64 `json:"cut_after,omitempty"`  // taken, then the connection is cut without an answer
	Garbage   float64 `json:"garbage,omitempty"`    // taken, then the answer is no answer
	// Error500 is 500 INTERNAL, and the message was taken: the case that punishes whoever tries again. SMTP defines its
	// failures as refusals, so a mail gets 451 4.3.0 and is not taken.
	Error500 float64 `json:"error500,omitempty"`
	// Slow adds SlowFor before the answer, whatever it is.
	Slow    float64       `json:"slow,omitempty"`
	SlowFor time.Duration `json:"slow_for,omitempty"` // nanoseconds in JSON; 2 s where it is zero
}

// defaultSlow is longer than a vendor takes, and shorter than clients wait.
const defaultSlow = 2 * time.Second

// What came of a message, as it stands in the record.
const (
	outAccepted  = "accepted"
	outCutAfter  = "cut-after"
	outGarbage   = "garbage"
	outError500  = "error500"
	outRefuse    = "refused"
	outThrottle  = "throttled"
	outReject    = "rejected"
	outCutBefore = "cut-before"
	outBalance   = "balance"
	outQuota     = "quota"
	outRate      = "rate"
	outBlacklist = "blacklisted"
	outTopup     = "topup"
)

// taken is whether the recipient gets the message.
func taken(out string) bool {
	switch out {
	case outAccepted, outCutAfter, outGarbage, outError500:
		return true
	}
	return false
}

// drawn is whether an outcome came from Faults and took nothing, so that the next attempt draws again.
func drawn(out string) bool {
	switch out {
	case outRefuse, outThrottle, outReject, outCutBefore:
		return true
	}
	return false
}

func (f *Faults) check() error {
	sum := 0.0
	for _, p := range []float64{f.Refuse, f.Throttle, f.Reject, f.CutBefore, f.CutAfter, f.Garbage, f.Error500} {
		if !(p >= 0 && p <= 1) {
			return words.Err("sandbox.share", words.A{"share": fmt.Sprint(p)})
		}
		sum += p
	}
	if sum > 1+1e-9 || !(f.Slow >= 0 && f.Slow <= 1) || f.SlowFor < 0 {
		return words.Err("sandbox.faults-sum", words.A{"sum": fmt.Sprint(sum)})
	}
	return nil
}

// fate is what befalls one attempt.
type fate struct {
	fault string        // an outcome, or outAccepted
	wait  time.Duration // before the answer
}

// draw decides by seed, address and the number of draws before.
func (a *Account) draw(seed uint64, channel, to string, try int) fate {
	h := fnv.New64a()
	_, _ = h.Write([]byte(channel + "\x00" + to))
	r := rand.New(rand.NewPCG(seed, h.Sum64()+uint64(try))) // faults have to be the same for a seed
	u, slow, jitter := r.Float64(), r.Float64(), r.Float64()
	out := fate{fault: outAccepted, wait: a.Latency + time.Duration(jitter*float64(a.Jitter))}
	f := &a.Faults
	if slow < f.Slow {
		out.wait += f.SlowFor
		if f.SlowFor == 0 {
			out.wait += defaultSlow
		}
	}
	for _, c := range [...]struct {
		p    float64
		name string
	}{
		{f.Refuse, outRefuse},
		{f.Throttle, outThrottle},
		{f.Reject, outReject},
		{f.CutBefore, outCutBefore},
		{f.CutAfter, outCutAfter},
		{f.Garbage, outGarbage},
		{f.Error500, outError500},
	} {
		if u < c.p {
			out.fault = c.name
			return out
		}
		u -= c.p
	}
	return out
}

// Set sets one fault from words, "cut-after=0.01".
func (f *Faults) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	share, err := strconv.ParseFloat(value, 64)
	if !ok || err != nil || !(share >= 0 && share <= 1) { // NaN is neither
		return words.Err("sandbox.share", words.A{"share": words.Typed(value)})
	}
	by := map[string]*float64{
		"refuse": &f.Refuse, "throttle": &f.Throttle, "reject": &f.Reject, "cut-before": &f.CutBefore, "cut-after": &f.CutAfter,
		"garbage": &f.Garbage, "error500": &f.Error500, "slow": &f.Slow,
	}
	field, ok := by[name]
	if !ok {
		return words.Err("sandbox.fault-none", words.A{"fault": words.Typed(name)})
	}
	*field = share
	return nil
}
