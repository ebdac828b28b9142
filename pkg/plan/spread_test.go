package plan_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/message"
	"notify/pkg/plan"
)

// byDomain is a list that is sorted by domain: so many rows for each.
func byDomain(counts ...int) *people {
	var all []person
	for d, n := range counts {
		for range n {
			i := len(all)
			all = append(all, person{fmt.Sprint("E", i), "Wang", fmt.Sprintf("+86134900%05d", i), fmt.Sprintf("p%d@d%d.test", i, d)})
		}
	}
	return of(all...)
}

func spread(in *plan.Inputs) { in.Campaign.Order = campaign.OrderSpread }

// leaving reads the plan in the order in which it leaves, its slices copied.
func leaving(t *testing.T, p *plan.Plan) []plan.Recipient {
	t.Helper()
	var all []plan.Recipient
	for r, err := range p.Leaving() {
		if err != nil {
			t.Fatal(err)
		}
		r.Fields, r.Messages, r.Folds = slices.Clone(r.Fields), slices.Clone(r.Messages), slices.Clone(r.Folds)
		all = append(all, r)
	}
	return all
}

// wantShares says that among any w rows that follow each other no domain has more than its share and two, and none less than that.
func wantShares(t *testing.T, all []plan.Recipient) {
	t.Helper()
	prefix := map[string][]int{}
	for i, r := range all {
		d := r.Messages[len(r.Messages)-1].Address.Domain()
		if prefix[d] == nil {
			prefix[d] = make([]int, len(all)+1)
		}
		for at := i + 1; at <= len(all); at++ {
			prefix[d][at]++
		}
	}
	for d, n := range prefix {
		share := float64(n[len(all)]) / float64(len(all))
		for w := 1; w <= len(all); w++ {
			for from := 0; from+w <= len(all); from++ {
				if got := float64(n[from+w] - n[from]); got > float64(w)*share+2 || got < float64(w)*share-2 {
					t.Fatalf("%s has %v of the %d rows from %d, its share is %.2f", d, got, w, from, float64(w)*share)
				}
			}
		}
	}
}

func TestSpreadNoDomainHasMoreThanItsShareOfAnyWindow(t *testing.T) {
	many := make([]int, 60) // half of the rows have a domain of their own
	for i := range many {
		many[i] = 1
	}
	for name, counts := range map[string][]int{
		"one large, one small": {95, 5}, "alike": {40, 40, 40}, "as lists are": append([]int{50, 30, 17, 9, 4}, many...), "each its own": many, "one alone": {70},
		"beside a giant": {2, 151, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := made(t, inputs(t, byDomain(counts...), spread))
			all := leaving(t, p)
			wantShares(t, all)
			if diff := gocmp.Diff(all, leaving(t, p)); diff != "" {
				t.Errorf("read a second time it is another order: %s", diff)
			}
			last := map[string]int{}
			for _, r := range all {
				d := r.Messages[1].Address.Domain()
				if r.Row < last[d] {
					t.Errorf("row %d leaves after row %d of its domain", r.Row, last[d])
				}
				last[d] = r.Row
			}
			slices.SortFunc(all, func(a, b plan.Recipient) int { return cmp.Compare(a.Row, b.Row) })
			if diff := gocmp.Diff(rows(t, p), all); diff != "" {
				t.Errorf("it is not the plan in another order: %s", diff)
			}
		})
	}
}

func TestSpreadOverMoreRowsThanAreLinkedAtOnce(t *testing.T) {
	const n = 9000
	p := made(t, inputs(t, byDomain(n-90, 90), spread))
	last, seen := -1, 0
	for r, err := range p.Leaving() {
		if err != nil {
			t.Fatal(err)
		}
		if r.Messages[1].Address.Domain() == "d1.test" {
			if gap := seen - last; gap > 200 {
				t.Errorf("%d rows without the small domain", gap)
			}
			last = seen
		}
		seen++
	}
	if seen != n {
		t.Errorf("%d rows of %d", seen, n)
	}
}

func TestSpreadWithRowsThatShareAndRowsWithoutAMail(t *testing.T) {
	rows := []person{
		{"E1", "Wang", "+8613490000001", "w@a.test"}, {"E2", "Wang", "+8613490000002", "w@a.test"}, {"E3", "Li", "+8613490000003", ""}, {"E4", "Mo", "+8613490000004", "m@b.test"},
	}
	p := made(t, inputs(t, of(rows...), spread, sharing(campaign.SharedFold)))
	all := leaving(t, p)
	folds, mails, texts := 0, 0, 0
	for _, r := range all {
		folds += len(r.Folds)
		for _, m := range r.Messages {
			if m.Channel == message.Email {
				mails++
			} else {
				texts++
			}
		}
	}
	if len(all) != 4 || folds != 1 || mails != 2 || texts != 4 {
		t.Errorf("%d rows, %d folds, %d mails, %d texts", len(all), folds, mails, texts)
	}
	for r, err := range p.Leaving() {
		if err != nil || r.Row != 3 { // of the two that have no mail of their own
			t.Errorf("row %d, %v", r.Row, err)
		}
		break // who stops reading is given nothing more
	}
}

func TestTheOrderIsSignedAndIsThatOfTheListUnlessItIsSaid(t *testing.T) {
	one, two := made(t, inputs(t, byDomain(5, 5))), made(t, inputs(t, byDomain(5, 5), spread))
	if one.Digests.Campaign == two.Digests.Campaign || one.Digests.List != two.Digests.List {
		t.Errorf("%+v and %+v", one.Digests, two.Digests)
	}
	if diff := gocmp.Diff(rows(t, one), leaving(t, one)); diff != "" {
		t.Error(diff)
	}
}
