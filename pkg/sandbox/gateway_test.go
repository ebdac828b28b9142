package sandbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/sandbox"
)

func ptr[T any](v T) *T { return &v }

func TestTheGatewayAnswersAsItsContractSays(t *testing.T) {
	good := map[string]any{"to": "+15550100001", "text": "您好", "ref": "k1"}
	with := func(key string, value any) map[string]any {
		out := map[string]any{}
		for k, v := range good {
			out[k] = v
		}
		out[key] = value
		return out
	}
	tests := []struct {
		name    string
		account sandbox.Account
		config  sandbox.Config
		body    map[string]any
		status  int
		code    string
		reached int
	}{
		{name: "a message is accepted", body: good, status: 200, code: "OK", reached: 1},
		{name: "a template and variables are accepted without a text", body: map[string]any{
			"to": "+15550100001", "ref": "k", "template": "T1", "vars": map[string]string{"name": "王五"},
		}, status: 200, code: "OK", reached: 1},
		{name: "a number that is none is refused", body: with("to", "13800138000"), status: 400, code: "NUMBER"},
		{name: "an empty text is refused", body: with("text", ""), status: 400, code: "TEXT"},
		{name: "a text of 501 characters is refused", body: with("text", strings.Repeat("字", 501)), status: 400, code: "TEXT"},
		{
			name: "a template that is not approved is refused", config: sandbox.Config{Templates: []sandbox.Template{{Code: "T1"}}},
			body: with("template", "T2"), status: 403, code: "TEMPLATE",
		},
		{
			name: "a template that waits for approval is refused", config: sandbox.Config{Templates: []sandbox.Template{{Code: "T1", State: "pending"}}},
			body: with("template", "T1"), status: 403, code: "TEMPLATE",
		},
		{
			name: "an approved template is taken", config: sandbox.Config{Templates: []sandbox.Template{{Code: "T1"}}},
			body: with("template", "T1"), status: 200, code: "OK", reached: 1,
		},
		{
			name: "a signature that is not on file is refused", config: sandbox.Config{Templates: []sandbox.Template{{Kind: sandbox.KindSignature, Code: "示例"}}},
			body: with("sign", "别家"), status: 403, code: "SIGNATURE",
		},
		{
			name: "an approved signature is taken", config: sandbox.Config{Templates: []sandbox.Template{{Kind: sandbox.KindSignature, Code: "【示例】"}}},
			body: with("sign", "示例"), status: 200, code: "OK", reached: 1,
		},
		{name: "no prepaid message left", account: sandbox.Account{Messages: ptr(int64(0))}, body: good, status: 402, code: "BALANCE"},
		{
			name: "too little money left", account: sandbox.Account{Balance: ptr(message.Money(44999)), Price: 45000},
			body: good, status: 402, code: "BALANCE",
		},
		{name: "the account is blocked", account: sandbox.Account{Faults: sandbox.Faults{Refuse: 1}}, body: good, status: 403, code: "BLOCKED"},
		{name: "the number is not in service", account: sandbox.Account{Faults: sandbox.Faults{Reject: 1}}, body: good, status: 400, code: "NUMBER"},
		{name: "too fast", account: sandbox.Account{Faults: sandbox.Faults{Throttle: 1}}, body: good, status: 429, code: "RATE"},
		{
			name: "a failure of its own, with the message taken", account: sandbox.Account{Faults: sandbox.Faults{Error500: 1}},
			body: good, status: 500, code: "INTERNAL", reached: 1,
		},
		{name: "a cut with the message taken", account: sandbox.Account{Faults: sandbox.Faults{CutAfter: 1}}, body: good, reached: 1},
		{name: "a cut with nothing taken", account: sandbox.Account{Faults: sandbox.Faults{CutBefore: 1}}, body: good},
		{
			name: "garbage with the message taken", account: sandbox.Account{Faults: sandbox.Faults{Garbage: 1}},
			body: good, status: 200, reached: 1,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.config.SMS = tt.account
			s := run(t, tt.config)
			c := client(t)
			r := call(t, c, http.MethodPost, s.URL()+"/sms/send", tt.body)
			code, _ := r.body["code"].(string)
			if r.status != tt.status || code != tt.code {
				t.Errorf("answer %d %s (%s), want %d %s", r.status, code, r.raw, tt.status, tt.code)
			}
			if tt.code == "RATE" && r.retryAfter == "" {
				t.Error("no Retry-After")
			}
			if got := s.Count().SMS.Reached; got != tt.reached {
				t.Errorf("%d messages reached it, want %d", got, tt.reached)
			}
			found := call(t, c, http.MethodGet, s.URL()+"/sms/find?ref="+fmt.Sprint(tt.body["ref"]), nil)
			if found.body["found"] != (tt.reached == 1) {
				t.Errorf("find says %s", found.raw)
			}
		})
	}
}

