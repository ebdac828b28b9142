package plan_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/plan"
)

func TestTheSameInputMakesTheSamePlan(t *testing.T) {
	one, two := made(t, inputs(t, crowd(600), sharing(campaign.SharedFold))), made(t, inputs(t, crowd(600), sharing(campaign.SharedFold)))
	if one.Digest != two.Digest || one.Digest == "" {
		t.Errorf("digests %q and %q", one.Digest, two.Digest)
	}
	if diff := cmp.Diff(rows(t, one), rows(t, two)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(rows(t, one), rows(t, one)); diff != "" {
		t.Errorf("read a second time it is another plan: %s", diff)
	}
}

func TestOnlyThePartOfTheDigestThatChangedChanges(t *testing.T) {
	two := []person{{"E1", "Wang", "+8613490000001", "w@a.test"}, {"E2", "Li", "+8613490000002", "l@a.test"}}
	before := made(t, inputs(t, of(two...)))
	list := func(change func(rows []person) []person) func(*plan.Inputs) {
		return func(in *plan.Inputs) { in.List = of(change([]person{two[0], two[1]})...) }
	}
	account := func(name string, change func(*config.Account)) func(*plan.Inputs) {
		return func(in *plan.Inputs) {
			a := in.Config.Accounts[name]
			change(&a)
			in.Config.Accounts[name] = a
		}
	}
	for _, c := range []struct {
		name, part string
		change     func(*plan.Inputs)
	}{
		{"nothing", "", func(*plan.Inputs) {}},
		{"a cell", "list", list(func(r []person) []person { r[1].name = "Lee"; return r })},
		{"a phone number", "list", list(func(r []person) []person { r[1].phone = "+8613490000003"; return r })},
		{"a mailbox", "list", list(func(r []person) []person { r[1].email = "lee@a.test"; return r })},
		{"a key", "list", list(func(r []person) []person { r[1].key = "E3"; return r })},
		{"the order", "list", list(func(r []person) []person { r[0], r[1] = r[1], r[0]; return r })},
		{"a row more", "list", list(func(r []person) []person { return append(r, person{"E3", "Mo", "+8613490000003", "m@a.test"}) })},
		{"a row less", "list", list(func(r []person) []person { return r[:1] })},
		{"a letter that moved to the next cell", "list", list(func(r []person) []person { r[1].key, r[1].name = "E2L", "i"; return r })},
		{"the SMS", "texts", func(in *plan.Inputs) { in.Campaign.Texts.Short(message.SMS).Text += "!" }},
		{"a template code", "texts", func(in *plan.Inputs) {
			in.Campaign.Texts.Short(message.SMS).TemplateCode = map[string]string{"sms": "SMS_1"}
		}},
		{"the subject", "texts", func(in *plan.Inputs) { in.Campaign.Texts.Mail(message.Email).Subject += "!" }},
		{"the mail", "texts", func(in *plan.Inputs) { in.Campaign.Texts.Mail(message.Email).Text += "!" }},
		{"the sender", "texts", func(in *plan.Inputs) { in.Campaign.Texts.Mail(message.Email).From = "b@a.test" }},
		{"an attachment", "texts", func(in *plan.Inputs) {
			in.Campaign.Texts.Mail(message.Email).Attachments = []message.Attachment{{Name: "map.pdf", Data: []byte("a")}}
		}},
		{"where the text lies", "", func(in *plan.Inputs) { in.Campaign.Texts.Short(message.SMS).File = "other.txt" }},
		{"what becomes of shared addresses", "campaign", func(in *plan.Inputs) { in.Campaign.Shared = campaign.SharedFold }},
		{"the window", "campaign", func(in *plan.Inputs) { in.Campaign.Window = campaign.Window{From: 9 * time.Hour, To: 20 * time.Hour} }},
		{"the deadline", "campaign", func(in *plan.Inputs) { in.Campaign.Deadline = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC) }},
		{"the budget", "campaign", func(in *plan.Inputs) { in.Campaign.Budget = 1 }},
		{"when it stops", "campaign", func(in *plan.Inputs) { in.Campaign.StopWhen.Failed = 0.05 }},
		{"the owner", "campaign", func(in *plan.Inputs) { in.Campaign.Owner = "Li" }},
		{"the class", "campaign", func(in *plan.Inputs) { in.Campaign.Class = "marketing" }},
		{"the vendor", "accounts", account("spare", func(a *config.Account) { a.Vendor = "smtp" })},
		{"the endpoint", "accounts", account("edm", func(a *config.Account) { a.Endpoint = "https://b.test" })},
		{"an account's class", "accounts", account("edm", func(a *config.Account) { a.Class = "marketing" })},
		{"the environment", "accounts", func(in *plan.Inputs) { in.Config.Environment = "test" }},
		{"the price", "limits", account("sms", func(a *config.Account) { p := message.Money(50_000); a.Price = &p })},
		{"no price", "limits", account("sms", func(a *config.Account) { a.Price = nil })},
		{"the currency", "limits", account("sms", func(a *config.Account) { a.Currency = "USD" })},
		{"the rate", "limits", account("edm", func(a *config.Account) { a.Rate = 51 })},
		{"the burst", "limits", account("edm", func(a *config.Account) { a.Burst = 7 })},
		{"the quota", "limits", account("edm", func(a *config.Account) { a.DailyQuota = 7 })},
		{"a budget of the month", "limits", account("edm", func(a *config.Account) { a.MonthBudget = 7 })},
		{"a domain's rate", "limits", account("edm", func(a *config.Account) { a.DomainRate = map[string]float64{"qq.test": 5} })},
		{"the capacity", "limits", func(in *plan.Inputs) { in.Config.Capacity.Recipients = 7 }},
		{"a weight", "limits", func(in *plan.Inputs) { in.Config.Routes[message.SMS].Accounts[0].Weight = 81 }},
		{"another account's price", "", func(in *plan.Inputs) { in.Config.Accounts["other"] = config.Account{Rate: 1} }},
		{"a password", "", account("sms", func(a *config.Account) { a.Options = config.Options{"password": "secret"} })},
		{"a time limit", "", account("sms", func(a *config.Account) { a.Timeout, a.Concurrency = time.Hour, 99 })},
	} {
		t.Run(c.name, func(t *testing.T) {
			after := made(t, inputs(t, of(two...), c.change))
			if same := after.Digest == before.Digest; same != (c.part == "") {
				t.Errorf("the digest is the same: %v", same)
			}
			for part, was := range before.Digests.Scopes() {
				if same := after.Digests.Scopes()[part] == was; same == (part == c.part) {
					t.Errorf("part %s is the same: %v", part, same)
				}
			}
		})
	}
}

