package send

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func TestCrewIsAsLargeAsItTakes(t *testing.T) {
	slots := 4 * core()
	answers := func(each time.Duration) func(*crew) {
		return func(c *crew) {
			for range slowSample {
				c.answered(each)
			}
		}
	}
	for name, tc := range map[string]struct {
		inFlight, lying int
		then            func(*crew)
		want            int
	}{
		"one for each message":                 {inFlight: 3, want: 3},
		"no more than the processors want":     {inFlight: slots, lying: slots - core(), want: core()},
		"the vendor answers at once":           {inFlight: slots, lying: 9, then: answers(slowAnswer / 2), want: core()},
		"the vendor takes its time":            {inFlight: slots, lying: 9, then: answers(slowAnswer), want: slots},
		"no more than are in flight":           {inFlight: slots - 1, lying: 9, then: answers(slowAnswer), want: slots - 1},
		"the vendor answers nothing":           {inFlight: slots, lying: 9, then: func(*crew) { time.Sleep(slowTaken) }, want: slots},
		"it was a little slow":                 {inFlight: slots, lying: 9, then: func(*crew) { time.Sleep(slowTaken - 1) }, want: core()},
		"it answers nothing, but nothing lies": {inFlight: core(), then: func(*crew) { time.Sleep(slowTaken) }, want: core()},
		"each waits for its time":              {inFlight: slots, then: func(c *crew) { c.all = true }, want: slots},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				home := make(chan struct{})
				c := &crew{work: func() { <-home }}
				again := c.hire(tc.lying, tc.inFlight, slots)
				if (again > 0) != (tc.lying > 0) {
					t.Errorf("with %d lying, to look again in %v", tc.lying, again)
				}
				if tc.then != nil {
					tc.then(c)
				}
				c.hire(tc.lying, tc.inFlight, slots)
				if c.size != tc.want {
					t.Errorf("the crew is %d, not %d of %d", c.size, tc.want, slots)
				}
				close(home)
				c.Wait()
			})
		})
	}
}

// A vendor that is slow at first is not for ever: what counts is how long answers take now.
func TestCrewStaysSmallAfterASlowStart(t *testing.T) {
	c := &crew{work: func() {}}
	for range slowSample / 10 {
		c.answered(4 * slowAnswer)
	}
	for range slowSample {
		c.answered(slowAnswer / 4)
	}
	c.hire(1, 2*core(), 2*core())
	if c.size != core() {
		t.Errorf("the crew is %d, not %d", c.size, core())
	}
	c.Wait()
}

// One that lies there and is not taken up is enough to see that workers are missing, and it is looked at no later than that can be said.
func TestWhenMissingWorkersAreSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slots, home := 4*core(), make(chan struct{})
		c := &crew{work: func() { <-home }}
		for _, step := range []struct {
			passes time.Duration
			lying  int
			again  time.Duration
			all    bool
		}{
			{0, 1, slowTaken, false},
			{20 * time.Millisecond, 1, slowTaken - 20*time.Millisecond, false},
			{10 * time.Millisecond, 2, slowTaken, false}, // it moves
			{30 * time.Millisecond, 1, slowTaken, false},
			{30 * time.Millisecond, 0, 0, false},
			{slowTaken, 1, slowTaken, false},
			{slowTaken, 1, 0, true},
		} {
			time.Sleep(step.passes)
			if again := c.hire(step.lying, slots, slots); again != step.again || c.all != step.all {
				t.Errorf("%+v: again in %v, all: %v", step, again, c.all)
			}
		}
		close(home)
		c.Wait()
	})
}

func TestTheCoreOfACrewGrowsWithTheProcessors(t *testing.T) {
	was := runtime.GOMAXPROCS(2)
	defer runtime.GOMAXPROCS(was)
	two := core()
	if runtime.GOMAXPROCS(4); core() != 2*two || runtime.GOMAXPROCS(0) != 4 {
		t.Errorf("%d on two, %d on four of %d", two, core(), runtime.GOMAXPROCS(0))
	}
}
