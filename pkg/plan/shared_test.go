package plan_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"notify/pkg/campaign"
	"notify/pkg/channel"
	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// told is by which key each recipient is told, on each channel: "E1 sms key", sorted, folded or not.
func told(all []plan.Recipient) []string {
	var out []string
	for _, r := range all {
		for _, m := range r.Messages {
			out = append(out, r.Key+" "+string(m.Channel)+" "+string(m.Key))
		}
		for _, f := range r.Folds {
			out = append(out, r.Key+" "+string(f.Channel)+" "+string(f.Into))
		}
	}
	slices.Sort(out)
	return out
}

// keys are the keys of a plan's messages, sorted.
func keys(all []plan.Recipient) []message.Key {
	var out []message.Key
	for _, r := range all {
		for _, m := range r.Messages {
			out = append(out, m.Key)
		}
	}
	slices.Sort(out)
	return out
}

func key(recipient, phone string) message.Key {
	return message.MakeKey("award-2020", message.SMS, message.Address(phone), recipient)
}

const phone = "+8613490000001"

func TestRowsThatShareAnAddress(t *testing.T) {
	same := []person{{"E1", "Wang", phone, ""}, {"E2", "Wang", phone, ""}}
	differ := []person{{"E1", "Wang", phone, ""}, {"E2", "Li", phone, ""}}
	type row struct{ Own, Into []message.Key }
	shared := key("", phone)
	e1, e2 := key("E1", phone), key("E2", phone)
	low := min(e1, e2)
	each := []row{{Own: []message.Key{e1}}, {Into: []message.Key{e1}}}
	if low == e2 {
		each = []row{{Into: []message.Key{e2}}, {Own: []message.Key{e2}}}
	}
	for _, c := range []struct {
		name, mode string
		people     []person
		want       []row
		conflicts  int
		problem    string
	}{
		{"the same text is told once", campaign.SharedRefuse, same, []row{{Own: []message.Key{shared}}, {Into: []message.Key{shared}}}, 0, ""},
		{"other texts are refused", campaign.SharedRefuse, differ, []row{{Own: []message.Key{shared}}, {Own: []message.Key{shared}}}, 1, "address-shared"},
		{"the same text folds", campaign.SharedFold, same, []row{{Own: []message.Key{shared}}, {Into: []message.Key{shared}}}, 0, ""},
		{"other texts fold into the first", campaign.SharedFold, differ, []row{{Own: []message.Key{shared}}, {Into: []message.Key{shared}}}, 1, ""},
		{"each text is told", campaign.SharedEach, differ, []row{{Own: []message.Key{e1}}, {Own: []message.Key{e2}}}, 0, ""},
		{"equal texts are told through the lowest key", campaign.SharedEach, same, each, 0, ""},
		{
			"one key with two texts", campaign.SharedEach,
			[]person{{"E1", "Wang", phone, ""}, {"E1", "Li", phone, ""}},
			[]row{{Own: []message.Key{e1}}, {Own: []message.Key{e1}}},
			1, "address-shared",
		},
		{
			"one key twice with one text", campaign.SharedEach,
			[]person{{"E1", "Wang", phone, ""}, {"E1", "Wang", phone, ""}},
			[]row{{Own: []message.Key{e1}}, {Into: []message.Key{e1}}},
			0, "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := made(t, inputs(t, of(c.people...), sharing(c.mode), smsOnly))
			var got []row
			folds := 0
			for _, r := range rows(t, p) {
				var x row
				for _, m := range r.Messages {
					x.Own = append(x.Own, m.Key)
				}
				for _, f := range r.Folds {
					x.Into, folds = append(x.Into, f.Into), folds+1
				}
				got = append(got, x)
			}
			if diff := gocmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if p.Conflicts != c.conflicts || p.Duplicates != folds {
				t.Errorf("%d conflicts, %d duplicates; want %d, %d", p.Conflicts, p.Duplicates, c.conflicts, folds)
			}
			if n := p.Problems.Count(c.problem); c.problem != "" && n != 1 || c.problem == "" && p.Problems.Errors() > 0 {
				t.Errorf("problems: %v", p.Problems.Kept())
			}
		})
	}
}

func TestAConflictSaysWhichRowsAndWhatToDo(t *testing.T) {
	p := made(t, inputs(t, of(person{"E1", "Wang", phone, "w@a.test"}, person{"E2", "Li", "+8613490000002", "W@A.TEST"})))
	want := []diag.Problem{{
		Severity: diag.Error, Code: "address-shared", Place: diag.Place{File: "award.xlsx", Sheet: "获奖名单", Row: 3, Column: "邮箱"},
		Summary: words.T("plan.address-shared", words.A{"address": words.T("channel.email.address", nil), "row": "2"}),
		Hint:    words.T("plan.do.shared", nil),
	}}
	if diff := gocmp.Diff(want, p.Problems.Kept()); diff != "" {
		t.Error(diff)
	}
}

