package send

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"strconv"
	"time"

	"notify/pkg/channel"
	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/receivers"
	"notify/pkg/words"
)

// lane is one channel of a run. One goroutine claims and settles; workers send, up to one for every slot. Everything below is
// owned by that one goroutine, except work and answers.
type lane struct {
	loop     *Loop
	channel  message.Channel
	entry    channel.Entry
	route    *flow.Route
	accounts map[string]*flow.Account
	valves   map[string]*flow.Valve
	rooms    map[string]*room         // nil where nothing is claimed ahead
	hosts    *receivers.Hosts         // nil: domains are not told apart
	domains  map[string]*flow.Domains // by account
	// frequency is how often an address may be written to; nil: as often as it is on lists.
	frequency *frequency

	// open is how many messages are under way to receivers whose slots count; runs and rank say which part of those is this run's.
	open       map[receiverOf]int
	runs, rank int

	work    chan claim
	answers *answers
	changes []ledger.DomainChange // to be told
	taken   []result              // room for what is taken of them
	crew    crew

	inFlight int
	settle   []ledger.Settlement
	heard    []heard   // of settle, what is told once it is recorded
	gathered time.Time // when the first of settle came in
	left     int       // what was pending or open on the channel after the last turn, of all runs; -1 before the first
	tally    ledger.Tally
	wave     ledger.WaveState   // after the last turn
	change   *ledger.WaveChange // to be told
	asked    words.Text         // why a person is asked
	waits    bool               // for other channels, or other runs, to come to the end of the wave
	stop     words.Text         // why the other runs are to stop, too; zero while that is not to be said, or was
	later    time.Time          // nothing can be claimed before
	lead     time.Duration
	beat     time.Time // the last Turn
	known    time.Time // when the accounts were last looked at, by a turn or without one
	seen     time.Time // the clock, when it was last looked at
	end      laneEnd
}

// result is what a worker has to say.
type result struct {
	claim    ledger.Claim
	receiver string // as in claim
	outcome  message.Outcome
	at       time.Time
	late     time.Duration // by how much its place had passed when a worker took it up
	took     time.Duration // from then to the outcome
	asked    time.Duration // how long the vendor took; 0 where it was not asked
}

type laneEnd struct {
	pause      *Pause
	aborted    *ledger.Act
	unrecorded int
	sent       int
	err        error
}

func (l *Loop) newLane(ctx context.Context, ch message.Channel, known []ledger.AccountState) (*lane, error) {
	route, err := l.route(ch, known)
	if err != nil {
		return nil, err
	}
	ln := &lane{
		loop: l, channel: ch, entry: l.Config.Channels.Of(ch), route: route, accounts: make(map[string]*flow.Account), valves: make(map[string]*flow.Valve),
		rooms: make(map[string]*room), open: make(map[receiverOf]int), runs: 1,
		lead: 5 * time.Millisecond, left: -1,
	}
	if l.Join { // none, until it is known how many others there are
		ln.runs, ln.rank = math.MaxInt, math.MaxInt
	}
	ln.receivers(ctx)
	ln.frequency = l.frequencyOn(ch)
	l.ordered = l.ordered || ln.frequency != nil
	slots := 0
	for _, a := range route.Accounts() {
		ln.accounts[a.Name()] = a
		ln.valves[a.Name()] = flow.NewValve(a.Limits.Rate, a.Limits.AtOnce, a.Slack)
		ln.valves[a.Name()].Scale(a.Scale())
		slots += a.Concurrency + a.Ahead
		if a.Ahead > 0 {
			ln.rooms[a.Name()] = newRoom(a.Concurrency)
		}
	}
	ln.work, ln.answers = make(chan claim, slots), newAnswers(slots)
	return ln, nil
}

// drive claims and settles until there is nothing left or a reason to end. It always settles what it claimed, as long as
// the ledger can be written.
func (ln *lane) drive(ctx, work context.Context) laneEnd {
	ln.crew.work = func() { ln.worker(work) }
	for {
		ln.drain(work)
		if ln.end.err != nil {
			if ln.inFlight == 0 {
				break
			}
			ln.wait(ctx, time.Time{}, 1)
			continue
		}
		ln.look(work)
		asks, wake := ln.plan(ctx, work)
		if ln.finished() {
			break
		}
		if until, more := ln.gather(); more > 0 {
			ln.wait(ctx, until, more)
			continue
		}
		if len(ln.settle) > 0 || len(asks) > 0 || !ln.stop.IsZero() || ln.change != nil || ln.beatDue() {
			ln.turn(work, asks)
			continue
		}
		ln.wait(ctx, wake, 1)
	}
	close(ln.work)
	ln.crew.Wait()
	ln.end.unrecorded += len(ln.settle)
	return ln.end
}

