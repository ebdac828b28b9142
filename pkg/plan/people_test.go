package plan_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/list"
	"notify/pkg/message"
	"notify/pkg/plan"
)

// person is a row of a list in memory.
type person struct{ key, name, phone, email string }

// people is a list in memory of n rows, whose row i is at(i); at row failAt it fails with err.
type people struct {
	n       int
	at      func(i int) person
	noKey   bool
	err     error
	failAt  int
	next    int
	reading func(i int)
}

func (p *people) Header() list.Header {
	mapped := map[string]string{"key": "工号", "name": "姓名", "phone": "手机号", "email": "邮箱"}
	if p.noKey {
		delete(mapped, "key")
	}
	return list.Header{File: "award.xlsx", Sheet: "获奖名单", Row: 1, Columns: []string{"工号", "姓名", "手机号", "邮箱"}, Mapped: mapped}
}

func (p *people) Close() error { return nil }

func (p *people) Use([]string) {}

func (p *people) Next(row *list.Row, _ *diag.List) error {
	if p.reading != nil {
		p.reading(p.next)
	}
	switch {
	case p.err != nil && p.next == p.failAt:
		return p.err
	case p.next == p.n:
		return io.EOF
	}
	x := p.at(p.next)
	*row = list.Row{
		Number: p.next + 2, Key: x.key, Name: x.name, To: []list.Reach{{Channel: message.SMS, Address: message.Address(x.phone)}, {Channel: message.Email, Address: message.Address(x.email)}},
		Values: append(row.Values[:0], x.key, x.name, x.phone, x.email),
	}
	p.next++
	return nil
}

func of(rows ...person) *people {
	return &people{n: len(rows), at: func(i int) person { return rows[i] }}
}

// inputs is a campaign on both channels to people; change may alter it.
func inputs(t *testing.T, p *people, change ...func(*plan.Inputs)) plan.Inputs {
	t.Helper()
	price := message.Money(45_000)
	in := plan.Inputs{
		Config: &config.Config{
			Environment: "production",
			Accounts: map[string]config.Account{
				"sms": {Name: "sms", Rate: 100, Price: &price, Currency: "CNY"}, "spare": {Name: "spare", Rate: 10}, "edm": {Name: "edm", Rate: 50},
			},
			Routes: map[message.Channel]config.Route{
				message.SMS:   {Accounts: []config.Share{{Account: "sms", Weight: 80}, {Account: "spare", Weight: 20}}},
				message.Email: {Accounts: []config.Share{{Account: "edm", Weight: 1}}},
			},
		},
		Campaign: &campaign.Campaign{
			Name: "award-2020", Shared: campaign.SharedRefuse, Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{Text: "{{姓名}}, you won."}}, {Channel: message.Email, Mail: &campaign.Mail{From: "a@a.test", Subject: "{{姓名}}, your award", Text: "You won."}}},
		},
		List: p, TempDir: t.TempDir(),
	}
	for _, c := range change {
		c(&in)
	}
	return in
}

func sharing(mode string) func(*plan.Inputs) {
	return func(in *plan.Inputs) { in.Campaign.Shared = mode }
}

func smsOnly(in *plan.Inputs) { in.Campaign.Texts.Put(campaign.Text{Channel: message.Email}) }

// made is the plan, closed when the test ends.
func made(t *testing.T, in plan.Inputs) *plan.Plan {
	t.Helper()
	p, err := plan.Make(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// rows reads the plan, its slices copied.
func rows(t *testing.T, p *plan.Plan) []plan.Recipient {
	t.Helper()
	var all []plan.Recipient
	for r, err := range p.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		r.Fields, r.Messages, r.Folds = slices.Clone(r.Fields), slices.Clone(r.Messages), slices.Clone(r.Folds)
		all = append(all, r)
	}
	return all
}

// wantNoFiles says that a folder for temporary files is empty.
func wantNoFiles(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		t.Errorf("%s is left over", f.Name())
	}
}

// crowd is n people of whom some share a phone number, some a mailbox in other capitals, and some both.
func crowd(n int) *people {
	return &people{n: n, at: func(i int) person {
		phone, mail, name := i, i, i
		switch i % 10 {
		case 7:
			phone = i - 3
		case 8:
			mail = i - 3
		case 9:
			phone, mail, name = i-3, i-3, i-3
		}
		box := fmt.Sprintf("p%d@a%d.test", mail, mail%5)
		if i%10 > 6 {
			box = strings.ToUpper(box[:2]) + box[2:]
		}
		return person{fmt.Sprintf("E%07d", i), fmt.Sprintf("Person %d", name%1500), fmt.Sprintf("+86134%08d", phone), box}
	}}
}

// cancelled is a context that ended.
func cancelled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
