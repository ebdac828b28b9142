package send_test

import (
	"context"
	"errors"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/send"
	"notify/pkg/vendors"
)

// knowing is a vendor that says what it has, by address; of others that it has not.
type knowing struct {
	reached
	has  map[message.Address]message.OutcomeKind
	mute map[message.Address]bool // it does not answer
	then func()                   // before each answer

	mu              sync.Mutex
	asked           []vendors.Query
	at, mostAtATime int
}

func (v *knowing) Find(_ context.Context, q vendors.Query) (vendors.Found, error) {
	v.mu.Lock()
	v.asked = append(v.asked, q)
	v.at++
	v.mostAtATime = max(v.mostAtATime, v.at)
	v.mu.Unlock()
	if v.then != nil {
		v.then()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.at--
	switch {
	case v.mute[q.To]:
		return vendors.Found{}, errors.New("no answer")
	case v.has[q.To] != "":
		return vendors.Found{Answer: v.has[q.To], VendorID: "of " + string(q.To)}, nil
	}
	return vendors.Found{Answer: message.OutcomeUnsent}, nil
}

// ahead is a ledger that says which messages leave next.
type ahead struct {
	ledger.Ledger
	next func(n int) ([]ledger.Record, error)
}

func (l *ahead) Next(_ context.Context, _ string, n int) ([]ledger.Record, error) { return l.next(n) }

// forgotten asks of a campaign's messages through accounts by name.
func forgotten(l ledger.Ledger, accounts ...vendors.Vendor) *send.Forgotten {
	names := []string{"a", "b"}
	of, route := make(map[string]vendors.Vendor), config.Route{}
	for i, v := range accounts {
		of[names[i]] = v
		route.Accounts = append(route.Accounts, config.Share{Account: names[i], Weight: 1})
	}
	return &send.Forgotten{
		Ledger: l, Vendors: of, Campaign: "award", Spec: awardSpec(), Now: time.Now,
		Config: &config.Config{Timezone: time.UTC, Routes: map[message.Channel]config.Route{message.SMS: route}},
	}
}

func recordsOf(t *testing.T, l ledger.Ledger) (all []ledger.Record) {
	t.Helper()
	for r, err := range l.Messages(t.Context(), "award") {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

func addresses(rs []ledger.Record) (all []message.Address) {
	for _, r := range rs {
		all = append(all, r.Address)
	}
	return all
}

// A start asks for the messages that would leave next whether a vendor has them.
func TestAStartFindsWhatItsLedgerHasForgotten(t *testing.T) {
	accepted := message.OutcomeAccepted
	broken := errors.New("the disk is broken")
	for _, tc := range []struct {
		name  string
		v     vendors.Vendor
		next  func(call int, all []ledger.Record) ([]ledger.Record, error)
		spec  func(*plan.Spec)
		found []message.Address
		fails bool
	}{
		{"it has two of them", &knowing{has: map[message.Address]message.OutcomeKind{person(0): accepted, person(2): accepted, person(3): accepted}}, nil, nil, []message.Address{person(0), person(2)}, false},
		{"it has none", &knowing{}, nil, nil, nil, false},
		{"it cannot tell", &knowing{has: map[message.Address]message.OutcomeKind{person(0): message.OutcomeUnknown}}, nil, nil, nil, false},
		{"it does not answer for one", &knowing{mute: map[message.Address]bool{person(0): true}, has: map[message.Address]message.OutcomeKind{person(1): accepted}}, nil, nil, []message.Address{person(1)}, false},
		{"it cannot be asked", &reached{}, nil, nil, nil, false},
		{"nothing would leave", &knowing{}, func(int, []ledger.Record) ([]ledger.Record, error) { return nil, nil }, func(s *plan.Spec) { s.Texts[0].Short.Text = "{{nobody}}" }, nil, false},
		{"a run beside it has sent one meanwhile", &knowing{has: map[message.Address]message.OutcomeKind{person(0): accepted, person(1): accepted}}, func(call int, all []ledger.Record) ([]ledger.Record, error) {
			return all[call-1 : 3], nil
		}, nil, []message.Address{person(1)}, false},
		{"the ledger cannot say", &knowing{}, func(int, []ledger.Record) ([]ledger.Record, error) { return nil, broken }, nil, nil, true},
		{"the ledger cannot say once more", &knowing{has: map[message.Address]message.OutcomeKind{person(0): accepted}}, func(call int, all []ledger.Record) ([]ledger.Record, error) {
			if call == 1 {
				return all[:3], nil
			}
			return nil, broken
		}, nil, nil, true},
		{"the texts are broken", &knowing{}, nil, func(s *plan.Spec) { s.Texts[0].Short.Text = "{{nobody}}" }, nil, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := staged(t, 5).Open()
			all, calls := recordsOf(t, l), 0
			f := forgotten(&ahead{Ledger: l, next: func(n int) ([]ledger.Record, error) {
				if calls++; tc.next != nil {
					return tc.next(calls, all)
				}
				return all[:n], nil
			}}, tc.v)
			if tc.spec != nil {
				tc.spec(&f.Spec)
			}
			found, err := f.Probe(t.Context())
			if diff := cmp.Diff(tc.found, addresses(found)); diff != "" || (err != nil) != tc.fails {
				t.Errorf("%v: %s", err, diff)
			}
		})
	}
	if found, err := forgotten(staged(t, 1).Open(), &knowing{}).Probe(t.Context()); found != nil || err != nil {
		t.Errorf("a ledger that does not say what is next: %v, %v", found, err)
	}
}

// Who is interrupted while vendors are asked has found nothing.
func TestAStartThatIsInterruptedHasFoundNothing(t *testing.T) {
	l := staged(t, 3).Open()
	all := recordsOf(t, l)
	ctx, stop := context.WithCancel(t.Context())
	v := &knowing{has: map[message.Address]message.OutcomeKind{person(0): message.OutcomeAccepted}, then: stop}
	f := forgotten(&ahead{Ledger: l, next: func(int) ([]ledger.Record, error) { return all, nil }}, v)
	if found, err := f.Probe(ctx); found != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%v, %v", found, err)
	}
}

// told is what is told, by address.
type told struct {
	Lost, Accepted  []message.Address
	Accounts        []string // of Lost
	NotAsked, Clear int
	CannotAsk       []string
}

func tellOf(t *testing.T, l ledger.Ledger, got *send.Told) told {
	t.Helper()
	to := make(map[message.Key]message.Address)
	for _, r := range recordsOf(t, l) {
		to[r.Key] = r.Address
	}
	out := told{NotAsked: got.NotAsked, Clear: got.Clear, CannotAsk: got.CannotAsk}
	for _, lost := range got.Lost {
		out.Accounts = append(out.Accounts, lost.Account)
		for _, k := range lost.Keys {
			out.Lost = append(out.Lost, to[k])
		}
	}
	for _, r := range got.Accepted {
		out.Accepted = append(out.Accepted, to[r.Key])
	}
	return out
}

// Of each message that may be sent yet every account is asked that may have had it: none is sent that one of them has, or may have.
func TestWhatTheVendorsSayOfAllThatMayBeSentYet(t *testing.T) {
	accepted, unclear := message.OutcomeAccepted, message.OutcomeUnknown
	of := func(i int, k message.OutcomeKind) map[message.Address]message.OutcomeKind {
		return map[message.Address]message.OutcomeKind{person(i): k}
	}
	for _, tc := range []struct {
		name string
		vs   []vendors.Vendor
		want told
	}{
		{"nobody has one", []vendors.Vendor{&knowing{}, &knowing{}}, told{Clear: 3}},
		{"the first has one", []vendors.Vendor{&knowing{has: of(1, accepted)}, &knowing{}}, told{Lost: []message.Address{person(1)}, Accepted: []message.Address{person(1)}, Accounts: []string{"a"}, Clear: 2}},
		{"the second has one", []vendors.Vendor{&knowing{}, &knowing{has: of(1, accepted)}}, told{Lost: []message.Address{person(1)}, Accepted: []message.Address{person(1)}, Accounts: []string{"b"}, Clear: 2}},
		{"the first cannot tell, and the second has it", []vendors.Vendor{&knowing{has: of(1, unclear)}, &knowing{has: of(1, accepted)}}, told{Lost: []message.Address{person(1)}, Accepted: []message.Address{person(1)}, Accounts: []string{"b"}, Clear: 2}},
		{"both cannot tell", []vendors.Vendor{&knowing{has: of(1, unclear)}, &knowing{has: of(1, unclear)}}, told{Lost: []message.Address{person(1)}, Accounts: []string{"a"}, NotAsked: 1, CannotAsk: []string{"a"}, Clear: 2}},
		{"one does not answer", []vendors.Vendor{&knowing{}, &knowing{mute: map[message.Address]bool{person(2): true}}}, told{Lost: []message.Address{person(2)}, Accounts: []string{"b"}, NotAsked: 1, CannotAsk: []string{"b"}, Clear: 2}},
		{"one cannot be asked", []vendors.Vendor{&reached{}, &knowing{has: of(1, accepted)}}, told{Lost: []message.Address{person(0), person(2), person(1)}, Accepted: []message.Address{person(1)}, Accounts: []string{"a", "b"}, NotAsked: 2, CannotAsk: []string{"a"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := staged(t, 3).Open()
			got, err := forgotten(l, tc.vs...).Ask(t.Context(), nil)
			if diff := cmp.Diff(tc.want, tellOf(t, l, &got)); diff != "" || err != nil {
				t.Errorf("%v: %s", err, diff)
			}
		})
	}
}

// What is known to have left is not asked for, and those behind it are.
func TestWhatIsKnownToHaveLeftIsNotAskedFor(t *testing.T) {
	l, v := staged(t, 3).Open(), &knowing{}
	all := recordsOf(t, l)
	got, err := forgotten(l, v).Ask(t.Context(), map[message.Key]bool{all[0].Key: true})
	if err != nil || got.Clear != 2 || len(v.asked) != 2 {
		t.Errorf("%+v, %v: asked for %v", got, err, v.asked)
	}
	for _, q := range v.asked {
		if q.Text == "" || q.To == person(0) || q.Key == all[0].Key {
			t.Errorf("asked for %+v", q)
		}
	}
}

// However many there are, each is asked for, and eight at a time.
func TestAllAreAskedForAFewAtATime(t *testing.T) {
	const n = 401
	synctest.Test(t, func(t *testing.T) {
		l, v := staged(t, n).Open(), &knowing{then: func() { <-time.After(time.Second) }}
		got, err := forgotten(l, v).Ask(t.Context(), nil)
		if err != nil || got.Clear != n || len(v.asked) != n || v.mostAtATime != 8 {
			t.Errorf("%d of %d are clear, %v; asked %d times, %d at a time", got.Clear, n, err, len(v.asked), v.mostAtATime)
		}
	})
}

// unread is a ledger whose messages cannot be read.
type unread struct{ ledger.Ledger }

var errUnread = errors.New("the disk is broken")

func (unread) Messages(context.Context, string, ...message.State) iter.Seq2[ledger.Record, error] {
	return func(yield func(ledger.Record, error) bool) { yield(ledger.Record{}, errUnread) }
}

func TestAskingSaysWhatItCouldNotRead(t *testing.T) {
	if _, err := forgotten(unread{}, &knowing{}).Ask(t.Context(), nil); !errors.Is(err, errUnread) {
		t.Errorf("it ended with %v", err)
	}
	f := forgotten(staged(t, 1).Open(), &knowing{})
	f.Spec.Texts[0].Short.Text = "{{nobody}}"
	if _, err := f.Ask(t.Context(), nil); err == nil {
		t.Error("the texts are broken")
	}
}
