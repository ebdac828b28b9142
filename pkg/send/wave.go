package send

import (
	"context"
	"log/slog"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// ActWave is what a wave's end, and the next one's beginning, are called.
const ActWave = "wave"

// atWave reports that the lane stands at the end of a wave, and when to look again. All channels end a wave together, and all runs: how far
// they have come is on the ledger.
func (ln *lane) atWave(work context.Context, now time.Time) (stands bool, wake time.Time) {
	w, at := ln.loop.spec.Waves, ln.wave
	if !waveOut(ln.tally, ledger.WaveMost(w.Sizes, at.Number)) {
		if ln.waits && ln.inFlight == 0 && ln.loop.paused.Load() { // the wave does not end while the other channel has paused
			ln.pause(Pause{Why: pauseSibling, Detail: words.T("send.sibling", nil)})
		}
		return false, time.Time{}
	}
	change := &ledger.WaveChange{Number: at.Number, At: now}
	over := at.Held.Add(w.Hold)
	switch {
	case at.Asked && ln.loop.goOn == at.Number+1:
		change.Next = &ledger.Act{Who: ln.loop.User + "@" + ln.loop.Host, What: ActWave, At: now, Said: words.T("send.wave.person", words.A{"wave": at.Number + 1})}
	case at.Asked:
		if ln.asked.IsZero() {
			ln.asked = words.T("send.wave.asked", words.A{"wave": at.Number + 1})
		}
		ln.pause(Pause{Why: PauseWave, Detail: ln.asked})
		return true, time.Time{}
	case at.Held.IsZero(), at.Held.After(now.Add(ledger.PutBack)):
		change.Held = true
	case now.Before(over):
		ln.loop.progress.waiting(words.T("send.wait.wave", words.A{"wave": at.Number + 1, "at": over}))
		return true, over
	case ln.beat.Before(over): // one more look at the ledger before it is judged
	default:
		said, good := ln.loop.judge(work, ln.tally, at.Number)
		by := &ledger.Act{Who: ledger.Itself, What: ActWave, At: now, Said: said}
		if change.Next = by; !good || w.Wait {
			change.Next, change.Ask, ln.asked = nil, by, said
		}
	}
	ln.change = change
	return true, now
}

// waveOut reports that each channel has as many out as may be, or nothing left, and none of them under way, and that something is left.
func waveOut(t ledger.Tally, most int) bool {
	if most == 0 || t.Of(message.Attempting) > 0 || t.Of(message.Pending) == 0 {
		return false
	}
	for _, of := range t {
		if of[message.Pending] > 0 && of[message.Accepted]+of[message.Rejected]+of[message.Unknown] < most {
			return false
		}
	}
	return true
}

// judge says what came of all that is out, and whether that is good enough to go on.
func (l *Loop) judge(work context.Context, t ledger.Tally, number int) (said words.Text, good bool) {
	bounced := l.bounced(work)
	accepted, unknown := t.Of(message.Accepted), t.Of(message.Unknown)
	failed, out := t.Of(message.Rejected)+bounced, t.Of(message.Accepted, message.Rejected, message.Unknown)
	stop := l.spec.Waves.StopWhen
	args := words.A{"wave": number + 1, "n": out, "accepted": accepted - bounced, "failed": failed, "unknown": unknown}
	over := func(n int, share float64) bool { return share > 0 && float64(n) > share*float64(out) }
	switch {
	case over(unknown, stop.Unknown):
		args["share"] = words.Percent(stop.Unknown * 100)
		return words.T("send.wave.unknown", args), false
	case over(failed, stop.Failed):
		args["share"] = words.Percent(stop.Failed * 100)
		return words.T("send.wave.failed", args), false
	}
	return words.T("send.wave.over", args), true
}

// bounced is of how many that a vendor took it is known that they did not arrive.
func (l *Loop) bounced(work context.Context) int {
	r, keeps := l.Reader.(ledger.Receipts)
	if !keeps {
		return 0
	}
	ds, err := r.Deliveries(work, l.Campaign)
	if err != nil {
		words.LogError(l.Log, slog.LevelWarn, words.Wrap(err, "log.wave", nil))
	}
	n := 0
	for _, d := range ds {
		for s, of := range d.ByState {
			if s.Final() && !s.Arrived() {
				n += of
			}
		}
	}
	return n
}
