package send

import (
	"runtime"
	"sync"
	"time"
)

// crew are the workers of a lane. A vendor that answers at once needs few: more would only wait for a processor, each with a
// connection and a stack of its own, while what they hold could be claimed and settled together. A vendor that takes its time
// needs one for every slot, and so does a rate: each message waits there for its time.
type crew struct {
	sync.WaitGroup

	work func()
	size int
	all  bool // one for every slot is wanted
	took time.Duration
	n    int       // answers that took so long together
	left int       // claims that lay there when it was last looked
	idle time.Time // since when none of them was taken up
}

const (
	// slowAnswer is how long a message takes, on the mean of so many, where the vendor and not the processor is waited for.
	slowAnswer = 5 * time.Millisecond
	slowSample = 1000
	// slowTaken is how long claims lie there at most without one being taken up.
	slowTaken = 50 * time.Millisecond
)

// core is how many workers keep the processors busy: of a mail they take a tenth of a millisecond.
func core() int { return 24 * runtime.GOMAXPROCS(0) }

// answered learns how long a message took.
func (c *crew) answered(took time.Duration) {
	c.took += took
	if c.n++; c.n == slowSample {
		c.all = c.all || c.took/slowSample >= slowAnswer
		c.took, c.n = 0, 0
	}
}

// hire makes the crew as large as it takes for what is in flight, of which some lies there and was not taken up. It says in
// how long to look again; 0 for not at all.
func (c *crew) hire(lying, inFlight, slots int) time.Duration {
	now := time.Now() //nolint:forbidigo // it measures a span, it records nothing
	if lying != c.left || lying == 0 {
		c.left, c.idle = lying, now
	}
	c.all = c.all || now.Sub(c.idle) >= slowTaken
	want := min(inFlight, slots)
	if !c.all {
		want = min(want, core())
	}
	for ; c.size < want; c.size++ {
		c.Go(c.work)
	}
	if lying == 0 || c.all {
		return 0
	}
	return slowTaken - now.Sub(c.idle)
}
