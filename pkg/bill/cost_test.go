package bill_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/bill"
	"notify/pkg/ledger"
	"notify/pkg/message"
)

// books has two campaigns: "november" is kept as a whole, "both" was under way when the month ended, and its messages must be looked through.
type books struct {
	testing.TB
	read map[string]bool
}

func day(d int) time.Time { return time.Date(2026, 11, d, 4, 0, 0, 0, time.UTC) } // day 0 is the last of October

func (b *books) Campaigns(context.Context) ([]ledger.Campaign, error) {
	spec := func(name string) []byte {
		return []byte(`{"schema":"notify.spec/1","name":"` + name + `","owner":"wang","team":"rewards","class":"notice"}`)
	}
	return []ledger.Campaign{{Name: "november", Spec: spec("november")}, {Name: "both", Spec: spec("both")}}, nil
}

func (b *books) Spent(context.Context) ([]ledger.Spent, error) {
	cell := func(name, account string, s message.State, n int64, cost message.Money, from, to int) ledger.Spent {
		return ledger.Spent{
			Campaign: name, Channel: message.SMS, Account: account, State: s, Debit: ledger.Debit{Messages: n, Segments: 2 * n, Cost: cost},
			First: day(from), Last: day(to), Least: cost / message.Money(2*n), Most: cost / message.Money(2*n),
		}
	}
	return []ledger.Spent{
		cell("november", "sms", message.Accepted, 10, 900, 2, 3), cell("november", "sms", message.Rejected, 5, 0, 2, 3),
		cell("november", "dear", message.Unknown, 1, 0, 2, 2), cell("both", "sms", message.Accepted, 2, 180, 0, 1),
	}, nil
}

func (b *books) Messages(_ context.Context, name string, _ ...message.State) iter.Seq2[ledger.Record, error] {
	b.read[name] = true
	return func(yield func(ledger.Record, error) bool) {
		for i, to := range []message.Address{"+8613490000001", "+12025550123"} {
			r := ledger.Record{Channel: message.SMS, Address: to, Segments: 2, State: message.Accepted, Account: "sms", Price: 45, Claimed: day(i)}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func TestCostsAreReadFromWhatIsKeptWhereItBelongsTogether(t *testing.T) {
	accounts := map[string]bill.Account{"sms": {Currency: "CNY"}, "dear": {Currency: "CNY"}}
	cost := func(name string, messages int64, of message.Money, unpriced int64) bill.Cost {
		return bill.Cost{Name: name, Currency: "CNY", Messages: messages, Segments: 2 * messages, Cost: &of, Unpriced: unpriced}
	}
	for _, tt := range []struct {
		by    bill.By
		since time.Time
		want  []bill.Cost
		read  map[string]bool
	}{
		{bill.ByMonth, time.Time{}, []bill.Cost{cost("2026-10", 1, 90, 0), cost("2026-11", 12, 990, 1)}, map[string]bool{"both": true}},
		{bill.ByCampaign, time.Time{}, []bill.Cost{cost("both", 2, 180, 0), cost("november", 11, 900, 1)}, map[string]bool{}},
		{bill.ByTeam, day(1), []bill.Cost{cost("rewards", 12, 990, 1)}, map[string]bool{"both": true}},
		{bill.ByMonth, day(2), []bill.Cost{cost("2026-11", 11, 900, 1)}, map[string]bool{}},
		{bill.ByMonth, day(4), []bill.Cost{}, map[string]bool{}},
	} {
		b := &books{TB: t, read: map[string]bool{}}
		got, err := bill.Costs(t.Context(), b, tt.by, accounts, tt.since, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("by %s since %s (-want +got):\n%s", tt.by, tt.since, diff)
		}
		if diff := cmp.Diff(tt.read, b.read); diff != "" {
			t.Errorf("by %s since %s, what was looked through (-want +got):\n%s", tt.by, tt.since, diff)
		}
	}
	b := &books{TB: t, read: map[string]bool{}}
	ours, err := bill.Debited(t.Context(), b, "sms", day(-30), day(1))
	if err != nil || len(ours) != 1 || b.read["november"] {
		t.Errorf("%+v, %v, read %v", ours, err, b.read)
	}
}

// keeping is a ledger that remembers.
type keeping struct {
	books
	kept  map[string]string
	spent []ledger.Spent
}

func (k *keeping) Bookmark(_ context.Context, name string) (string, error) { return k.kept[name], nil }

func (k *keeping) SetBookmark(_ context.Context, name, value string) error {
	k.kept[name] = value
	return nil
}

func (k *keeping) Spent(ctx context.Context) ([]ledger.Spent, error) {
	if k.spent != nil {
		return k.spent, nil
	}
	return k.books.Spent(ctx)
}

// A campaign is looked through once for the countries, and again when something more was debited.
func TestCountriesAreKeptUntilMoreIsSpent(t *testing.T) {
	accounts := map[string]bill.Account{"sms": {Currency: "CNY"}, "dear": {Currency: "CNY"}}
	k := &keeping{books: books{TB: t}, kept: map[string]string{}}
	look := func(since time.Time, read ...string) []bill.Cost {
		t.Helper()
		k.read = map[string]bool{}
		got, err := bill.Costs(t.Context(), k, bill.ByCountry, accounts, since, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{}
		for _, name := range read {
			want[name] = true
		}
		if diff := cmp.Diff(want, k.read); diff != "" {
			t.Errorf("what was looked through (-want +got):\n%s", diff)
		}
		return got
	}
	first := look(time.Time{}, "november", "both")
	want := []bill.Cost{
		{Name: "CN", Currency: "CNY", Messages: 2, Segments: 4, Cost: new(message.Money(180))}, {Name: "US", Currency: "CNY", Messages: 2, Segments: 4, Cost: new(message.Money(180))},
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(first, look(time.Time{})); diff != "" {
		t.Errorf("another time (-first +got):\n%s", diff)
	}
	look(day(1), "both") // a part of it is not what was kept
	k.spent, _ = k.books.Spent(t.Context())
	k.spent[0].Messages++
	look(time.Time{}, "november")
}
