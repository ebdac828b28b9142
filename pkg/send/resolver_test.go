package send_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/send"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// losing is a vendor whose answers are lost, and which can be asked.
type losing struct{ knowing }

func (v *losing) Send(context.Context, message.Message) message.Outcome {
	return message.Outcome{Kind: message.OutcomeUnknown, Code: "notify:cut"}
}

// unclear is a ledger with n messages of which nobody knows what became of them.
func unclear(t *testing.T, n int) ledger.Ledger {
	t.Helper()
	l := staged(t, n).Open()
	if _, err := loopOn(l, l, &losing{}, config.Account{Name: "a", Concurrency: 8}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l
}

func resolver(l ledger.Ledger, v vendors.Vendor, keys ...message.Key) *send.Resolver {
	r := &send.Resolver{
		Ledger: l, Vendors: map[string]vendors.Vendor{"a": v}, Campaign: "award", Spec: awardSpec(), Now: time.Now,
		By: ledger.Act{Who: "wang@ops", What: "resolve", At: time.Now(), Reason: "seen in their console"},
	}
	for _, k := range keys {
		r.Keys = append(r.Keys, string(k))
	}
	return r
}

// What a vendor says settles a message; that it has not got it is believed after half a minute only.
func TestWhatAVendorSaysOfWhatIsUnknown(t *testing.T) {
	has := map[message.Address]message.OutcomeKind{person(0): message.OutcomeAccepted, person(2): message.OutcomeUnknown, person(4): message.OutcomeRejected}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		l, v := unclear(t, 5), &knowing{has: has, mute: map[message.Address]bool{person(3): true}}
		<-time.After(30*time.Second - 1)
		got, err := resolver(l, v).Ask(t.Context())
		want := send.Resolved{Resolved: ledger.Resolved{Accepted: 1}, Left: 4, Early: 1, Again: began.Add(30 * time.Second), Mute: 1, Cause: words.Raw("no answer")}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v: %s", err, diff)
		}
		for _, q := range v.asked {
			if q.Text == "" || !q.Since.Equal(began.Add(-time.Minute)) || !q.Until.Equal(time.Now()) {
				t.Errorf("asked for %+v", q)
			}
		}
		<-time.After(1)
		got, err = resolver(l, v).Ask(t.Context())
		if diff := cmp.Diff(send.Resolved{Resolved: ledger.Resolved{NotSent: 1}, Left: 3, Mute: 1, Cause: words.Raw("no answer")}, got); diff != "" || err != nil {
			t.Errorf("%v: %s", err, diff)
		}
	})
}

// Of several that are too early the last says when to ask again.
func TestWhenToAskAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		l := staged(t, 3).Open()
		if _, err := loopOn(l, l, &losing{}, config.Account{Name: "a", Concurrency: 1, Rate: 1}).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, err := resolver(l, &knowing{}).Ask(t.Context())
		if err != nil || got.Early != 3 || got.Again.Sub(began).Round(time.Second) != 32*time.Second {
			t.Errorf("%+v after %v, %v", got, got.Again.Sub(began), err)
		}
	})
}

