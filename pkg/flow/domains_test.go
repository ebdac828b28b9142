package flow_test

import (
	"testing"
	"time"

	"notify/pkg/flow"
	"notify/pkg/ledger"
	"notify/pkg/message"
)

func TestADomainThatThrottlesIsLeftAloneForLongerEachTime(t *testing.T) {
	d := flow.NewDomains("edm")
	d.Claimed("a.test")
	d.Claimed("b.test")
	now := start
	for _, want := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second} {
		got, its := d.Observe("a.test", throttled, nil, now)
		if want := (ledger.DomainChange{Account: "edm", Domain: "a.test", At: now, Until: now.Add(want)}); !its || got != want {
			t.Errorf("%+v %v, want %+v", got, its, want)
		}
		// What was in flight says nothing new, and nothing about the account.
		if got, its := d.Observe("a.test", throttled, nil, now.Add(time.Second)); !its || !got.Until.IsZero() {
			t.Errorf("%+v %v", got, its)
		}
		now = now.Add(want)
	}
	d.Observe("a.test", accepted, nil, now)
	if got, _ := d.Observe("a.test", throttled, nil, now); got.Until.Sub(now) != 5*time.Second {
		t.Errorf("after one was accepted: %+v", got)
	}
}

func TestSeveralDomainsThatThrottleAreTheAccount(t *testing.T) {
	d := flow.NewDomains("edm")
	about := 0
	for _, domain := range []string{"a.test", "b.test", "c.test", "d.test"} {
		d.Claimed(domain)
	}
	for _, domain := range []string{"a.test", "b.test", "c.test", "d.test"} {
		if _, its := d.Observe(domain, throttled, nil, start); its {
			about++
		}
	}
	if about != 2 {
		t.Errorf("%d answers were taken to be about a domain", about)
	}
	alone := flow.NewDomains("edm")
	alone.Claimed("a.test")
	if _, its := alone.Observe("a.test", throttled, nil, start); its {
		t.Error("all is for one domain, and its pace is not the account's")
	}
}

func TestWhatIsKnownOfAReplyFollows(t *testing.T) {
	d := flow.NewDomains("edm")
	hold := &ledger.DomainChange{SlowTo: 0.5, SlowUntil: start.Add(time.Hour), Until: start.Add(time.Minute)}
	got, its := d.Observe("a.test", throttled, hold, start)
	if want := (ledger.DomainChange{Account: "edm", Domain: "a.test", At: start, SlowTo: 0.5, SlowUntil: hold.SlowUntil, Until: hold.Until}); !its || got != want {
		t.Errorf("%+v %v, want %+v", got, its, want)
	}
	for _, o := range []message.Outcome{rejected, unknown, refused} {
		if _, its := d.Observe("b.test", o, hold, start); its {
			t.Errorf("%s is about the domain", o.Kind)
		}
	}
}

// Only an answer that throttles says anything of a domain, and only where it is not about one recipient alone, or more is known of it.
func TestWhatIsNotAboutADomain(t *testing.T) {
	one, back := throttled, message.GiveBack(message.BackDeadline)
	one.Recipient = true
	hold := &ledger.DomainChange{Until: start.Add(time.Minute)}
	for _, tc := range []struct {
		name   string
		domain string
		o      message.Outcome
		hold   *ledger.DomainChange
		its    bool
	}{
		{"no domain", "", throttled, hold, false},
		{"given back", "a.test", back, hold, false},
		{"accepted", "a.test", accepted, hold, false},
		{"about one recipient", "a.test", one, nil, false},
		{"about one recipient, and more is known", "a.test", one, hold, true},
		{"too fast", "a.test", throttled, nil, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := flow.NewDomains("edm")
			d.Claimed("b.test")
			got, its := d.Observe(tc.domain, tc.o, tc.hold, start)
			if its != tc.its || d.Calm() == tc.its || !its && got != (ledger.DomainChange{}) {
				t.Errorf("%v %+v, calm: %v", its, got, d.Calm())
			}
			d.Observe("a.test", accepted, nil, start)
			if !d.Calm() {
				t.Error("one was accepted, and there is trouble")
			}
		})
	}
}

func TestADomainIsLeftAloneForAQuarterOfAnHourAtMost(t *testing.T) {
	d, now := flow.NewDomains("edm"), start
	d.Claimed("b.test")
	for range 20 {
		got, _ := d.Observe("a.test", throttled, nil, now)
		if wait := got.Until.Sub(now); wait > 15*time.Minute {
			t.Fatalf("for %v", wait)
		}
		now = got.Until
	}
	if got, _ := d.Observe("a.test", throttled, nil, now); got.Until.Sub(now) != 15*time.Minute {
		t.Errorf("at last for %v", got.Until.Sub(now))
	}
}

// Domains that throttled a while ago are not the account, which is too fast for all of them now.
func TestDomainsThatThrottledBeforeDoNotCount(t *testing.T) {
	for since, want := range map[time.Duration]bool{10*time.Second - 1: false, 10 * time.Second: true} {
		d := flow.NewDomains("edm")
		for _, domain := range []string{"a.test", "b.test"} {
			d.Claimed(domain)
			d.Observe(domain, throttled, nil, start)
		}
		if _, its := d.Observe("c.test", throttled, nil, start.Add(since)); its != want {
			t.Errorf("after %v, about the domain: %v", since, its)
		}
	}
}

// What goes to another domain is found among the last two that differ.
func TestWhetherAnotherDomainIsWrittenTo(t *testing.T) {
	for _, tc := range []struct {
		claimed []string
		its     bool
	}{
		{nil, false},
		{[]string{"a.test"}, false},
		{[]string{"a.test", "a.test"}, false},
		{[]string{"b.test"}, true},
		{[]string{"b.test", "a.test"}, true},
		{[]string{"a.test", "b.test"}, true},
		{[]string{"b.test", "a.test", "a.test", "a.test"}, true},
	} {
		d := flow.NewDomains("edm")
		for _, domain := range tc.claimed {
			d.Claimed(domain)
		}
		if _, its := d.Observe("a.test", throttled, nil, start); its != tc.its {
			t.Errorf("%v: %v", tc.claimed, its)
		}
	}
}
