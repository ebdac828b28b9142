package send_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
)

// slow is a vendor that takes its time, and notes when it was reached.
type slow struct {
	mu sync.Mutex
	at []time.Time
}

func (v *slow) Close() error { return nil }

func (v *slow) Send(context.Context, message.Message) message.Outcome {
	v.mu.Lock()
	v.at = append(v.at, time.Now())
	n := len(v.at)
	v.mu.Unlock()
	time.Sleep(300*time.Millisecond + time.Duration(n*37%200)*time.Millisecond)
	return message.Outcome{Kind: message.OutcomeAccepted}
}

// most is the most that came within any second.
func (v *slow) most() int {
	slices.SortFunc(v.at, time.Time.Compare)
	most, from := 0, 0
	for to := range v.at {
		for v.at[to].Sub(v.at[from]) >= time.Second {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}

// Without a burst no second has more than the rate, and a hundredth of it: not the first one, nor the one after a pause, whatever the
// disk and the vendor take.
func TestNoSecondHasMoreThanTheRateWithoutABurst(t *testing.T) {
	for _, rate := range []int{20, 200, 1000} {
		synctest.Test(t, func(t *testing.T) {
			l, v := staged(t, 3*rate).Open(), &slow{}
			disk := &turnsOf{Runs: l, turn: func(n int, do func() (ledger.Turned, error)) (ledger.Turned, error) {
				time.Sleep(time.Duration(5+n*7%20) * time.Millisecond)
				if n == 40 {
					time.Sleep(2 * time.Second) // somebody else holds the ledger
				}
				return do()
			}}
			res, err := loopOn(disk, l, v, config.Account{Concurrency: rate, Rate: float64(rate)}).Run(t.Context())
			if err != nil || res.Pause != nil || len(v.at) != 3*rate {
				t.Fatalf("%d of %d were sent: %+v, %v", len(v.at), 3*rate, res.Pause, err)
			}
			if most := v.most(); most > rate+max(1, rate/100) {
				t.Errorf("at %d/s one second had %d", rate, most)
			} else {
				t.Logf("at %d/s the fullest second had %d", rate, most)
			}
		})
	}
}