// A person names messages: those and no others are settled, and what is not unknown is named.
func TestMessagesThatAPersonNames(t *testing.T) {
	l := unclear(t, 3)
	all := recordsOf(t, l)
	keys := []message.Key{all[1].Key, "nobody", all[1].Key, "nobody"}
	got, err := resolver(l, &reached{}, keys...).Ask(t.Context())
	if diff := cmp.Diff(send.Resolved{Named: 2, Left: 1, NotAsked: 1, CannotAsk: []string{"a"}, NotUnknown: []string{"nobody"}}, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	got, err = resolver(l, &reached{}, keys...).Decide(t.Context(), message.OutcomeAccepted)
	if diff := cmp.Diff(send.Resolved{Resolved: ledger.Resolved{Accepted: 1}, Named: 2, NotUnknown: []string{"nobody"}}, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	if r := recordsOf(t, l)[1]; r.State != message.Accepted || r.Code != "notify:person" || r.Detail != "seen in their console" {
		t.Errorf("%+v", r)
	}
	got, err = resolver(l, &reached{}).Ask(t.Context())
	if diff := cmp.Diff(send.Resolved{Left: 2, NotAsked: 2, CannotAsk: []string{"a"}}, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	got, err = resolver(l, &reached{}).Decide(t.Context(), message.OutcomeUnsent)
	if diff := cmp.Diff(send.Resolved{Resolved: ledger.Resolved{NotSent: 2}}, got); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
}

// listing is a ledger with so many unknown messages, which settles them, a batch at a time, or fails to.
type listing struct {
	ledger.Ledger
	n       int
	fails   error
	batches []int
}

func (l *listing) Messages(context.Context, string, ...message.State) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) {
		for i := range l.n {
			to := person(i)
			if !yield(ledger.Record{Key: message.Key(to), Channel: message.SMS, Address: to, Account: "a", Fields: []byte(`["Li"]`), State: message.Unknown}, nil) {
				return
			}
		}
	}
}

func (l *listing) Resolve(_ context.Context, _ string, rs []ledger.Resolution, _ ledger.Act) (ledger.Resolved, error) {
	l.batches = append(l.batches, len(rs))
	if l.fails != nil {
		return ledger.Resolved{}, l.fails
	}
	// Some of them were settled by somebody else meanwhile.
	return ledger.Resolved{Accepted: len(rs) - 3, NotSent: 1, Rejected: 1, Skipped: 1}, nil
}

// However many there are, each is asked for, and eight at a time.
func TestAllThatIsUnknownIsAskedForAFewAtATime(t *testing.T) {
	const n = 401
	synctest.Test(t, func(t *testing.T) {
		l, v := &listing{n: n}, &knowing{has: make(map[message.Address]message.OutcomeKind), then: func() { <-time.After(time.Second) }}
		for i := range n - 1 { // of one nobody knows
			v.has[person(i)] = message.OutcomeAccepted
		}
		v.mute = map[message.Address]bool{person(n - 1): true}
		l.n = n
		got, err := resolver(l, v).Ask(t.Context())
		want := send.Resolved{Resolved: ledger.Resolved{Accepted: 394, NotSent: 2, Rejected: 2, Skipped: 2}, Left: 1, Mute: 1, Cause: words.Raw("no answer")}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v: %s", err, diff)
		}
		if diff := cmp.Diff([]int{200, 200}, l.batches); diff != "" || len(v.asked) != n || v.mostAtATime != 8 {
			t.Errorf("asked %d times, %d at a time: %s", len(v.asked), v.mostAtATime, diff)
		}
	})
}

// What cannot be read or settled ends it, and what was not settled is left.
func TestAResolverSaysWhatItCouldNotDo(t *testing.T) {
	if _, err := resolver(unread{}, &knowing{}).Ask(t.Context()); !errors.Is(err, errUnread) {
		t.Errorf("messages cannot be read: %v", err)
	}
	if _, err := resolver(unread{}, &knowing{}).Decide(t.Context(), message.OutcomeUnsent); !errors.Is(err, errUnread) {
		t.Errorf("messages cannot be read: %v", err)
	}
	for _, n := range []int{1, 250} {
		l := &listing{n: n, fails: errUnread}
		if got, err := resolver(l, &knowing{}).Decide(t.Context(), message.OutcomeUnsent); !errors.Is(err, errUnread) || got.Left != min(n, 200) || len(l.batches) != 1 {
			t.Errorf("of %d: %+v, %v, asked %d times", n, got, err, len(l.batches))
		}
	}
	r := resolver(unclear(t, 1), &knowing{})
	r.Spec.Texts[0].Short.Text = "{{nobody}}"
	if _, err := r.Ask(t.Context()); err == nil {
		t.Error("the texts are broken")
	}
	ctx, stop := context.WithCancel(t.Context())
	l := &listing{n: 1}
	if _, err := resolver(l, &knowing{then: stop}).Ask(ctx); !errors.Is(err, context.Canceled) || len(l.batches) != 0 {
		t.Errorf("interrupted: %v, settled %v", err, l.batches)
	}
}