func TestAMailAddressInCapitalsIsTheSame(t *testing.T) {
	for _, mode := range []string{campaign.SharedRefuse, campaign.SharedFold, campaign.SharedEach} {
		t.Run(mode, func(t *testing.T) {
			p := made(t, inputs(t, of(person{"E1", "Wang", "", "wang@a.test"}, person{"E2", "Wang", "", "WANG@a.test"}, person{"E3", "Wang", "", "Wang@A.test"}), sharing(mode)))
			if p.Duplicates != 2 || p.Messages() != 1 || p.Problems.Errors() != 0 {
				t.Errorf("%d messages, %d duplicates, problems %v", p.Messages(), p.Duplicates, p.Problems.Kept())
			}
		})
	}
}

func TestAKeyThatStandsTwiceIsAWarning(t *testing.T) {
	rows := []person{{"E1", "Wang", phone, "w@a.test"}, {"E1", "Li", "+8613490000002", "l@a.test"}}
	p := made(t, inputs(t, of(rows...)))
	if p.Problems.Count("key-duplicate") != 1 || p.Problems.Errors() != 0 || p.Problems.Kept()[0].Place.Row != 3 {
		t.Errorf("problems: %v", p.Problems.Kept())
	}
	noKey := of(rows...)
	noKey.noKey = true
	if p := made(t, inputs(t, noKey)); p.Problems.Len() != 0 {
		t.Errorf("problems of a list without a key column: %v", p.Problems.Kept())
	}
}

// However a list is sorted, the same people are told by the same keys: a list that is sorted anew reaches nobody twice.
func TestSortingAListAnewMakesTheSameKeys(t *testing.T) {
	for _, mode := range []string{campaign.SharedRefuse, campaign.SharedFold, campaign.SharedEach} {
		t.Run(mode, func(t *testing.T) {
			var all []person
			for i := range 60 {
				// Five phone numbers and three texts: many share both, many only the number.
				name, number := fmt.Sprint("Name ", i%3), fmt.Sprintf("+861349000000%d", i%5)
				if mode == campaign.SharedRefuse {
					name = "Name"
				}
				all = append(all, person{fmt.Sprintf("E%02d", i), name, number, ""})
			}
			rng := rand.New(rand.NewPCG(1, 2))
			first := rows(t, made(t, inputs(t, of(all...), sharing(mode), smsOnly)))
			for range 20 {
				rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
				again := rows(t, made(t, inputs(t, of(all...), sharing(mode), smsOnly)))
				if diff := gocmp.Diff(keys(first), keys(again)); diff != "" {
					t.Fatalf("other keys: %s", diff)
				}
				if diff := gocmp.Diff(told(first), told(again)); diff != "" {
					t.Fatalf("told by other messages: %s", diff)
				}
			}
		})
	}
}

// Every address of every row is told, by a message of its own or by one of another row, which is there.
func TestEveryAddressIsToldOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		digit := rapid.IntRange(0, 9)
		mode := rapid.SampledFrom([]string{campaign.SharedRefuse, campaign.SharedFold, campaign.SharedEach}).Draw(rt, "mode")
		var all []person
		addresses := 0
		for i := range rapid.IntRange(0, 40).Draw(rt, "rows") {
			p := person{key: fmt.Sprintf("E%d", i), name: fmt.Sprint("n", digit.Draw(rt, "name")%3)}
			if digit.Draw(rt, "phone?") > 0 {
				p.phone, addresses = fmt.Sprint("+861349000000", digit.Draw(rt, "phone")), addresses+1
			}
			if digit.Draw(rt, "mail?") > 0 {
				p.email, addresses = fmt.Sprintf("p%d@a.test", digit.Draw(rt, "mail")), addresses+1
				if digit.Draw(rt, "capitals") > 6 {
					p.email = strings.ToUpper(p.email)
				}
			}
			all = append(all, p)
		}
		in := inputs(t, of(all...), sharing(mode))
		p, err := plan.Make(t.Context(), in)
		if err != nil {
			rt.Fatal(err)
		}
		defer p.Close()
		var messages, folds int
		there := make(map[message.Key]int)
		var into []message.Key
		for _, r := range rows(t, p) {
			messages, folds = messages+len(r.Messages), folds+len(r.Folds)
			for _, m := range r.Messages {
				there[m.Key]++
			}
			for _, f := range r.Folds {
				into = append(into, f.Into)
			}
		}
		if messages+folds != addresses || p.Messages() != messages || p.Duplicates != folds {
			rt.Fatalf("%d messages (%d counted) + %d folds (%d counted) for %d addresses", messages, p.Messages(), folds, p.Duplicates, addresses)
		}
		for _, k := range into {
			if there[k] == 0 {
				rt.Fatalf("folded into %s, which is nobody's", k)
			}
		}
		for k, n := range there {
			if n > 1 && p.Problems.Count("address-shared") == 0 {
				rt.Fatalf("%d messages have the key %s, and no problem says so", n, k)
			}
		}
		if mode == campaign.SharedFold && p.Problems.Errors() > 0 {
			rt.Fatalf("folding left problems: %v", p.Problems.Kept())
		}
		wantCounts(rt, p, rows(t, p))
	})
}

