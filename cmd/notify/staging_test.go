package main

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"notify/pkg/exit"
	"notify/pkg/message"
)

// TestKilledWhileStaging kills the process while it reads a large list and writes it into the ledger. Afterwards all of the
// campaign is there, or nothing of it; and sent again, everybody is told once.
func TestKilledWhileStaging(t *testing.T) {
	t.Parallel()
	const n, kills = 30_000, 6
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	// The window is closed: it is staged, and nothing leaves.
	p := newPlace(t, nil, "NOTIFY_CAPACITY_RECIPIENTS=100000")
	p.must(writeList(p.path("award.csv"), people(1, n)))
	p.write("award.yaml", only("award-2020", message.SMS)+closedWindow())
	began := time.Now()
	p.wants([]int{exit.Paused}, "send", "award.csv", "--yes", "--ledger", "whole.db")
	whole := time.Since(began)
	var all, none int
	for range kills {
		// Staging is the last third of the time that the whole takes.
		delay := whole/3 + time.Duration(chance.Int64N(int64(whole)*2/3))
		run := p.begin("send", "award.csv", "--yes")
		select {
		case <-run.ended:
		case <-time.After(delay): // the moment of the kill is what is drawn
		}
		run.kill()
		p.wants([]int{exit.OK}, "ledger", "check")
		out := p.wants([]int{exit.OK}, "status")
		switch {
		case strings.Contains(out, "no campaign is on this ledger yet"):
			none++
		case strings.Contains(out, "30,000") || strings.Contains(out, "30000"):
			all++
		default:
			t.Fatalf("a part of the campaign is staged\n%s", out)
		}
		if all > 0 {
			break
		}
	}
	t.Logf("killed %d times: %d times nothing was staged, %d times all of it", all+none, none, all)
	p.wants([]int{exit.Paused}, "send", "award.csv", "--yes")
	tally, err := p.receiver.count()
	p.must(err)
	if tally.SMS.Reached != 0 {
		t.Errorf("%d messages left outside the window", tally.SMS.Reached)
	}
	if states := p.told("award-2020"); len(states) != n {
		t.Errorf("%d messages are staged, want %d", len(states), n)
	}
}

// closedWindow is a window of the campaign that is closed now.
func closedWindow() string {
	at := time.Now().In(time.FixedZone("CST", 8*60*60))
	hour := func(d int) string { return at.Add(time.Duration(d) * time.Hour).Format("15") }
	return "window: {from: \"" + hour(12) + ":00\", to: \"" + hour(13) + ":00\"}\n"
}
