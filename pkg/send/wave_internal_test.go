package send

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// on is how a channel stands: pending, attempting, accepted, rejected, unknown.
func on(n ...int) map[message.State]int {
	return map[message.State]int{message.Pending: n[0], message.Attempting: n[1], message.Accepted: n[2], message.Rejected: n[3], message.Unknown: n[4]}
}

// A wave is out when each channel has as many out as it has, or nothing left, and what is out is settled.
func TestWhenAWaveIsOut(t *testing.T) {
	for _, tc := range []struct {
		name string
		t    ledger.Tally
		most int
		want bool
	}{
		{"one of each", ledger.Tally{message.SMS: on(9, 0, 1, 1, 1)}, 3, true},
		{"one is missing", ledger.Tally{message.SMS: on(9, 0, 1, 1, 1)}, 4, false},
		{"more than it has", ledger.Tally{message.SMS: on(9, 0, 5, 0, 0)}, 4, true},
		{"the last one", ledger.Tally{message.SMS: on(9, 0, 5, 0, 0)}, 0, false},
		{"one is under way", ledger.Tally{message.SMS: on(9, 1, 2, 0, 0)}, 2, false},
		{"nothing is left", ledger.Tally{message.SMS: on(0, 0, 3, 0, 0)}, 2, false},
		{"one is left", ledger.Tally{message.SMS: on(1, 0, 3, 0, 0)}, 2, true},
		{"the last one is missing", ledger.Tally{message.SMS: on(1, 0, 1, 0, 0)}, 2, false},
		{"on one channel of two", ledger.Tally{message.SMS: on(9, 0, 3, 0, 0), message.Email: on(9, 0, 2, 0, 0)}, 3, false},
		{"on one channel, and nothing is left on the other", ledger.Tally{message.SMS: on(9, 0, 3, 0, 0), message.Email: on(0, 0, 2, 0, 0)}, 3, true},
	} {
		if got := waveOut(tc.t, tc.most); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

// What a run does at the end of a wave of two, of which the next has three.
func TestAtTheEndOfAWave(t *testing.T) {
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	hold := time.Minute
	out, failed := ledger.Tally{message.SMS: on(9, 0, 2, 0, 0)}, ledger.Tally{message.SMS: on(9, 0, 0, 2, 0)}
	over := ledger.WaveState{Held: noon.Add(-hold)}
	type state struct {
		Stands         bool
		Wake           time.Time
		Held, Ask, By  bool // what is told; By: a person's name stands under it
		Next, Told     bool
		Wave           any // which it is about, in what is said
		Why            PauseReason
		Said, WaitsFor string
	}
	for _, tc := range []struct {
		name  string
		tally ledger.Tally
		at    ledger.WaveState
		set   func(*lane)
		want  state
	}{
		{"it is not out", ledger.Tally{message.SMS: on(9, 0, 1, 0, 0)}, over, func(ln *lane) { ln.waits = true }, state{}},
		{"the other channel has paused", ledger.Tally{message.SMS: on(9, 0, 1, 0, 0)}, over, func(ln *lane) { ln.waits = true; ln.loop.paused.Store(true) }, state{Why: pauseSibling, Said: "send.sibling"}},
		{"it has paused, and this one does not wait", ledger.Tally{message.SMS: on(9, 0, 1, 0, 0)}, over, func(ln *lane) { ln.loop.paused.Store(true) }, state{}},
		{"it has paused, and something is under way", ledger.Tally{message.SMS: on(9, 0, 1, 0, 0)}, over, func(ln *lane) { ln.waits, ln.inFlight = true, 1; ln.loop.paused.Store(true) }, state{}},
		{"it is out now", out, ledger.WaveState{}, nil, state{Stands: true, Wake: noon, Told: true, Held: true}},
		{"it is held", out, ledger.WaveState{Held: noon.Add(-hold + 1)}, nil, state{Stands: true, Wake: noon.Add(1), WaitsFor: "send.wait.wave"}},
		{"it was held a moment ahead", out, ledger.WaveState{Held: noon.Add(ledger.PutBack)}, nil, state{Stands: true, Wake: noon.Add(ledger.PutBack + hold), WaitsFor: "send.wait.wave"}},
		{"the clock was put back", out, ledger.WaveState{Held: noon.Add(ledger.PutBack + 1)}, nil, state{Stands: true, Wake: noon, Told: true, Held: true}},
		{"it is over, and the ledger was not looked at since", out, over, func(ln *lane) { ln.beat = noon.Add(-1) }, state{Stands: true, Wake: noon, Told: true}},
		{"it is over", out, over, nil, state{Stands: true, Wake: noon, Told: true, Next: true}},
		{"it is over, and too many failed", failed, over, nil, state{Stands: true, Wake: noon, Told: true, Ask: true}},
		{"it is over, and a person decides", out, over, func(ln *lane) { ln.loop.spec.Waves.Wait = true }, state{Stands: true, Wake: noon, Told: true, Ask: true}},
		{"a person is asked", out, ledger.WaveState{Held: noon.Add(-hold), Asked: true}, nil, state{Stands: true, Why: PauseWave, Said: "send.wave.asked"}},
		{"a person was asked, and has begun this run", out, ledger.WaveState{Held: noon.Add(-hold), Asked: true}, func(ln *lane) { ln.loop.goOn, ln.loop.User, ln.loop.Host = 1, "ann", "ops" }, state{Stands: true, Wake: noon, Told: true, Next: true, By: true}},
		{"a person was asked about the one before", out, ledger.WaveState{Held: noon.Add(-hold), Asked: true}, func(ln *lane) { ln.loop.goOn = 2 }, state{Stands: true, Why: PauseWave, Said: "send.wave.asked"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			now := noon
			ln := readyLane(&now)
			ln.loop.spec.Waves = campaign.Waves{Sizes: []int{2, 3}, Hold: hold, StopWhen: campaign.StopWhen{Failed: 0.5}}
			ln.tally, ln.wave, ln.beat = tc.tally, tc.at, now
			if tc.set != nil {
				tc.set(ln)
			}
			got := state{}
			got.Stands, got.Wake = ln.atWave(t.Context(), now)
			got.Why, got.Said, got.WaitsFor = pausedAs(ln).Why, pausedAs(ln).Said, ln.loop.progress.waits().ID
			if p := ln.end.pause; p != nil {
				got.Wave = p.Detail.Args["wave"]
			} else if got.WaitsFor != "" {
				got.Wave = ln.loop.progress.waits().Args["wave"]
			}
			if c := ln.change; c != nil {
				for _, by := range []*ledger.Act{c.Next, c.Ask} {
					if by != nil {
						got.Wave = by.Said.Args["wave"]
					}
				}
				got.Told, got.Held, got.Ask, got.Next = true, c.Held, c.Ask != nil, c.Next != nil
				got.By = c.Next != nil && c.Next.Who == "ann@ops"
				if c.Number != 0 || !c.At.Equal(noon) {
					t.Errorf("%+v", c)
				}
			}
			if got.Why == PauseWave || got.WaitsFor != "" || got.Ask || got.Next {
				tc.want.Wave = 1 // as people count them
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// bouncing is a ledger of which is asked what receipts said.
type bouncing struct {
	ledger.Reader
	ledger.Receipts
	err error
}

func (r *bouncing) Deliveries(context.Context, string) ([]ledger.Delivery, error) {
	if r.err != nil {
		return nil, r.err
	}
	return []ledger.Delivery{
		{ByState: map[message.ReceiptState]int{message.Delivered: 3, message.HardBounce: 1, message.Waiting: 5}},
		{ByState: map[message.ReceiptState]int{message.Undelivered: 1, message.Clicked: 7}},
	}, nil
}

// A wave is judged by all that is out: what failed, with what came back, and what is unknown.
func TestHowAWaveIsJudged(t *testing.T) {
	tally := ledger.Tally{message.SMS: on(9, 0, 6, 1, 1), message.Email: on(9, 0, 2, 0, 0)} // of ten one failed, one is unknown
	for _, tc := range []struct {
		name   string
		stop   campaign.StopWhen
		reader ledger.Reader
		said   string
		failed int
	}{
		{"no limits", campaign.StopWhen{}, nil, "send.wave.over", 1},
		{"as many as may", campaign.StopWhen{Failed: 0.1, Unknown: 0.1}, nil, "send.wave.over", 1},
		{"more failed", campaign.StopWhen{Failed: 0.09}, nil, "send.wave.failed", 1},
		{"more are unknown", campaign.StopWhen{Failed: 0.09, Unknown: 0.09}, nil, "send.wave.unknown", 1},
		{"as many as may, with two that came back", campaign.StopWhen{Failed: 0.3}, &bouncing{}, "send.wave.over", 3},
		{"more, with two that came back", campaign.StopWhen{Failed: 0.29}, &bouncing{}, "send.wave.failed", 3},
		{"nobody knows what came back", campaign.StopWhen{Failed: 0.1}, &bouncing{err: errors.New("the disk is broken")}, "send.wave.over", 1},
	} {
		now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
		ln := readyLane(&now)
		ln.loop.spec.Waves.StopWhen, ln.loop.Reader = tc.stop, tc.reader
		said, good := ln.loop.judge(t.Context(), tally, 0)
		if said.ID != tc.said || good != (tc.said == "send.wave.over") {
			t.Errorf("%s: %s, good: %v", tc.name, said.ID, good)
		}
		share := map[string]float64{"send.wave.failed": tc.stop.Failed * 100, "send.wave.unknown": tc.stop.Unknown * 100}[said.ID]
		if got, ok := said.Args["share"]; ok != !good || ok && got != words.Percent(share) {
			t.Errorf("%s: the campaign allows %v", tc.name, got)
		}
		for name, want := range map[string]int{"wave": 1, "n": 10, "failed": tc.failed, "unknown": 1, "accepted": 9 - tc.failed} {
			if said.Args[name] != want {
				t.Errorf("%s: %s is %v, not %d", tc.name, name, said.Args[name], want)
			}
		}
	}
}

// Who starts a run goes on with the wave that a person was asked about; who joins one does not.
func TestWhoGoesOnWithAWave(t *testing.T) {
	for _, tc := range []struct {
		name  string
		sizes []int
		join  bool
		at    ledger.WaveState
		err   error
		want  int
	}{
		{"it was asked", []int{2}, false, ledger.WaveState{Number: 3, Asked: true}, nil, 4},
		{"it was not asked", []int{2}, false, ledger.WaveState{Number: 3}, nil, 0},
		{"it joins", []int{2}, true, ledger.WaveState{Number: 3, Asked: true}, nil, 0},
		{"no waves", nil, false, ledger.WaveState{Number: 3, Asked: true}, nil, 0},
		{"it cannot be read", []int{2}, false, ledger.WaveState{Number: 3, Asked: true}, errors.New("the disk is broken"), 0},
	} {
		l := &Loop{Join: tc.join, Reader: &waving{at: tc.at, err: tc.err}}
		l.spec.Waves.Sizes = tc.sizes
		if err := l.askedWave(t.Context()); !errors.Is(err, tc.err) || l.goOn != tc.want {
			t.Errorf("%s: it goes on with %d, %v", tc.name, l.goOn, err)
		}
	}
}

// waving is a ledger of which only the wave is asked.
type waving struct {
	ledger.Reader
	at  ledger.WaveState
	err error
}

func (r *waving) Wave(context.Context, string) (ledger.WaveState, error) { return r.at, r.err }