func TestTheTokenIsAsked(t *testing.T) {
	s := run(t, sandbox.Config{})
	for _, path := range []string{"/sms/balance", "/sms/find?ref=k", "/sms/templates", "/admin/count"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer another")
		resp, err := client(t).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s answers %s to a wrong token", path, resp.Status)
		}
	}
}

func TestTheBalanceIsWhatIsLeft(t *testing.T) {
	s := run(t, sandbox.Config{SMS: sandbox.Account{
		Messages: ptr(int64(10000)), Balance: ptr(message.Money(450_000_000)), Price: 45000, Currency: "CNY", Quota: 10000,
	}})
	c := client(t)
	if r := call(t, c, "GET", s.URL()+"/sms/balance", nil); strings.TrimSpace(r.raw) !=
		`{"code":"OK","balance":"450.00","currency":"CNY","messages":10000,"quota":10000,"used":0}` {
		t.Errorf("at the start: %s", r.raw)
	}
	call(t, c, "POST", s.URL()+"/sms/send", map[string]any{"to": "+15550100001", "text": strings.Repeat("字", 135), "ref": "k"})
	if r := call(t, c, "GET", s.URL()+"/sms/balance", nil); strings.TrimSpace(r.raw) !=
		`{"code":"OK","balance":"449.865","currency":"CNY","messages":9997,"quota":10000,"used":1}` {
		t.Errorf("after a message of three segments: %s", r.raw)
	}
}

func TestSegmentsAreCountedAsMainlandVendorsDo(t *testing.T) {
	s := run(t, sandbox.Config{})
	c := client(t)
	for _, tt := range []struct {
		text string
		want float64
	}{
		{"a", 1},
		{strings.Repeat("字", 70), 1},
		{strings.Repeat("a", 71), 2},
		{strings.Repeat("字", 134), 2},
		{strings.Repeat("字", 135), 3},
		{strings.Repeat("a", 160), 3}, // the vendor's own example: 67+67+26
		{strings.Repeat("😀", 35), 1},
		{strings.Repeat("😀", 36), 2},
	} {
		r := call(t, c, "POST", s.URL()+"/sms/send", map[string]any{"to": "+15550100001", "text": tt.text})
		if r.body["segments"] != tt.want {
			t.Errorf("%d bytes: %s, want %v segments", len(tt.text), r.raw, tt.want)
		}
	}
}

func TestTheQuotaBeginsAnewAtMidnightOfItsZone(t *testing.T) {
	shanghai := time.FixedZone("CST", 8*3600)
	now := time.Date(2020, 1, 1, 23, 59, 0, 0, shanghai)
	s := run(t, sandbox.Config{Zone: shanghai, Now: func() time.Time { return now }, SMS: sandbox.Account{Quota: 2}})
	c := client(t)
	codes := func() (out []any) {
		for i := range 3 {
			out = append(out, send(t, c, s, fmt.Sprintf("+1555010000%d", i), "").body["code"])
		}
		return out
	}
	if got := fmt.Sprint(codes()); got != "[OK OK QUOTA]" {
		t.Errorf("before midnight: %s", got)
	}
	now = now.Add(2 * time.Minute) // still the same day in UTC
	if got := fmt.Sprint(codes()); got != "[OK OK QUOTA]" {
		t.Errorf("after midnight: %s", got)
	}
}

func TestTheRateIsLimited(t *testing.T) {
	now := time.Date(2020, 1, 1, 9, 0, 0, 0, time.UTC)
	s := run(t, sandbox.Config{Now: func() time.Time { return now }, SMS: sandbox.Account{Rate: 10, Burst: 2}})
	c := client(t)
	var got []int
	for i := range 4 {
		if i == 3 {
			now = now.Add(100 * time.Millisecond)
		}
		got = append(got, send(t, c, s, "+15550100001", "").status)
	}
	if fmt.Sprint(got) != "[200 200 429 200]" {
		t.Errorf("statuses %v, want two at once, one too many, and one a tenth of a second later", got)
	}
}

func TestFaultsFollowTheSeedAndNotTheOrder(t *testing.T) {
	outcomes := func(seed uint64, backwards bool) map[int]int {
		s := run(t, sandbox.Config{Seed: seed, SMS: sandbox.Account{Faults: sandbox.Faults{
			Refuse: .1, Throttle: .1, Reject: .1, CutBefore: .1, CutAfter: .1, Garbage: .1, Error500: .1,
		}}})
		c := client(t)
		out := map[int]int{}
		for i := range 100 {
			n := i
			if backwards {
				n = 99 - i
			}
			out[n] = send(t, c, s, fmt.Sprintf("+155501%05d", n), "").status
		}
		return out
	}
	same := func(a, b map[int]int) (n int) {
		for i := range a {
			if a[i] == b[i] {
				n++
			}
		}
		return n
	}
	first := outcomes(1, false)
	if n := same(first, outcomes(1, true)); n != 100 {
		t.Errorf("%d of 100 the same in another order", n)
	}
	if n := same(first, outcomes(2, false)); n > 60 {
		t.Errorf("%d of 100 the same with another seed", n)
	}
	kinds := map[int]int{}
	for _, status := range first {
		kinds[status]++
	}
	if kinds[200] < 25 || kinds[0] < 5 || kinds[500] < 2 || kinds[429] < 2 || kinds[403] < 2 || kinds[400] < 2 {
		t.Errorf("the faults are not spread as asked: %v", kinds)
	}
}

