package preflight

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/plan"
	"notify/pkg/vendors"
)

// byMinute is a forecast made the plain way: it goes from minute to minute, and sends what may be sent. It is for rates that make whole
// messages of a minute, and for times that are whole minutes.
type byMinute struct {
	pace
	days []Day
	done time.Time // the last message has left
	sent int
}

func (b *byMinute) open(t time.Time) bool {
	since := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	w, in := b.window, true
	switch {
	case w.From < w.To:
		in = w.From <= since && since < w.To
	case w.From > w.To:
		in = w.From <= since || since < w.To
	}
	open, _ := b.hours.Open(t)
	return in && open
}

func (b *byMinute) run(n int, now, until time.Time) {
	t := now.Add(b.held)
	quota, day := b.first, Day{Date: t.Format(time.DateOnly)}
	tomorrow := b.plainly()
	for ; b.sent < n && t.Before(until); t = t.Add(time.Minute) {
		if date := t.Format(time.DateOnly); date != day.Date {
			b.note(day)
			quota, day = tomorrow(day.Messages), Day{Date: date}
		}
		if !b.open(t) {
			continue
		}
		m := n - b.sent
		if b.rate > 0 {
			m = min(m, int(b.rate*60))
		}
		if quota >= 0 {
			m = min(m, int(quota)-day.Messages)
		}
		if m == 0 {
			continue
		}
		day.Messages, b.sent, b.done = day.Messages+m, b.sent+m, t
		if b.rate > 0 {
			b.done = t.Add(time.Duration(float64(m) / b.rate * float64(time.Second)))
		}
	}
	b.note(day)
}

func (b *byMinute) note(d Day) {
	if d.Messages > 0 {
		b.days = append(b.days, d)
	}
}

// plainly makes what says the quota of the next day.
func (b *byMinute) plainly() func(sent int) int64 {
	if b.grow == nil {
		return func(int) int64 { return b.daily }
	}
	used := b.grow.days
	first := b.grow.begun
	return func(sent int) int64 {
		if first || sent > 0 {
			used++
		}
		first = false
		most := int64(float64(b.grow.ramp.Most(used)) * b.grow.share)
		if b.daily >= 0 {
			most = min(most, b.daily)
		}
		return most
	}
}

// aPace is any, of those that byMinute can do; its quotas let something through.
func aPace(chance *rand.Rand, zone *time.Location) pace {
	minutes := func(n int) time.Duration { return time.Duration(chance.IntN(n)) * time.Minute }
	p := pace{rate: []float64{0, 0.25, 0.5, 1}[chance.IntN(4)], first: -1, daily: -1}
	if chance.IntN(3) > 0 {
		p.window = campaign.Window{From: minutes(24 * 60), To: minutes(24 * 60)}
	}
	if chance.IntN(2) > 0 {
		p.held = minutes(30 * 60)
	}
	if chance.IntN(2) > 0 {
		p.hours = config.Hours{Zone: zone, From: minutes(24 * 60), To: minutes(24 * 60), Weekdays: map[time.Weekday]bool{time.Weekday(chance.IntN(7)): true}}
		if chance.IntN(2) > 0 {
			p.hours.Zone = time.UTC
		}
	}
	if chance.IntN(3) > 0 {
		p.daily = 1 + chance.Int64N(400)
		p.first = chance.Int64N(p.daily + 1)
	}
	if chance.IntN(3) == 0 {
		p.first = chance.Int64N(50)
		p.grow = &ramping{ramp: ledger.Ramp{Start: 4, Factor: 1.5}, days: chance.IntN(3), begun: chance.IntN(2) > 0, share: 0.25 + 0.75*chance.Float64()}
	}
	return p
}

