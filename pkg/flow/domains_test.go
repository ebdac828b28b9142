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