func TestWhatWasTurnedAwayIsDrawnAgain(t *testing.T) {
	s := run(t, sandbox.Config{Seed: 7, SMS: sandbox.Account{Faults: sandbox.Faults{Throttle: .5}}})
	c := client(t)
	for i := range 20 {
		tries := 0
		for ; tries < 50; tries++ {
			if send(t, c, s, fmt.Sprintf("+155501000%02d", i), fmt.Sprint("k", i)).status == 200 {
				break
			}
		}
		if tries == 50 {
			t.Fatalf("message %d is turned away for ever", i)
		}
	}
	got := s.Count().SMS
	if got.Reached != 20 || got.Distinct != 20 || got.Twice != 0 || got.Turned["throttled"] == 0 {
		t.Errorf("count %+v", got)
	}
}

func TestWhoWasReachedTwiceIsCountedAndMasked(t *testing.T) {
	s := run(t, sandbox.Config{})
	c := client(t)
	for _, m := range []struct{ to, ref string }{
		{"+15550100001", "a"}, {"+15550100001", "a"}, {"+15550100001", "a"}, {"+15550100002", "b"}, {"+15550100002", "c"}, {"+15550100003", "d"},
	} {
		send(t, c, s, m.to, m.ref)
	}
	got := s.Count().SMS
	if got.Reached != 6 || got.Distinct != 3 || got.Twice != 2 || got.Repeats != 2 {
		t.Errorf("count %+v, want 6 reached, 3 distinct, 2 twice, 2 repeats", got)
	}
	if fmt.Sprint(got.TwiceList) != "[+155****0001 +155****0002]" {
		t.Errorf("list %v", got.TwiceList)
	}
}

func TestSlowMessagesWait(t *testing.T) {
	s := run(t, sandbox.Config{SMS: sandbox.Account{
		Latency: 20 * time.Millisecond, Faults: sandbox.Faults{Slow: 1, SlowFor: 30 * time.Millisecond},
	}})
	began := time.Now()
	send(t, client(t), s, "+15550100001", "k")
	if took := time.Since(began); took < 50*time.Millisecond {
		t.Errorf("answered after %s, want at least 50 ms", took)
	}
}

func TestAnotherProcessCountsCreditsAndSetsFaults(t *testing.T) {
	s := run(t, sandbox.Config{SMS: sandbox.Account{Messages: ptr(int64(1)), Quota: 1, Balance: ptr(message.Money(0))}})
	c := client(t)
	admin := sandbox.Admin{URL: s.URL(), Token: token, Client: c}
	if r := send(t, c, s, "+15550100001", "a"); r.status != 200 {
		t.Fatalf("first: %+v", r)
	}
	if r := send(t, c, s, "+15550100002", "b"); r.body["code"] != "QUOTA" {
		t.Fatalf("second: %+v", r)
	}
	if err := admin.Topup(t.Context(), sandbox.Topup{Messages: 10, Quota: 10, Balance: ptr(message.Money(1_500_000))}); err != nil {
		t.Fatal(err)
	}
	if r := call(t, c, "GET", s.URL()+"/sms/balance", nil); r.body["messages"] != 10.0 || r.body["quota"] != 11.0 || r.body["balance"] != "1.50" {
		t.Errorf("after the credit: %s", r.raw)
	}
	if r := send(t, c, s, "+15550100002", "b"); r.status != 200 {
		t.Errorf("after the credit: %+v", r)
	}
	faults := func(f sandbox.Faults) reply {
		return call(t, c, "POST", s.URL()+"/admin/faults", map[string]any{"channel": "sms", "faults": f})
	}
	if r := faults(sandbox.Faults{Reject: 1}); r.status != 200 {
		t.Fatalf("the faults: %+v", r)
	}
	if r := send(t, c, s, "+15550100003", "c"); r.body["code"] != "NUMBER" {
		t.Errorf("after the fault was set: %+v", r)
	}
	if r := faults(sandbox.Faults{Reject: .6, Refuse: .6}); r.status < 400 {
		t.Error("faults that add up to more than one were taken")
	}
	got, err := admin.Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.SMS.Reached != 2 || got.SMS.Turned["rejected"] != 1 || got.SMS.Turned["quota"] != 1 {
		t.Errorf("count %+v", got.SMS)
	}
	if _, err := (sandbox.Admin{URL: s.URL(), Token: "wrong", Client: c}).Count(t.Context()); err == nil || strings.Contains(err.Error(), "wrong") {
		t.Errorf("a wrong token: %v", err)
	}
}