// What is forecast is what comes of it where one goes from minute to minute: on which days, until when, how much by a deadline, and
// how long it is open until then.
func TestTheForecastIsWhatComesOfIt(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for range 150 {
		p := aPace(chance, zone)
		now := time.Date(2026, 11, 20, chance.IntN(24), chance.IntN(60), 0, 0, zone)
		n := 1 + chance.IntN(900)
		deadline := now.Add(time.Duration(chance.IntN(4*24*60)) * time.Minute)

		if chance.IntN(4) == 0 {
			deadline = dayAfter(deadline, 0).Add(time.Minute)
		}

		all := byMinute{pace: p}
		all.run(n, now, now.AddDate(0, 0, 12))
		if all.sent == n {
			compared++
			if days, done := p.schedule(n, now); !slices.Equal(days, all.days) || !done.Equal(all.done) {
				t.Fatalf("%d at %s: %v until %s, want %v until %s\n%+v", n, now, days, done, all.days, all.done, p)
			}
		}
		inTime := byMinute{pace: p}
		inTime.run(n, now, deadline)
		if got := p.before(n, now, deadline); got != inTime.sent {
			t.Fatalf("%d of %d from %s until %s, want %d\n%+v", got, n, now, deadline, inTime.sent, p)
		}
		var open time.Duration
		for at := now; at.Before(deadline); at = at.Add(time.Minute) {
			if inTime.open(at) {
				open += time.Minute
			}
		}
		if got := p.openUntil(now, deadline); got != open {
			t.Fatalf("open for %s from %s until %s, want %s\n%+v", got, now, deadline, open, p)
		}
	}
	if compared < 60 {
		t.Errorf("only %d end", compared)
	}
}

// Messages leave where the window and the hours of the class are both open.
func TestWhenADayIsOpen(t *testing.T) {
	t.Parallel()
	midnight := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	span := func(hours ...int) (all [][2]time.Time) {
		for i := 0; i < len(hours); i += 2 {
			all = append(all, [2]time.Time{midnight.Add(time.Duration(hours[i]) * time.Hour), midnight.Add(time.Duration(hours[i+1]) * time.Hour)})
		}
		return all
	}
	never := make(map[time.Weekday]bool)
	for day := range time.Weekday(7) {
		never[day] = true
	}
	from := func(from, to int) config.Hours {
		return config.Hours{Zone: time.UTC, From: time.Duration(from) * time.Hour, To: time.Duration(to) * time.Hour}
	}
	for _, c := range []struct {
		name     string
		from, to int // of the window
		hours    config.Hours
		want     [][2]time.Time
	}{
		{"neither", 0, 0, config.Hours{}, span(0, 24)},
		{"a window", 9, 20, config.Hours{}, span(9, 20)},
		{"a window over midnight", 22, 6, config.Hours{}, span(0, 6, 22, 24)},
		{"hours", 0, 0, from(8, 21), span(8, 21)},
		{"hours all day", 9, 20, from(0, 0), span(9, 20)},
		{"hours that end before the window does", 9, 20, from(8, 12), span(9, 12)},
		{"hours that begin after the window does", 9, 20, from(12, 21), span(12, 20)},
		{"hours that begin when the window ends", 9, 20, from(20, 21), nil},
		{"hours that begin later", 9, 20, from(22, 23), nil},
		{"hours over midnight", 0, 0, from(22, 6), span(0, 6, 22, 24)},
		{"both over midnight", 23, 5, from(22, 6), span(0, 5, 23, 24)},
		{"never", 9, 20, config.Hours{Zone: time.UTC, Weekdays: never}, nil},
	} {
		p := pace{window: campaign.Window{From: time.Duration(c.from) * time.Hour, To: time.Duration(c.to) * time.Hour}, hours: c.hours}
		if got := p.openings(midnight); !slices.EqualFunc(got, c.want, func(a, b [2]time.Time) bool { return a[0].Equal(b[0]) && a[1].Equal(b[1]) }) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestADayBeginsAtMidnight(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 8*3600)
	now := time.Date(2026, 12, 31, 23, 59, 58, 7, zone)
	for days, want := range map[int]time.Time{0: time.Date(2026, 12, 31, 0, 0, 0, 0, zone), 1: time.Date(2027, 1, 1, 0, 0, 0, 0, zone), 32: time.Date(2027, 2, 1, 0, 0, 0, 0, zone)} {
		if got := dayAfter(now, days); got != want {
			t.Errorf("%d after %s it begins at %s, want %s", days, now, got, want)
		}
	}
}

// Of two quotas the lower counts, and of two figures of what is used the higher.
func TestWhatTheVendorSaysOfAQuota(t *testing.T) {
	t.Parallel()
	figure := func(n int64) *int64 { return &n }
	for _, c := range []struct {
		name  string
		own   Quota
		limit int64
		used  *int64
		want  Quota
	}{
		{"a lower one", Quota{Limit: 100, Used: 5, daily: 100}, 50, nil, Quota{Limit: 50, Used: 5, daily: 50}},
		{"a higher one", Quota{Limit: 100, Used: 5, daily: 90}, 120, nil, Quota{Limit: 100, Used: 5, daily: 90}},
		{"the only one", Quota{Limit: -1, daily: -1}, 50, nil, Quota{Limit: 50, daily: 50}},
		{"nothing where nothing is left of ours", Quota{}, 50, nil, Quota{}},
		{"used by others, too", Quota{Limit: 100, Used: 5, daily: 100}, 100, figure(6), Quota{Limit: 100, Used: 6, daily: 100}},
		{"not counted yet", Quota{Limit: 100, Used: 5, daily: 100}, 100, figure(4), Quota{Limit: 100, Used: 5, daily: 100}},
	} {
		q := c.own
		q.told(vendors.Balance{QuotaLimit: &c.limit, QuotaUsed: c.used})
		if c.want.Vendor = true; !reflect.DeepEqual(q, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, q, c.want)
		}
	}
}