func TestARowWithoutAnAddressHasNoMessage(t *testing.T) {
	p := made(t, inputs(t, of(person{"E1", "Wang", "", "w@a.test"}, person{"E2", "Li", phone, ""}, person{"E3", "Mo", "", ""})))
	var got []string
	for _, r := range rows(t, p) {
		for _, m := range r.Messages {
			got = append(got, fmt.Sprintf("%d %s %s", r.Row, m.Channel, m.Address))
		}
	}
	if diff := cmp.Diff([]string{"2 email w@a.test", "3 sms " + phone}, got); diff != "" {
		t.Error(diff)
	}
	if p.Recipients != 3 || p.Messages() != 2 || p.Channel("fax").Messages != 0 {
		t.Errorf("%d recipients, %d messages", p.Recipients, p.Messages())
	}
}

func TestAVariableThatIsEmptyIsAProblemOfItsRow(t *testing.T) {
	p := made(t, inputs(t, of(person{"E1", "Wang", "+8613490000001", ""}, person{"E2", "", "+8613490000002", ""})))
	want := diag.Place{File: "award.xlsx", Sheet: "获奖名单", Row: 3, Column: "姓名"}
	if p.Problems.Errors() != 1 || p.Problems.Kept()[0].Place != want || p.Problems.Count("variable-missing") != 1 || p.Messages() != 1 {
		t.Errorf("%d messages, problems %v", p.Messages(), p.Problems.Kept())
	}
}

func TestTheProblemsAreTheCallers(t *testing.T) {
	mine := &diag.List{Keep: 1}
	p := made(t, inputs(t, of(person{"E1", "", "+8613490000001", ""}, person{"E2", "", "+8613490000002", ""}), func(in *plan.Inputs) { in.Problems = mine }))
	if p.Problems != mine || mine.Errors() != 2 || len(mine.Kept()) != 1 {
		t.Errorf("%d problems, %d kept", mine.Errors(), len(mine.Kept()))
	}
}

