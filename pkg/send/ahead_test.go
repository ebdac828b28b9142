package send_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/vendors"
)

// steady takes its time for each message, and knows how many it had at a time.
type steady struct {
	vendors.Vendor

	mu       sync.Mutex
	in, most int
}

func (v *steady) Send(context.Context, message.Message) message.Outcome {
	v.mu.Lock()
	v.in++
	v.most = max(v.most, v.in)
	v.mu.Unlock()
	time.Sleep(10 * time.Millisecond)
	v.mu.Lock()
	v.in--
	v.mu.Unlock()
	return message.Outcome{Kind: message.OutcomeAccepted}
}

// On a disk that takes 10 ms for a flush, a vendor that takes 10 ms for a message waits half of the time for the next claim. What was
// claimed ahead is there when it has room, and it never has more at a time than its concurrency.
func TestWhatIsClaimedAheadKeepsTheVendorBusy(t *testing.T) {
	took := make(map[int]time.Duration)
	for _, ahead := range []int{0, 16} {
		synctest.Test(t, func(t *testing.T) {
			const people, slots = 1600, 16
			l, v := staged(t, people).Open(), &steady{}
			most := 0
			disk := &turnsOf{Runs: l, turn: func(_ int, do func() (ledger.Turned, error)) (ledger.Turned, error) {
				time.Sleep(10 * time.Millisecond)
				turned, err := do()
				if err == nil {
					most = max(most, turned.Tally[message.SMS][message.Attempting])
				}
				return turned, err
			}}
			begun := time.Now()
			res, err := loopOn(disk, l, v, config.Account{Concurrency: slots, Ahead: ahead}).Run(t.Context())
			if err != nil || res.Pause != nil || res.Sent != people {
				t.Fatalf("%+v %v", res, err)
			}
			took[ahead] = time.Since(begun)
			if v.most != slots || most != slots+ahead {
				t.Errorf("%d claimed ahead: the vendor had up to %d at a time, %d were under way", ahead, v.most, most)
			}
		})
	}
	if took[16]*100 > took[0]*60 {
		t.Errorf("with 16 claimed ahead it took %v, without %v", took[16], took[0])
	}
	t.Logf("with 16 claimed ahead it took %v, without %v", took[16], took[0])
}