// gatherFor is how long the first of several answers waits for the others: one commit for many costs little more than one
// for one, and vendors answer far slower.
const gatherFor = 2 * time.Millisecond

// gather says how many answers are on their way that had better be recorded together with those that are here, and until when
// to wait for them; 0 for none.
func (ln *lane) gather() (until time.Time, more int) {
	n := len(ln.settle)
	if more = (n+ln.inFlight)/3 - n; n == 0 || more <= 0 {
		return time.Time{}, 0
	}
	until = ln.gathered.Add(gatherFor)
	now := ln.loop.Now()
	if !until.After(now) || ln.gathered.After(now) {
		return time.Time{}, 0
	}
	return until, more
}

// finished reports that nothing is in flight or waits to be recorded, and nothing more will be claimed: the ledger has nothing left on the
// channel, which other runs may hold as well, or the lane is to stop.
func (ln *lane) finished() bool {
	return ln.inFlight == 0 && len(ln.settle) == 0 && ln.stop.IsZero() && (ln.left == 0 || ln.stopping())
}

func (ln *lane) stopping() bool {
	return ln.end.pause != nil || ln.end.aborted != nil || ln.end.err != nil
}

// plan says what to claim now, and when to look again.
func (ln *lane) plan(ctx, work context.Context) (asks []flow.Ask, wake time.Time) {
	now := ln.loop.Now()
	ln.steppedBack(now)
	ln.looked(ctx, now)
	if ln.stopping() || ln.left == 0 {
		return nil, ln.later
	}
	if stands, at := ln.atWave(work, now); stands || ln.later.After(now) {
		return nil, ledger.Latest(at, ln.later)
	}
	ln.later = time.Time{}
	if open, at := ln.window(now); !open {
		if !ln.loop.Wait {
			ln.pause(Pause{Why: PauseWindow, Until: at, Detail: words.T("send.window", nil)})
			return nil, time.Time{}
		}
		ln.loop.progress.waiting(words.T("send.wait.window", words.A{"at": at}))
		return nil, at
	}
	asks, wake = ln.route.Asks(now)
	if len(asks) == 0 && ln.inFlight == 0 && len(ln.settle) == 0 {
		ln.blocked(now, wake)
	}
	return asks, wake
}

// steppedBack forgets what was to be waited for when the clock was put back: those times may never come. The ledger
// knows what must really wait.
func (ln *lane) steppedBack(now time.Time) {
	if now.Before(ln.seen.Add(-time.Second)) {
		ln.later = time.Time{}
		for _, a := range ln.accounts {
			a.SteppedBack(now)
		}
	}
	ln.seen = now
}

// turn settles and claims in one transaction, and hands the claims to the workers.
func (ln *lane) turn(work context.Context, asks []flow.Ask) {
	now := ln.loop.Now()
	p := &part{settle: ln.settle, claim: ln.requests(now, asks)}
	for _, a := range ln.accounts {
		if c, ok := a.Change(now); ok {
			p.accounts = append(p.accounts, c)
		}
	}
	p.domains, ln.changes = ln.changes, nil
	p.wave, ln.change = ln.change, nil
	if !ln.stop.IsZero() {
		p.pause = &ledger.Act{Who: ledger.Itself, What: ActStop, Said: ln.stop, At: now}
	}
	turned, err := ln.loop.turns.take(work, p)
	if err != nil {
		var recorded *recordedError
		if errors.As(err, &recorded) {
			ln.settle = ln.settle[:0]
			ln.tell(nil)
		}
		ln.fail(err)
		return
	}
	ln.took(ln.loop.Now().Sub(now))
	ln.tell(turned.Stale)
	for _, id := range turned.Stale {
		words.Log(ln.loop.Log, slog.LevelWarn, words.T("log.stale", words.A{"attempt": strconv.FormatInt(id, 10)}))
	}
	ln.settle, ln.beat, ln.stop = ln.settle[:0], now, words.Text{}
	if turned.Aborted != nil {
		ln.end.aborted = turned.Aborted
	}
	if by := turned.Paused; by != nil {
		ln.pause(pausedBy(by))
	}
	for i, g := range turned.Grants {
		ln.loop.Log.Debug("claimed", "account", asks[i].Account.Name(), "asked", asks[i].N, "got", len(g.Claims), "held", g.Held, "until", g.Until)
		ln.granted(work, asks[i], g, now)
	}
	ln.stands(&turned, now)
	ln.hire()
}

