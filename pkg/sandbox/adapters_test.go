package sandbox_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/sandbox"
	"notify/pkg/vendors"
	"notify/pkg/vendors/all"
)

// everyFault leaves two thirds of the messages alone.
var everyFault = sandbox.Faults{Refuse: .05, Throttle: .05, Reject: .05, CutBefore: .05, CutAfter: .05, Garbage: .05, Error500: .05}

// kinds are the adapters that the sandbox serves, with their options.
func kinds(s *sandbox.Sandbox) map[string]map[string]any {
	return map[string]map[string]any{
		"http":        {"definition": "builtin:sandbox-sms", "token": token},
		"aliyun-sms":  {"access_key_id": "id", "access_key_secret": token, "sign_name": "示例公司"},
		"tencent-sms": {"secret_id": "id", "secret_key": token, "sdk_app_id": "1400006666", "sign_name": "示例公司"},
		"twilio":      {"account_sid": "AC1", "auth_token": token, "from": "+12025550100", "status_callback": "https://notify.example.test/r"},
		"aliyun-dm":   {"access_key_id": "id", "access_key_secret": token},
		"tencent-ses": {"secret_id": "id", "secret_key": token},
		"ses":         {"access_key_id": "id", "access_key_secret": token, "region": "eu-west-1"},
		"smtp":        {"address": s.MailAddr(), "tls": "none"},
	}
}

// carriesMail are those of them that carry mails.
func carriesMail(kind string) bool {
	return slices.Contains([]string{"smtp", "aliyun-dm", "tencent-ses", "ses"}, kind)
}