// All of an account's mails take as many days as those to the domain that takes most.
func TestQuotasOfDomainsHoldTheAccountBack(t *testing.T) {
	t.Parallel()
	none := pace{first: -1, daily: -1}
	two, many := map[string]int{"a.test": 50, "b.test": 50}, map[string]int{"z.test": 1}
	for i := range 30 {
		many[string(rune('A'+i))+".test"] = 1
	}
	for _, c := range []struct {
		name     string
		p        pace
		domains  map[string]int
		share    float64
		messages int
		quotas   map[string]int64
		want     pace
	}{
		{"no quotas", none, two, 1, 100, nil, none},
		{"one of them", none, two, 1, 100, map[string]int64{"a.test": 10}, pace{first: 20, daily: 20}},
		{"one of many", none, many, 1, 31, map[string]int64{"z.test": 1}, pace{first: 31, daily: 31}},
		{"both, and one takes longer", none, two, 1, 100, map[string]int64{"a.test": 10, "b.test": 9}, pace{first: 18, daily: 18}},
		{"by default", none, two, 1, 100, map[string]int64{"default": 10}, pace{first: 20, daily: 20}},
		{"any number, and by default less", none, map[string]int{"a.test": 100}, 1, 100, map[string]int64{"default": 10, "a.test": 0}, none},
		{"one a day", none, map[string]int{"a.test": 100}, 1, 100, map[string]int64{"default": 1}, pace{first: 1, daily: 1}},
		{"nothing goes there", none, map[string]int{"a.test": 0}, 1, 100, map[string]int64{"default": 10}, none},
		{"one goes there", none, map[string]int{"a.test": 1}, 1, 100, map[string]int64{"default": 1}, pace{first: 100, daily: 100}},
		{"half of it by this account", none, two, 0.5, 50, map[string]int64{"a.test": 10}, pace{first: 20, daily: 20}},
		{"at least one a day", none, map[string]int{"a.test": 3}, 1, 2, map[string]int64{"a.test": 1}, pace{first: 1, daily: 1}},
		{"the account's own is lower", pace{first: 5, daily: 15}, two, 1, 100, map[string]int64{"a.test": 10}, pace{first: 5, daily: 15}},
		{"the account's own is lower today", pace{first: 5, daily: 40}, two, 1, 100, map[string]int64{"a.test": 10}, pace{first: 5, daily: 20}},
		{"the account's own is used up", pace{}, two, 1, 100, map[string]int64{"a.test": 10}, pace{}},
	} {
		n := Need{Account: config.Account{DomainQuota: c.quotas}, Domains: c.domains, Share: c.share, Messages: c.messages}
		if got := c.p.capped(n); got.first != c.want.first || got.daily != c.want.daily {
			t.Errorf("%s: %d today, %d a day, want %d and %d", c.name, got.first, got.daily, c.want.first, c.want.daily)
		}
	}
}