// stands takes in how the campaign stands after a turn, with all its runs: what is left of the channel, and this run's share of the
// accounts.
func (ln *lane) stands(t *ledger.Turned, now time.Time) {
	of := t.Tally[ln.channel]
	ln.tally, ln.wave = t.Tally, t.Wave
	ln.left = of[message.Pending] + of[message.Attempting]
	ln.loop.progress.stands(t.Tally)
	ln.loop.watch.share(t.Runs)
	if t.Runs > 0 {
		ln.runs, ln.rank = t.Runs, t.Rank
	}
	for _, a := range ln.accounts {
		a.Share(t.Runs, t.Rank)
		ln.narrow(a, now)
		ln.rooms[a.Name()].resize(a.Concurrency)
	}
	ln.shared(t.Accounts, now)
	if of[message.Pending] == 0 && of[message.Attempting] > ln.inFlight {
		ln.loop.progress.waiting(words.T("send.wait.runs", nil))
	}
}

// shared takes in what the ledger has of accounts: others use them, and people set them.
func (ln *lane) shared(states []ledger.AccountState, now time.Time) {
	ln.known = now
	for _, s := range states {
		if a := ln.accounts[s.Account]; a != nil {
			open := a.Open()
			a.Shared(s, now)
			ln.breaker(a, open)
			ln.valves[s.Account].Scale(a.Scale())
			ln.route.Weigh(s.Account, s.Weight)
		}
	}
}

// look looks at the accounts where no turn has for a while.
func (ln *lane) look(work context.Context) {
	now := ln.loop.Now()
	if since := now.Sub(ln.known); since >= 0 && since < ln.loop.Timing.Look || ln.stopping() {
		return
	}
	known, err := ln.loop.Reader.Accounts(work)
	if err != nil {
		ln.loop.Log.Debug("the accounts cannot be looked at", "error", err) // the next turn will say what is wrong
		ln.known = now
		return
	}
	ln.shared(known, now)
}

func (ln *lane) hire() time.Duration { return ln.crew.hire(len(ln.work), ln.inFlight, cap(ln.work)) }

func (ln *lane) requests(now time.Time, asks []flow.Ask) []ledger.ClaimRequest {
	var rs []ledger.ClaimRequest
	day := ln.day(now)
	for _, ask := range asks {
		rs = append(rs, ledger.ClaimRequest{
			Channel: ln.channel, PaceKey: ln.paceKey, DomainRoom: ln.domainRoom(ask.Account.Name()), Limits: ask.Account.Limits, Day: day.Name, DayFrom: day.From, Max: ask.N, Probe: ask.Probe,
			Lead: ln.lead, Ahead: ln.ahead(), Grace: ln.loop.Timing.Hold,
		})
	}
	return rs
}

// ahead is how far in the future places under the rate are taken: far enough that they have not passed when the commit
// returns. It moves in steps, so that the next moment to ask does not run away.
func (ln *lane) ahead() time.Duration {
	d := ln.loop.Timing.Ahead
	for d < 2*ln.lead {
		d *= 2
	}
	return d
}

// day is the installation's.
func (ln *lane) day(now time.Time) ledger.Day { return ledger.DayOf(now.In(ln.loop.Config.Timezone)) }

// granted takes in the answer to one ask.
func (ln *lane) granted(ctx context.Context, ask flow.Ask, g ledger.Grant, now time.Time) {
	away := ln.turnAway(ctx, g.Claims, now)
	for i, c := range g.Claims {
		//nolint:forbidigo // it measures a span, it records nothing
		ln.work <- claim{Claim: c, receiver: ln.opened(&c), got: time.Now(), good: c.Deadline.Sub(now), away: away[i]} // never blocks: there is room for every slot
		ln.crew.all = ln.crew.all || !c.LeaveAt.IsZero() && c.Early.IsZero()
		if of := ln.domains[c.Account]; of != nil {
			of.Claimed(ln.paceKey(c.Address))
		}
	}
	ask.Account.Claimed(len(g.Claims))
	ln.inFlight += len(g.Claims)
	if m := ln.loop.Meter; m != nil {
		m.Claimed(ask.Account.Name(), len(g.Claims))
	}
	if len(g.Claims) > 0 {
		ln.loop.progress.waiting(words.Text{})
	}
	ln.waits = g.Held == ledger.HoldWave
	switch g.Held {
	case ledger.HoldEmpty, ledger.HoldWave: // what another run has open may come back, or that run may have died
		ln.later = now.Add(ln.loop.Timing.Look)
	case ledger.HoldLater:
		ln.later = g.Until
		ln.loop.progress.waiting(ln.waitsFor(ask.Account.Name(), g.Until))
	case ledger.HoldQuota, ledger.HoldBudget:
		g.Until = ln.renewed(ctx, ask.Account.Limits, now, g)
	case ledger.HoldNone, ledger.HoldRate, ledger.HoldBreaker, ledger.HoldSlots, ledger.HoldPaused, ledger.HoldAborted, ledger.HoldOff:
	}
	ask.Account.Held(g, now)
}