func TestALeftOverPlanLeavesNoFiles(t *testing.T) {
	broken := errors.New("the disk is gone")
	for _, n := range []int{10, 300, 70_000} { // the last has more contacts than memory holds
		for name, c := range map[string]struct {
			in   func(*plan.Inputs)
			want error
		}{
			"a list that breaks off": {func(in *plan.Inputs) { p := crowd(n); p.err, p.failAt = broken, n-1; in.List = p }, broken},
			"a text that cannot be used": {func(in *plan.Inputs) {
				in.Campaign.Texts.Put(campaign.Text{Channel: message.SMS, Short: &campaign.Short{Text: "{{nobody}}"}})
			}, nil},
		} {
			t.Run(fmt.Sprintf("%s, of %d rows", name, n), func(t *testing.T) {
				in := inputs(t, crowd(n), sharing(campaign.SharedFold), c.in)
				p, err := plan.Make(t.Context(), in)
				if p != nil || err == nil || c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("made %v, %v", p, err)
				}
				wantNoFiles(t, in.TempDir)
			})
		}
	}
}

func TestAPlanThatIsInterruptedLeavesNoFiles(t *testing.T) {
	in := inputs(t, crowd(1000))
	if _, err := plan.Make(cancelled(t), in); !errors.Is(err, context.Canceled) {
		t.Errorf("before it began: %v", err)
	}
	wantNoFiles(t, in.TempDir)
	ctx, cancel := context.WithCancel(t.Context())
	people := crowd(200_000)
	people.reading = func(i int) {
		if i == 100_000 {
			cancel()
		}
	}
	in = inputs(t, people)
	if _, err := plan.Make(ctx, in); !errors.Is(err, context.Canceled) {
		t.Errorf("in the middle: %v", err)
	}
	if people.next == people.n {
		t.Error("the whole list was read all the same")
	}
	wantNoFiles(t, in.TempDir)
}

func TestTheTemporaryFileIsItsOwnersAndGoesWithThePlan(t *testing.T) {
	in := inputs(t, crowd(10))
	p := made(t, in)
	if runtime.GOOS != "windows" {
		wantNoFiles(t, in.TempDir) // it has no name: a process that is killed leaves nothing of it
	}
	for range 2 { // closing twice is no error
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	wantNoFiles(t, in.TempDir)
}

func TestAPlanThatCannotWaitAnywhereSaysSo(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	if _, err := plan.Make(t.Context(), inputs(t, crowd(1), func(in *plan.Inputs) { in.TempDir = missing })); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestReadingOfAPlanMayEndEarly(t *testing.T) {
	p := made(t, inputs(t, crowd(100)))
	for r, err := range p.Rows() {
		if err != nil || r.Row != 2 {
			t.Errorf("row %d, %v", r.Row, err)
		}
		break
	}
	if n := len(rows(t, p)); n != 100 {
		t.Errorf("%d rows after that", n)
	}
}

func TestASpecComesBackFromTheLedgerAsItWas(t *testing.T) {
	p := made(t, inputs(t, crowd(3), func(in *plan.Inputs) {
		in.Campaign.Window = campaign.Window{From: 9 * time.Hour, To: 20 * time.Hour}
		in.Campaign.Deadline = time.Date(2026, 11, 20, 18, 0, 0, 0, time.UTC)
		in.Campaign.Budget, in.Campaign.DedupeWindow, in.Campaign.Expect = 1035_123456, 72*time.Hour, 3
		in.Campaign.Texts.Mail(message.Email).Attachments = []message.Attachment{{Name: "map.pdf", Type: "application/pdf", Data: []byte{0, 1, 255}}}
	}))
	b, err := p.Spec.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := plan.DecodeSpec(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p.Spec, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]message.Channel{message.SMS, message.Email}, got.Channels()); diff != "" {
		t.Error(diff)
	}
	for text, says := range map[string]string{`{`: "frozen campaign", `{"schema":"notify.spec/2"}`: "notify.spec/2", `{}`: "form"} {
		if _, err := plan.DecodeSpec([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