// failer is a test or one draw of a property.
type failer interface {
	Helper()
	Errorf(format string, args ...any)
}

// wantCounts compares a plan's figures with its rows.
func wantCounts(t failer, p *plan.Plan, all []plan.Recipient) {
	t.Helper()
	want := make(map[message.Channel]*plan.ChannelPlan)
	for _, ch := range p.Spec.Channels() {
		want[ch] = &plan.ChannelPlan{Channel: ch}
	}
	want[message.SMS].BySegments, want[message.Email].Domains = map[int]int{}, map[string]int{}
	want[message.SMS].Countries = map[string]plan.Units{}
	for _, r := range all {
		for _, m := range r.Messages {
			c := want[m.Channel]
			c.Messages, c.Segments = c.Messages+1, c.Segments+m.Segments
			if m.Channel == message.SMS {
				c.BySegments[m.Segments]++
				c.Countries[channel.Region(m.Address)] = c.Countries[channel.Region(m.Address)].Add(m.Segments)
			} else {
				c.Domains[m.Address.Domain()]++
			}
		}
	}
	for _, got := range p.Channels {
		got.Subjects = 0
		if diff := gocmp.Diff(*want[got.Channel], got); diff != "" {
			t.Errorf("%s: %s", got.Channel, diff)
		}
	}
}

func TestMoreRowsThanMemoryHoldsMakeTheSamePlan(t *testing.T) {
	// Each of 150,000 rows is three contacts, its key and two addresses: more than are held in memory. The first 30,000
	// of them alone are not.
	const many, few = 150_000, 30_000
	in := inputs(t, crowd(many), sharing(campaign.SharedFold))
	large, small := made(t, in), made(t, inputs(t, crowd(few), sharing(campaign.SharedFold)))
	var head []plan.Recipient
	messages, folds := 0, 0
	for r, err := range large.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		messages, folds = messages+len(r.Messages), folds+len(r.Folds)
		if len(head) < few {
			r.Fields, r.Messages, r.Folds = slices.Clone(r.Fields), slices.Clone(r.Messages), slices.Clone(r.Folds)
			head = append(head, r)
		}
	}
	if messages+folds != 2*many || large.Messages() != messages || large.Duplicates != folds || large.Recipients != many {
		t.Errorf("%d messages + %d folds of %d rows", messages, folds, large.Recipients)
	}
	if large.Duplicates != 5*small.Duplicates || large.Conflicts != 5*small.Conflicts || small.Duplicates == 0 || small.Conflicts == 0 {
		t.Errorf("%d duplicates and %d conflicts, of a fifth of them %d and %d", large.Duplicates, large.Conflicts, small.Duplicates, small.Conflicts)
	}
	if !gocmp.Equal(rows(t, small), head, gocmp.Comparer(func(a, b plan.Fold) bool { return a == b })) {
		t.Error("the first rows of the large list are planned in another way than by themselves")
	}
	if n := large.Channel(message.Email).Subjects; n != plan.DistinctSubjects {
		t.Errorf("%d different subjects", n)
	}
	if err := large.Close(); err != nil {
		t.Error(err)
	}
	wantNoFiles(t, in.TempDir)
}

func TestThePartsOfAPlanAddUp(t *testing.T) {
	for _, weights := range [][]int{{80, 20}, {50, 50}, {1, 2}, {0, 1}, {97, 3}, {1, 1, 1}, {5, 3, 2, 1, 1, 1}} {
		p := made(t, inputs(t, crowd(1001), sharing(campaign.SharedFold), func(in *plan.Inputs) {
			in.Campaign.Texts.Short(message.SMS).Text = strings.Repeat("恭", 61) + "{{姓名}}" // one segment or two, by the name
			var route config.Route
			for i, w := range weights {
				route.Accounts = append(route.Accounts, config.Share{Account: fmt.Sprint("sms-", i), Weight: w})
				in.Config.Accounts[fmt.Sprint("sms-", i)] = config.Account{Rate: 10}
			}
			in.Config.Routes[message.SMS] = route
		}))
		if by := p.Channel(message.SMS).BySegments; len(by) != 2 {
			t.Errorf("by segments: %v", by)
		}
		wantCounts(t, p, rows(t, p))
	}
}

func TestTheRowsStayInTheOrderOfTheList(t *testing.T) {
	p := made(t, inputs(t, crowd(1000), sharing(campaign.SharedFold)))
	all := rows(t, p)
	if !slices.IsSortedFunc(all, func(a, b plan.Recipient) int { return cmp.Compare(a.Row, b.Row) }) || len(all) != 1000 {
		t.Errorf("%d rows, or not in the order of the list", len(all))
	}
}
