package preflight

import (
	"context"
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
	got    map[rowOn]int
	at     rowSet // who is at a limit
	full   int    // at how many limits they are, all together
	lines  []words.Text
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
		o.got = make(map[rowOn]int)
	}
}

func (o *oftens) add(t *ledger.Told) {
	f, ok := o.limits[t.Channel]
	if !ok || t.At.Before(o.since[t.Channel]) {
		return
	}
	of := rowOn{t.Channel, t.Row}
	o.got[of]++
	if o.got[of] != f.Most {
		return
	}
	o.at.add(t.Row)
	o.full++
	if len(o.lines) < firstStrangers {
		o.lines = append(o.lines, words.T("frequency.row", words.A{
			"row": row(t.Row), "n": words.N(f.Most, "message"), "channel": words.Of("channel", t.Channel), "since": o.since[t.Channel],
			"campaign": t.Campaign, "at": t.At.In(o.s.Config.Timezone),
		}))
	}
}

func (o *oftens) finding(people int) Finding {
	limits := words.Texts(words.Commas, o.named...)
	f := Finding{Status: Pass, Facts: []Fact{{"at_limit", o.at.n}}}
	if o.at.n == 0 {
		f.Summary = said("frequency.good", words.A{"limits": limits})
		return f
	}
	f.Status, f.Summary = Warn, said("frequency.some", words.A{"count": o.at.n, "people": words.N(people, "recipient"), "limits": limits})
	f.Details = append(o.lines, andMore(o.full-len(o.lines))...)
	f.Remedies = do(words.T("frequency.later", words.A{"command": "notify retry " + words.Typed(o.s.name()) + " --code notify:frequency"}), words.T("frequency.raise", nil))
	return f
}
