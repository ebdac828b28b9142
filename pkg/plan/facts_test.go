package plan_test

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/list"
	"notify/pkg/message"
	"notify/pkg/plan"
)

// names is a list of people who differ in their name only.
type names struct {
	names []string
	next  int
}

func (n *names) Header() list.Header {
	return list.Header{
		File: "award.xlsx", Row: 1, Columns: []string{"姓名", "phone", "email"},
		Mapped: map[string]string{"name": "姓名", "phone": "phone", "email": "email"},
	}
}

func (n *names) Close() error { return nil }

func (n *names) Use([]string) {}

func (n *names) Next(row *list.Row, _ *diag.List) error {
	if n.next == len(n.names) {
		return io.EOF
	}
	phone := "+8610000000" + string([]byte{'0' + byte(n.next/100), '0' + byte(n.next/10%10), '0' + byte(n.next%10)})
	*row = list.Row{
		Number: n.next + 2, Key: phone, To: []list.Reach{{Channel: message.SMS, Address: message.Address(phone)}, {Channel: message.Email, Address: message.Address("p" + phone[1:] + "@a.test")}},
		Values: []string{n.names[n.next], phone, "p@a.test"},
	}
	n.next++
	return nil
}

func factsOf(t *testing.T, sms, html string, people ...string) *plan.Facts {
	t.Helper()
	c := &campaign.Campaign{Name: "award", Shared: campaign.SharedRefuse}
	if sms != "" {
		c.Texts.Put(campaign.Text{Channel: message.SMS, Short: &campaign.Short{Text: sms}})
	}
	if html != "" {
		c.Texts.Put(campaign.Text{Channel: message.Email, Mail: &campaign.Mail{From: "a@a.test", Subject: "{{姓名}}", HTML: html}})
	}
	cfg := &config.Config{Accounts: map[string]config.Account{"sms": {Signature: "示例"}}, Routes: map[message.Channel]config.Route{
		message.SMS: {Accounts: []config.Share{{Account: "sms", Weight: 1}}},
	}}
	p, err := plan.Make(t.Context(), plan.Inputs{Config: cfg, Campaign: c, List: &names{names: people}, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p.Facts
}

func TestFactsOfTexts(t *testing.T) {
	const text = "{{姓名}}, you won."
	one := plan.Sample{Count: 1, Rows: []int{2}}
	for _, c := range []struct {
		name, text, value string
		want              plan.ChannelFacts
	}{
		{"an ordinary name", text, "王小明", plan.ChannelFacts{}},
		{"the header", text, "姓名", plan.ChannelFacts{Headers: one}},
		{"nothing", text, "undefined", plan.ChannelFacts{Nothing: one}},
		{"an encrypted link", text, "https://a.test", plan.ChannelFacts{URLs: one}},
		{"a plain link", text, "http://a.test", plan.ChannelFacts{URLs: one, Plain: one}},
		{"a variable that was left over", text, "{{name}}", plan.ChannelFacts{Braces: one}},
		{"a header in braces", text, "{姓名}", plan.ChannelFacts{Braces: one}},
		{"a closing pair", text, "a}}", plan.ChannelFacts{Braces: one}},
		{"a single brace", text, "a{b", plan.ChannelFacts{}},
		{"a signature", "【示例】" + text, "王", plan.ChannelFacts{}},
		{"brackets behind a signature", "【示例】" + text, "【王】", plan.ChannelFacts{Brackets: one}},
		{"brackets that do not close", text, "【王", plan.ChannelFacts{Brackets: one}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := *factsOf(t, c.text, "", c.value).Channels[message.SMS]
			if got.Texts != 1 || got.Mainland != 1 || len(got.Longest) != 1 || got.Longest[0].Row != 2 {
				t.Errorf("facts: %+v", got)
			}
			got.Texts, got.Mainland, got.Longest = 0, 0, nil
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFactsOfMailsLetStyleSheetsBe(t *testing.T) {
	f := factsOf(t, "", "<style>@media print{p{color:red}}</style><p>{{姓名}}</p>", "王", "${code}").Channels[message.Email]
	if f.Texts != 2 || f.Braces.Count != 1 || f.Braces.Rows[0] != 3 {
		t.Errorf("facts: %+v", f)
	}
}

func TestTheLongestTextsAreKeptInOrder(t *testing.T) {
	var people []string
	for i := range 100 {
		people = append(people, strings.Repeat("x", 1+(i*37)%50))
	}
	f := factsOf(t, "{{姓名}}", "", people...).Channels[message.SMS]
	if len(f.Longest) != plan.LongestKept {
		t.Fatalf("%d are kept", len(f.Longest))
	}
	for i, l := range f.Longest {
		if want := 50 - i/2; l.Length != want {
			t.Errorf("place %d has %d characters, want %d", i+1, l.Length, want)
		}
		if i > 0 && f.Longest[i-1].Length == l.Length && f.Longest[i-1].Row > l.Row {
			t.Errorf("equals are not in the order of the list: %+v", f.Longest)
		}
	}
	if s := f.Headers; s.Count != 0 || f.Texts != 100 {
		t.Errorf("facts: %+v", f)
	}
}

func TestASampleKeepsTheFirstRows(t *testing.T) {
	var s plan.Sample
	for i := range 1000 {
		s.Add(i + 2)
	}
	if diff := cmp.Diff(plan.Sample{Count: 1000, Rows: []int{2, 3, 4, 5, 6}}, s); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkMake(b *testing.B) {
	cfg := &config.Config{}
	people := make([]string, 999)
	for i := range people {
		people[i] = strings.Repeat("王", 1+i%7)
	}
	c := &campaign.Campaign{
		Name: "award", Shared: campaign.SharedRefuse, Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{Text: "【示例】{{姓名}}，恭喜您荣获年度大奖，请到人力资源部领取。"}}, {Channel: message.Email, Mail: &campaign.Mail{From: "a@a.test", Subject: "{{姓名}}", HTML: "<style>p { color: red }</style>" + strings.Repeat("<p>{{姓名}} 恭喜您荣获年度大奖</p>", 20)}}},
	}
	for b.Loop() {
		p, err := plan.Make(b.Context(), plan.Inputs{Config: cfg, Campaign: c, List: &names{names: people}, TempDir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