// What is used already of the day that comes next is missing there, and not on the day after.
func TestWhatTheQuotaLeavesOfTheDaysToCome(t *testing.T) {
	t.Parallel()
	grows := func(start int64, days int, begun bool) *ramping {
		return &ramping{ramp: ledger.Ramp{Start: start, Factor: 2}, days: days, begun: begun, share: 1}
	}
	for _, c := range []struct {
		name string
		p    pace
		sent [3]int // today, and on the two days that follow
		want [3]int64
	}{
		{"none", pace{daily: -1, ahead: 15}, [3]int{}, [3]int64{-1, -1, -1}},
		{"one", pace{daily: 40}, [3]int{}, [3]int64{40, 40, 40}},
		{"of which some is used", pace{daily: 40, ahead: 15}, [3]int{}, [3]int64{25, 40, 40}},
		{"of which more is used than there is", pace{daily: 10, ahead: 15}, [3]int{}, [3]int64{0, 10, 10}},
		{"it grows with each day on which something is sent", pace{daily: -1, grow: grows(10, 0, false)}, [3]int{1, 0, 1}, [3]int64{20, 20, 40}},
		{"something was sent today before", pace{daily: -1, grow: grows(10, 1, true)}, [3]int{0, 0, 1}, [3]int64{40, 40, 80}},
		{"it grows up to another one", pace{daily: 30, grow: grows(10, 0, false)}, [3]int{1, 1, 1}, [3]int64{20, 30, 30}},
		{"it grows, and of tomorrow's some is used", pace{daily: -1, ahead: 5, grow: grows(10, 0, false)}, [3]int{1, 1, 1}, [3]int64{15, 40, 80}},
		{"it grows for another channel, too", pace{daily: -1, grow: &ramping{ramp: ledger.Ramp{Start: 10, Factor: 2}, share: 0.3}}, [3]int{1, 1, 1}, [3]int64{6, 12, 24}},
	} {
		next := c.p.later()
		for i, sent := range c.sent {
			if got := next(sent); got != c.want[i] {
				t.Errorf("%s: %d after day %d, want %d", c.name, got, i, c.want[i])
			}
		}
	}
}

// It is held between the waves of the whole channel, whichever part of it falls to the account.
func TestTheWavesOfAChannelHoldItsAccounts(t *testing.T) {
	t.Parallel()
	s := &Subject{Plan: &plan.Plan{Spec: plan.Spec{Waves: campaign.Waves{Sizes: []int{10, 100}, Hold: time.Hour}}}}
	for _, c := range []struct {
		messages int
		share    float64
		want     time.Duration
	}{{10, 1, 0}, {11, 1, time.Hour}, {110, 1, time.Hour}, {111, 1, 2 * time.Hour}, {5, 0.5, 0}, {6, 0.5, time.Hour}, {56, 0.5, 2 * time.Hour}, {0, 0, 0}, {4, 0.39, time.Hour}} {
		if got := s.waveHold(Need{Messages: c.messages, Share: c.share}); got != c.want {
			t.Errorf("%d, which is %v of all, are held for %s, want %s", c.messages, c.share, got, c.want)
		}
	}
}

// What is sent from tomorrow on is what a schedule from today on sends where nothing is left of today.
func TestFromTomorrowOn(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	grows := func(begun bool) *ramping {
		return &ramping{ramp: ledger.Ramp{Start: 10, Factor: 2}, begun: begun, share: 1}
	}
	for name, c := range map[string]struct {
		p    pace
		want []int
	}{
		"a quota":                              {pace{daily: 40}, []int{40, 40, 20}},
		"of tomorrow's some is used":           {pace{daily: 40, ahead: 30}, []int{10, 40, 40, 10}},
		"it grows":                             {pace{daily: -1, grow: grows(false)}, []int{10, 20, 40, 30}},
		"it grows, and something was sent":     {pace{daily: -1, grow: grows(true)}, []int{20, 40, 40}},
		"it grows, and tomorrow's is used too": {pace{daily: -1, ahead: 5, grow: grows(true)}, []int{15, 40, 45}},
		"it grows, and not with a day on which nothing is left": {pace{daily: -1, ahead: 20, grow: grows(true)}, []int{20, 40, 40}},
	} {
		today, _ := c.p.schedule(100, now)
		tomorrow, _ := c.p.fromTomorrow().schedule(100, dayAfter(now, 1))
		var got []int
		for _, d := range tomorrow {
			got = append(got, d.Messages)
		}
		if !slices.Equal(got, c.want) || !slices.Equal(today, tomorrow) {
			t.Errorf("%s: %v, not %v; from today on %v", name, tomorrow, c.want, today)
		}
		if c.p.grow != nil && c.p.grow.days != 0 {
			t.Errorf("%s: what is known of today was changed", name)
		}
	}
}