// waitsFor says what a lane waits for whose messages all leave later.
func (ln *lane) waitsFor(account string, until time.Time) words.Text {
	if full := ln.full(account); !full.IsZero() {
		return full
	}
	a := ln.loop.Config.Accounts[account]
	if len(a.DomainRate) > 0 {
		return words.T("send.wait.paced", words.A{"at": until})
	}
	return words.T("send.wait.again", words.A{"at": until})
}

// renewed is when a quota or a budget begins anew, in the installation's zone; zero for the campaign's own. Where the zone was changed to
// one that lies behind, the day or the month that comes next was under way before, and may be used up as well.
func (ln *lane) renewed(ctx context.Context, l ledger.Limits, now time.Time, g ledger.Grant) time.Time {
	local := now.In(ln.loop.Config.Timezone)
	y, m, d := local.Date()
	var next, after time.Time
	switch {
	case g.Held == ledger.HoldQuota, g.Which == "day":
		next, after = time.Date(y, m, d+1, 0, 0, 0, 0, local.Location()), time.Date(y, m, d+2, 0, 0, 0, 0, local.Location())
	case g.Which == "month":
		next, after = time.Date(y, m+1, 1, 0, 0, 0, 0, local.Location()), time.Date(y, m+2, 1, 0, 0, 0, 0, local.Location())
	default:
		return time.Time{}
	}
	if ln.usedUp(ctx, l, next, g) {
		return after
	}
	return next
}

// usedUp reports that what is held now would be held on a later day as well, as far as the ledger can be read.
func (ln *lane) usedUp(ctx context.Context, l ledger.Limits, day time.Time, g ledger.Grant) bool {
	of, quota := l.Account, l.DailyQuota
	if g.Which == ledger.WhichScenario {
		of, quota = ledger.ScenarioOf(of, l.Scenario.Name), l.Scenario.DailyQuota
	}
	used, err := ln.loop.Reader.Usage(ctx, of, ledger.DayOf(day))
	switch {
	case err != nil || g.Which == ledger.WhichRamp: // a ramp counts the days on which something was sent
		return false
	case g.Which == "month":
		return used.Month.Cost+l.Price > l.MonthBudget
	case g.Which == "day":
		return used.Day.Cost+l.Price > l.DayBudget
	}
	return quota > 0 && used.Day.Messages >= quota
}

// took learns how long a Turn takes, so that places under the rate are not asked for that will have passed when the
// commit returns.
func (ln *lane) took(d time.Duration) {
	want := 2*d + 2*time.Millisecond
	if want > ln.lead {
		ln.lead = min(want, time.Second)
		return
	}
	ln.lead -= (ln.lead - want) / 8
}

// beatDue reports that the lease wants a sign of life: every third of its length, and when the clock was put back.
func (ln *lane) beatDue() bool {
	since := ln.loop.Now().Sub(ln.beat)
	return since < 0 || since >= ln.loop.Timing.Lease/3
}

// wait sleeps until so many answers are here, wake has come, the lease wants a sign of life, or the run is to end.
func (ln *lane) wait(ctx context.Context, wake time.Time, answers int) {
	now := ln.loop.Now()
	d := min(ln.loop.Timing.Lease/3-now.Sub(ln.beat), ln.loop.Timing.Lease/3, ln.loop.Timing.Look)
	if !wake.IsZero() {
		d = min(d, wake.Sub(now))
	}
	if !ln.later.IsZero() {
		d = min(d, ln.later.Sub(now))
	}
	if again := ln.hire(); again > 0 {
		d = min(d, again)
	}
	t := time.NewTimer(max(d, time.Millisecond))
	defer t.Stop()
	done := ctx.Done()
	if ln.stopping() {
		done = nil
	}
	ln.answers.await(answers)
	select {
	case <-ln.answers.wake:
	case <-t.C:
	case <-done:
	}
}

// fail ends the lane: nothing more is claimed, what has not begun to leave does not leave.
func (ln *lane) fail(err error) {
	ln.loop.lose()
	ln.loop.Log.Info("the run breaks off", "channel", ln.channel, "error", err)
	ln.end.err = err
}