// adapter is one of them.
func adapter(t *testing.T, s *sandbox.Sandbox, kind string, concurrency int) vendors.Vendor {
	t.Helper()
	set := vendors.Settings{Account: "sandbox", Concurrency: concurrency, Timeout: 5 * time.Minute, Options: kinds(s)[kind], Now: time.Now}
	if kind != "smtp" {
		set.Endpoint = s.URL()
	}
	v, err := all.Registry().New(kind, set)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// text is message n as all kinds take it: under a template.
func text(n int) message.Message {
	to := message.Address(fmt.Sprintf("+155501%05d", n))
	return message.Message{
		Key: message.MakeKey("award", message.SMS, to, ""), Channel: message.SMS, To: to, Text: "您好，王", Segments: 1,
		Template: "1001", Vars: map[string]string{"name": "王"}, VarOrder: []string{"name"},
	}
}

// TestTheAdaptersSayWhatTheSandboxKnows sends through the real adapters, those of vendors over the vendors' own clients, under every fault, and
// compares each outcome with the sandbox's own record: accepted was reached, what is definite was not, and nobody was reached twice.
func TestTheAdaptersSayWhatTheSandboxKnows(t *testing.T) {
	const messages, workers = 400, 8
	for kind := range kinds(new(sandbox.Sandbox)) {
		t.Run(kind, func(t *testing.T) {
			record := filepath.Join(t.TempDir(), "record.jsonl")
			s := run(t, sandbox.Config{Record: record, Seed: 20200101, SMS: sandbox.Account{Faults: everyFault}, Mail: sandbox.Account{Faults: everyFault}})
			mail := carriesMail(kind)
			got := sendAll(adapter(t, s, kind, workers), mail, messages, workers)
			read, err := sandbox.ReadRecord(record)
			if err != nil {
				t.Fatal(err)
			}
			c := read.SMS
			if mail {
				c = read.Mail
			}
			t.Logf("outcomes %v, count %+v", got, c)
			if c.Twice != 0 || c.Repeats != 0 {
				t.Errorf("somebody was reached twice: %+v", c)
			}
			for _, k := range message.OutcomeKinds() {
				if got[k] == 0 && (k != message.OutcomeUnsent || kind == "smtp") {
					t.Errorf("no outcome was %s: the faults were not played", k)
				}
			}
			if got[message.OutcomeAccepted]+c.Unanswered != c.Reached {
				t.Errorf("%d accepted and %d unanswered are not the %d that were reached", got[message.OutcomeAccepted], c.Unanswered, c.Reached)
			}
			if got[message.OutcomeUnknown] < c.Unanswered {
				t.Errorf("%d unknown, but %d were reached without an answer", got[message.OutcomeUnknown], c.Unanswered)
			}
		})
	}
}

func sendAll(v vendors.Vendor, mail bool, messages, workers int) map[message.OutcomeKind]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	got := map[message.OutcomeKind]int{}
	for w := range workers {
		wg.Go(func() {
			for n := w; n < messages; n += workers {
				m := text(n)
				if mail {
					m = letter(fmt.Sprintf("winner-%d@customer.test", n), fmt.Sprintf("Winner %d", n))
				}
				o := v.Send(context.Background(), m)
				mu.Lock()
				got[o.Kind]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return got
}

// TestVendorsAreAskedAtTheSandbox asks the adapters of vendors what a campaign asks: what is left, what was approved, what became of a message whose
// answer was lost; and that a wrong secret is refused.
func TestVendorsAreAskedAtTheSandbox(t *testing.T) {
	left := int64(100)
	for kind := range kinds(new(sandbox.Sandbox)) {
		if carriesMail(kind) || kind == "http" { // a gateway of our own, tested by itself; those for mail come below
			continue
		}
		t.Run(kind, func(t *testing.T) {
			balance := message.Money(12_500_000)
			s := run(t, sandbox.Config{
				SMS:       sandbox.Account{Messages: &left, Balance: &balance, Currency: "CNY", Faults: sandbox.Faults{CutAfter: 1}},
				Templates: []sandbox.Template{{Code: "1001"}, {Code: "1002", State: "rejected", Reason: "names a prize"}, {Kind: sandbox.KindSignature, Code: "示例公司"}},
			})
			v := adapter(t, s, kind, 1)
			began := time.Now()
			m := text(1)
			if o := v.Send(t.Context(), m); o.Kind != message.OutcomeUnknown {
				t.Fatalf("outcome %+v, want unknown", o)
			}
			finder, _ := vendors.As[vendors.Finder](v)
			found, err := finder.Find(t.Context(), vendors.Query{Key: m.Key, To: m.To, Text: "王", Since: began, Until: began.Add(time.Hour)})
			if err != nil || found.Answer != message.OutcomeAccepted || found.Receipt != message.Delivered {
				t.Errorf("found %+v, %v", found, err)
			}
			balancer, _ := vendors.As[vendors.Balancer](v)
			b, err := balancer.Balance(t.Context())
			if err != nil || b.Messages != nil && *b.Messages != 99 || b.Amount != nil && *b.Amount != balance {
				t.Errorf("balance %+v, %v", b, err)
			}
			prober, _ := vendors.As[vendors.Prober](v)
			if err := prober.Probe(t.Context()); err != nil {
				t.Error(err)
			}
			if lister, ok := vendors.As[vendors.TemplateLister](v); ok {
				ts, err := lister.Templates(t.Context(), vendors.TemplateText, "1001", "1002")
				if err != nil || len(ts) != 2 || ts[0].State != vendors.TemplateApproved || ts[1].State != vendors.TemplateRejected || ts[1].Reason != "names a prize" {
					t.Errorf("templates %+v, %v", ts, err)
				}
			}
			refusesAnotherSecret(t, kind, m)
		})
	}
}

// The adapters for mail ask what there is to ask: the quota, the approval of a text, a mail by its address; and a wrong secret is refused.
func TestMailVendorsAreAskedAtTheSandbox(t *testing.T) {
	for _, kind := range []string{"aliyun-dm", "tencent-ses", "ses"} {
		t.Run(kind, func(t *testing.T) {
			s := run(t, sandbox.Config{
				Mail:       sandbox.Account{Quota: 100},
				Suppressed: suppressed(),
				Templates:  []sandbox.Template{{Code: "1001", Text: "您好"}, {Code: "1002", State: "rejected"}},
			})
			v, began := adapter(t, s, kind, 1), time.Now()
			m := letter("winner-1@customer.test", "Winner 1")
			m.HTML = "<p>You have won.</p>"
			o := v.Send(t.Context(), m)
			if o.Kind != message.OutcomeAccepted || o.VendorID == "" {
				t.Fatalf("outcome %+v", o)
			}
			if c := s.Count().Mail; c.Reached != 1 || c.Segments != 1 {
				t.Errorf("count %+v", c)
			}
			if b, ok := vendors.As[vendors.Balancer](v); ok {
				got, err := b.Balance(t.Context())
				if err != nil || *got.QuotaLimit != 100 || got.QuotaUsed != nil && *got.QuotaUsed != 1 {
					t.Errorf("balance %+v, %v", got, err)
				}
			}
			if p, _ := vendors.As[vendors.Prober](v); p.Probe(t.Context()) != nil {
				t.Errorf("probe: %v", p.Probe(t.Context()))
			}
			if l, ok := vendors.As[vendors.SuppressionLister](v); ok {
				checkSuppressed(t, l)
			}
			if f, ok := vendors.As[vendors.Finder](v); ok {
				found, err := f.Find(t.Context(), vendors.Query{Key: m.Key, To: m.To, VendorID: o.VendorID, Since: began, Until: began.Add(time.Hour)})
				if err != nil || found.Answer != message.OutcomeAccepted || found.Receipt != message.Delivered {
					t.Errorf("found %+v, %v", found, err)
				}
			}
			if l, ok := vendors.As[vendors.TemplateLister](v); ok {
				ts, err := l.Templates(t.Context(), vendors.TemplateText, "1001", "1002", "1003")
				if err != nil || len(ts) != 2 || ts[0].State != vendors.TemplateApproved || ts[0].Text != "您好" || ts[1].State != vendors.TemplateRejected {
					t.Errorf("templates %+v, %v", ts, err)
				}
			}
			refusesAnotherSecret(t, kind, m)
		})
	}
}

func TestUnknownIsSettledByAskingTheSandbox(t *testing.T) {
	for name, tt := range map[string]struct {
		faults sandbox.Faults
		want   message.OutcomeKind
	}{
		"taken, and the answer was lost": {sandbox.Faults{CutAfter: 1}, message.OutcomeAccepted},
		"cut, and nothing was taken":     {sandbox.Faults{CutBefore: 1}, message.OutcomeUnsent},
	} {
		t.Run(name, func(t *testing.T) {
			s := run(t, sandbox.Config{SMS: sandbox.Account{Faults: tt.faults}})
			v, err := all.Registry().New("http", vendors.Settings{
				Account: "sandbox", Endpoint: s.URL(), Now: time.Now,
				Options: map[string]any{"definition": "builtin:sandbox-sms", "token": token},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = v.Close() }()
			m := message.Message{Key: message.MakeKey("award", message.SMS, "+15550100001", ""), Channel: message.SMS, To: "+15550100001", Text: "x"}
			if o := v.Send(context.Background(), m); o.Kind != message.OutcomeUnknown {
				t.Fatalf("outcome %+v, want unknown", o)
			}
			f, ok := vendors.As[vendors.Finder](v)
			if !ok {
				t.Fatal("not a Finder")
			}
			found, err := f.Find(context.Background(), vendors.Query{Key: m.Key, To: m.To})
			if err != nil || found.Answer != tt.want {
				t.Errorf("found %+v, %v; want %s", found, err, tt.want)
			}
		})
	}
}

// refusesAnotherSecret has a message sent to a sandbox that wants another secret.
func refusesAnotherSecret(t *testing.T, kind string, m message.Message) {
	t.Helper()
	other, err := sandbox.Start(t.Context(), sandbox.Config{SMSAddr: "127.0.0.1:0", MailAddr: "127.0.0.1:0", Token: "another", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	if o := adapter(t, other, kind, 1).Send(t.Context(), m); o.Kind != message.OutcomeRefused || o.Reason != message.ReasonAuth {
		t.Errorf("a wrong secret: %+v", o)
	}
}

// suppressed are more addresses than stand on one page.
func suppressed() []sandbox.Suppressed {
	var all []sandbox.Suppressed
	for n := range 2500 {
		all = append(all, sandbox.Suppressed{Address: message.Address(fmt.Sprintf("bounced+%d@customer.test", n))})
	}
	all[7].Reason = "COMPLAINT"
	return all
}

// checkSuppressed reads the whole list of a vendor, and asks about one address on it and one that is not.
func checkSuppressed(t *testing.T, l vendors.SuppressionLister) {
	t.Helper()
	n := 0
	for one, err := range l.Suppressed(t.Context(), time.Time{}) {
		if want := suppressed()[n]; err != nil || one.Address != want.Address || (one.Reason == vendors.SuppressedComplaint) != (want.Reason == "COMPLAINT") || one.Since.IsZero() {
			t.Fatalf("%d: %+v, %v", n, one, err)
		}
		n++
	}
	if n != len(suppressed()) {
		t.Errorf("%d of %d", n, len(suppressed()))
	}
	one, err := l.SuppressedAt(t.Context(), "bounced+7@customer.test")
	if err != nil || one == nil || one.Reason != vendors.SuppressedComplaint {
		t.Errorf("%+v, %v", one, err)
	}
	if none, err := l.SuppressedAt(t.Context(), "winner-1@customer.test"); none != nil || err != nil {
		t.Errorf("%+v, %v", none, err)
	}
}
