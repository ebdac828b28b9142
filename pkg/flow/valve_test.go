package flow_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/flow"
)

// passed lets n messages through a valve at once, each with its place, and says when those left that were not given back.
func passed(t *testing.T, v *flow.Valve, n int, place func(i int) time.Time) []time.Time {
	t.Helper()
	var mu sync.Mutex
	var left []time.Time
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			ok, err := v.Wait(t.Context(), time.Now, time.Time{}, place(i))
			if err != nil {
				t.Error(err)
			}
			if ok {
				mu.Lock()
				defer mu.Unlock()
				left = append(left, time.Now())
			}
		})
	}
	wg.Wait()
	slices.SortFunc(left, time.Time.Compare)
	return left
}

// busiest is the most messages that left within any second.
func busiest(left []time.Time) int {
	most, from := 0, 0
	for to := range left {
		for left[to].Sub(left[from]) >= time.Second {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}

func TestNoMoreThanRateAndBurstLeaveInAnySecond(t *testing.T) {
	const rate, burst = 50, 20
	atOnce, slack := flow.SplitBurst(rate, burst)
	for name, place := range map[string]func(i int, begin time.Time) time.Time{
		"each at its place":     func(i int, begin time.Time) time.Time { return begin.Add(time.Duration(i) * time.Second / rate) },
		"all at the same place": func(_ int, begin time.Time) time.Time { return begin },
		"ten at a time": func(i int, begin time.Time) time.Time {
			return begin.Add(time.Duration(i/10) * 10 * time.Second / rate)
		},
		"all late by half a slack": func(i int, begin time.Time) time.Time { return begin.Add(time.Duration(i)*time.Second/rate - slack/2) },
		"faster than the rate":     func(i int, begin time.Time) time.Time { return begin.Add(time.Duration(i) * time.Second / (3 * rate)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, begin := flow.NewValve(rate, atOnce, slack), time.Now()
				left := passed(t, v, 100, func(i int) time.Time { return place(i, begin) })
				if len(left) == 0 || busiest(left) > rate+burst {
					t.Errorf("%d left, %d of them within a second; %d are allowed", len(left), busiest(left), rate+burst)
				}
				if name == "each at its place" && len(left) != 100 {
					t.Errorf("%d of 100 left, though each was there in time", len(left))
				}
				if first := left[0].Sub(begin); first < -slack {
					t.Errorf("the first left %v before its place", -first)
				}
			})
		})
	}
}

func TestNoMessageLeavesBeforeItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, place := flow.NewValve(10, 1, 50*time.Millisecond), time.Now().Add(700*time.Millisecond)
		if ok, err := v.Wait(t.Context(), time.Now, time.Time{}, place); !ok || err != nil || time.Now().Before(place) {
			t.Errorf("it left %v before its place: %v, %v", time.Until(place), ok, err)
		}
	})
}

func TestALateMessageIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, begin := flow.NewValve(10, 1, 50*time.Millisecond), time.Now()
		for late, want := range map[time.Duration]bool{0: true, 50 * time.Millisecond: true, 51 * time.Millisecond: false, time.Hour: false} {
			v := flow.NewValve(10, 1, 50*time.Millisecond)
			if ok, err := v.Wait(t.Context(), time.Now, time.Time{}, time.Now().Add(-late)); ok != want || err != nil {
				t.Errorf("%v late: it leaves %v, %v; want %v", late, ok, err, want)
			}
		}
		// The second of two that have one place would have to wait for longer than the slack: it is given back, and
		// what it would have taken is there for the next.
		first, _ := v.Wait(t.Context(), time.Now, time.Time{}, begin)
		second, _ := v.Wait(t.Context(), time.Now, time.Time{}, begin)
		third, _ := v.Wait(t.Context(), time.Now, time.Time{}, begin.Add(100*time.Millisecond))
		if !first || second || !third {
			t.Errorf("left: %v, %v, %v", first, second, third)
		}
	})
}

func TestAnAccountWithoutARateWaitsForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, begin := flow.NewValve(0, 0, 0), time.Now()
		v.Scale(0.5) // of no limit is no limit
		left := passed(t, v, 1000, func(int) time.Time { return time.Time{} })
		if len(left) != 1000 || time.Since(begin) != 0 {
			t.Errorf("%d left in %v", len(left), time.Since(begin))
		}
	})
}

func TestAClockThatIsPutBackDoesNotHangTheValve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, begin := flow.NewValve(10, 1, 50*time.Millisecond), time.Now()
		for _, back := range []time.Duration{time.Minute, 24 * time.Hour, 100 * 365 * 24 * time.Hour} {
			clock := func() time.Time { return time.Now().Add(-back) }
			before := time.Now()
			if _, err := v.Wait(t.Context(), clock, time.Time{}, begin.Add(100*time.Millisecond)); err != nil {
				t.Error(err)
			}
			if waited := time.Since(before); waited > 3*time.Second {
				t.Errorf("put back by %v, it waited %v", back, waited)
			}
		}
	})
}

func TestAClockThatIsPutBackLetsNoMoreLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate, burst = 50, 20
		atOnce, slack := flow.SplitBurst(rate, burst)
		v, begin := flow.NewValve(rate, atOnce, slack), time.Now()
		clock := func() time.Time { // half a second in, it is put back by an hour
			if since := time.Since(begin); since > 500*time.Millisecond {
				return time.Now().Add(-time.Hour)
			}
			return time.Now()
		}
		var mu sync.Mutex
		var left []time.Time
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				ok, err := v.Wait(t.Context(), clock, time.Time{}, begin.Add(time.Duration(i)*time.Second/rate))
				mu.Lock()
				defer mu.Unlock()
				if ok && err == nil {
					left = append(left, time.Now())
				}
			})
		}
		wg.Wait()
		slices.SortFunc(left, time.Time.Compare)
		if len(left) < 25 || busiest(left) > rate+burst {
			t.Errorf("%d left, %d of them within a second; %d are allowed", len(left), busiest(left), rate+burst)
		}
	})
}

func TestASlowedValveKeepsToItsPartOfTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, begin := flow.NewValve(100, 1, time.Second), time.Now()
		v.Scale(0.25)
		// At the full rate all 100 would be there within a second: the places were taken before it was slowed down.
		left := passed(t, v, 100, func(i int) time.Time { return begin.Add(time.Duration(i) * 10 * time.Millisecond) })
		if n := busiest(left); n == 0 || n > 26 {
			t.Errorf("%d left within a second at a quarter of 100/s", n)
		}
		v.Scale(1)
		begin = time.Now().Add(time.Second)
		left = passed(t, v, 100, func(i int) time.Time { return begin.Add(time.Duration(i) * 10 * time.Millisecond) })
		if len(left) != 100 {
			t.Errorf("%d of 100 left at the full rate again", len(left))
		}
	})
}

func TestAValveStopsWhenTheRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		v, begin := flow.NewValve(1, 1, time.Second), time.Now()
		time.AfterFunc(300*time.Millisecond, func() { cancel(cause) })
		if ok, err := v.Wait(ctx, time.Now, time.Time{}, begin.Add(2*time.Second)); ok || !errors.Is(err, context.Canceled) {
			t.Errorf("waiting for its place: %v, %v", ok, err)
		}
		if waited := time.Since(begin); waited != 300*time.Millisecond {
			t.Errorf("it stopped after %v", waited)
		}
		if _, err := v.Wait(ctx, time.Now, time.Time{}, time.Time{}); !errors.Is(err, context.Canceled) {
			t.Errorf("without a rate: %v", err)
		}
	})
}
