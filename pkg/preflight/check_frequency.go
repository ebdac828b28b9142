package preflight

import (
	"cmp"
	"context"
	"slices"
	"time"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// frequencyCheck asks who got as many messages as he may.
//
// *Has anybody got as many messages as he may?* WARN with how many people are at the limit that `frequency` sets for the class and the channel,
// over all campaigns of the class, this one included. They are not written to: the sender looks again at every message when it is claimed,
// and of two campaigns that tell somebody at the same moment one yields.
func frequencyCheck() Check {
	return Check{ID: "frequency", Group: GroupList, Run: func(ctx context.Context, s *Subject) Finding {
		o := oftens{s: s, limits: make(map[message.Channel]config.Frequency), since: make(map[message.Channel]time.Time)}
		for _, ch := range s.Plan.Spec.Channels() {
			o.limit(ch)
		}
		if len(o.limits) == 0 {
			return Finding{Status: Skip, Summary: said("frequency.none", words.A{"class": words.Of("class", s.Plan.Spec.Class)})}
		}
		if s.Ledger == nil {
			return broken(s.noLedger())
		}
		r, err := s.Remaining(ctx)
		if err != nil {
			return broken(err)
		}
		people, err := s.told(ctx, r, ledger.Telling{Class: s.Plan.Spec.Class, Since: o.first}, o.add)
		if err != nil {
			return broken(err)
		}
		return o.finding(people)
	}}
}

// oftens is who got how many messages, of those who got any.
type oftens struct {
	s      *Subject
	limits map[message.Channel]config.Frequency
	since  map[message.Channel]time.Time
	first  time.Time // of since
	named  []words.Text
	got    map[rowOn]often
	by     []string // the campaigns, as they were met
}

// often is how many messages somebody got, and the last of them.
type often struct {
	n, by int32 // by counts campaigns
	at    int64 // ns since 1970
}

// rowOn is a row on a channel.
type rowOn struct {
	channel message.Channel
	row     int
}

// limit takes in what holds for a channel.
func (o *oftens) limit(ch message.Channel) {
	f := o.s.Config.Often(o.s.Plan.Spec.Class, ch)
	if f.Most == 0 {
		return
	}
	since := f.Since(o.s.now(), o.s.Config.Timezone)
	o.limits[ch], o.since[ch] = f, since
	o.named = append(o.named, words.T("frequency.of", words.A{"channel": words.Of("channel", ch), "limit": f.String()}))
	if o.first.IsZero() || since.Before(o.first) {
		o.first = since
	}
	if o.got == nil {
		o.got = make(map[rowOn]often)
	}
}

func (o *oftens) add(t *ledger.Told) {
	if _, ok := o.limits[t.Channel]; !ok || t.At.Before(o.since[t.Channel]) {
		return
	}
	if n := len(o.by); n == 0 || o.by[n-1] != t.Campaign {
		o.by = append(o.by, t.Campaign)
	}
	of := rowOn{t.Channel, t.Row}
	got := o.got[of]
	got.n++
	if at := t.At.UnixNano(); got.n == 1 || at > got.at {
		got.at, got.by = at, int32(len(o.by)-1)
	}
	o.got[of] = got
}

// full are those who are at a limit, by row.
func (o *oftens) full() (at []rowOn, people int) {
	var rows rowSet
	for of, got := range o.got {
		if int(got.n) >= o.limits[of.channel].Most {
			at = append(at, of)
			rows.add(of.row)
		}
	}
	slices.SortFunc(at, func(a, b rowOn) int { return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(a.channel, b.channel)) })
	return at, rows.n
}

func (o *oftens) finding(people int) Finding {
	limits := words.Texts(words.Commas, o.named...)
	at, n := o.full()
	f := Finding{Status: Pass, Facts: []Fact{{"at_limit", n}}}
	if n == 0 {
		f.Summary = said("frequency.good", words.A{"limits": limits})
		return f
	}
	f.Status, f.Summary = Warn, said("frequency.some", words.A{"count": n, "people": words.N(people, "recipient"), "limits": limits})
	for _, of := range at[:min(len(at), firstStrangers)] {
		got := o.got[of]
		f.Details = append(f.Details, words.T("frequency.row", words.A{
			"row": row(of.row), "n": words.N(int(got.n), "message"), "channel": words.Of("channel", of.channel), "since": o.since[of.channel],
			"campaign": o.by[got.by], "at": time.Unix(0, got.at).In(o.s.Config.Timezone),
		}))
	}
	f.Details = append(f.Details, andMore(len(at)-len(f.Details))...)
	f.Remedies = do(words.T("frequency.later", words.A{"command": "notify retry " + words.Typed(o.s.name()) + " --code notify:frequency"}), words.T("frequency.raise", nil))
	return f
}
