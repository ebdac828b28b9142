package alert

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// robotServer is a local imitation of a robot: it checks the signature, takes 20 a minute, and is silent for ten minutes after more.
type robotServer struct {
	*httptest.Server
	kind, secret string

	mu     sync.Mutex
	now    time.Time
	taken  []time.Time
	silent time.Time
	texts  []string
	over   int
}

func newRobot(t *testing.T, kind, secret string) *robotServer {
	t.Helper()
	r := &robotServer{kind: kind, secret: secret, now: noon}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *robotServer) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *robotServer) forward(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

func sign(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (r *robotServer) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	b, _ := io.ReadAll(req.Body)
	var body struct {
		Timestamp, Sign string
		Text            struct{ Content string }
		Content         struct{ Text string }
	}
	if err := json.Unmarshal(b, &body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	answer := func(code int, said string) {
		name, text := "errcode", "errmsg"
		if r.kind == config.Feishu {
			name, text = "code", "msg"
		}
		_ = json.NewEncoder(w).Encode(map[string]any{name: code, text: said})
	}
	switch r.kind {
	case config.DingTalk:
		at := req.URL.Query().Get("timestamp")
		ms, _ := strconv.ParseInt(at, 10, 64)
		if req.URL.Query().Get("sign") != sign(r.secret, at+"\n"+r.secret) || r.now.Sub(time.UnixMilli(ms)).Abs() > time.Hour {
			answer(310000, "sign not match")
			return
		}
	case config.Feishu:
		if body.Sign != sign(body.Timestamp+"\n"+r.secret, "") {
			answer(19021, "sign match fail or timestamp is not within one hour from current time")
			return
		}
	case config.WeCom:
		if len(body.Text.Content) > 2048 {
			answer(40058, "content exceed max length")
			return
		}
	}
	lately := 0
	for _, at := range r.taken {
		if r.now.Sub(at) < time.Minute {
			lately++
		}
	}
	if lately >= 20 {
		r.silent = r.now.Add(10 * time.Minute)
	}
	if r.now.Before(r.silent) {
		r.over++
		answer(130101, "send too fast, exceed 20 times per minute")
		return
	}
	r.taken = append(r.taken, r.now)
	r.texts = append(r.texts, body.Text.Content+body.Content.Text)
	answer(0, "ok")
}

// model is a ledger in memory on which every run that holds a campaign is alive.
type model struct{ *ledgertest.Handle }

func (m model) AtWork(ctx context.Context, campaign string, _ time.Time) ([]ledger.Run, error) {
	c, err := m.Campaign(ctx, campaign)
	return c.Holders, err
}

func installation(targets ...config.AlertTarget) *config.Config {
	return &config.Config{Environment: config.Production, Timezone: time.UTC, Alerts: targets}
}

func TestEveryRobotIsToldInItsForm(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{config.DingTalk, config.Feishu, config.WeCom} {
		r := newRobot(t, kind, "S3CRET")
		target := config.AlertTarget{Name: "ops", Kind: kind, URL: r.URL + "/robot/send?access_token=T0KEN", Secret: "S3CRET", Severity: "warning", Language: "zh"}
		if err := Test(t.Context(), installation(target), target, "ops-1", noon); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if len(r.texts) != 1 || !strings.Contains(r.texts[0], "这是一条测试") || !strings.Contains(r.texts[0], "`notify status`") {
			t.Errorf("%s was told %q", kind, r.texts)
		}
		target.Secret = "wrong"
		err := Test(t.Context(), installation(target), target, "ops-1", noon)
		if kind == config.WeCom {
			continue // the key in the address is the secret
		}
		if err == nil || !strings.Contains(err.Error(), "it refused with code") || words.HintOf(err).IsZero() {
			t.Errorf("%s with another secret: %v", kind, err)
		}
	}
}

func TestWhatATargetSaysHasNoSecretInIt(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no such key: "+r.URL.Query().Get("key")+" of "+r.URL.String(), http.StatusForbidden)
	}))
	defer server.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, target := range []config.AlertTarget{
		{Name: "a", Kind: config.Webhook, URL: server.URL + "/hook?key=T0KENT0KEN", Severity: "info"},
		{Name: "b", Kind: config.WeCom, URL: gone.URL + "/hook?key=T0KENT0KEN", Severity: "info"},
		{Name: "c", Kind: config.Service, URL: "slack://hook:T0KENT0KEN@webhook", Severity: "info"},
		{Name: "d", Kind: config.Service, URL: "generic+" + gone.URL + "/T0KENT0KEN", Severity: "info"},
	} {
		err := Test(t.Context(), installation(target), target, "ops-1", noon)
		if err == nil || strings.Contains(err.Error(), "T0KEN") {
			t.Errorf("%s: %v", target.Name, err)
		}
	}
}

func TestAServiceThatShoutrrrKnowsIsTold(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got <- string(b)
	}))
	defer server.Close()
	target := config.AlertTarget{Name: "s", Kind: config.Service, URL: "generic+" + server.URL + "/hook", Severity: "info"}
	if err := Test(t.Context(), installation(target), target, "ops-1", noon); err != nil {
		t.Fatal(err)
	}
	if text := <-got; !strings.Contains(text, "this is a test") {
		t.Errorf("it was told %q", text)
	}
}

// TestAFloodBecomesDigests: ten thousand things happen within a minute. The robot is never asked for more than it takes, nobody waits, and
// every one of them is in a message, or counted in one.
func TestAFloodBecomesDigests(t *testing.T) {
	t.Parallel()
	const events = 10_000
	r := newRobot(t, config.DingTalk, "S")
	l := model{ledgertest.NewMemory().Open()}
	w := &Watch{
		Ledger: l, Config: installation(config.AlertTarget{Name: "ops", Kind: config.DingTalk, URL: r.URL, Secret: "S", Severity: "info"}),
		Host: "ops-1", Now: r.clock, Log: slog.New(slog.DiscardHandler),
	}
	longest := time.Duration(0)
	for made := 0; made < events || r.now.Before(noon.Add(2*time.Minute)); r.forward(time.Second) {
		look := ledger.Look{At: r.now}
		for range min(events/60+1, events-made) {
			made++
			look.Holds = append(look.Holds, ledger.Condition{
				Kind: "k", About: fmt.Sprint(made), Severity: ledger.SeverityWarning, Said: words.Raw(fmt.Sprintf("event %d", made)), Passing: true,
			})
		}
		if _, err := l.Raise(t.Context(), look); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := w.deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		longest = max(longest, time.Since(began))
	}
	told := 0
	counted := regexp.MustCompile(`and ([0-9,]+) more`)
	for _, text := range r.texts {
		told += strings.Count(text, "event ")
		if m := counted.FindStringSubmatch(text); m != nil {
			n, err := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
			if err != nil {
				t.Fatal(err)
			}
			told += n
		}
	}
	if told != events || r.over != 0 {
		t.Errorf("%d of %d events were told in %d messages; %d were refused", told, events, len(r.texts), r.over)
	}
	t.Logf("%d events in %d messages; the longest delivery took %s", events, len(r.texts), longest)
}

// TestARunThatIsStartedAgainRepeatsNothing: two watches on one ledger, as two processes have them.
func TestARunThatIsStartedAgainRepeatsNothing(t *testing.T) {
	t.Parallel()
	r := newRobot(t, config.WeCom, "")
	m := ledgertest.NewMemory()
	open := func() *Watch {
		return &Watch{
			Ledger: model{m.Open()}, Config: installation(config.AlertTarget{Name: "ops", Kind: config.WeCom, URL: r.URL, Severity: "warning"}),
			Host: "ops-1", Now: r.clock, Log: slog.New(slog.DiscardHandler),
			Balances: func(context.Context) ([]Balance, []string) { return []Balance{{Account: "sms", Left: 1}}, nil },
		}
	}
	w := open()
	w.Config.Accounts = map[string]config.Account{"sms": {LowBalance: 2, Currency: "CNY"}}
	for range 3 {
		if err := w.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		again := open()
		again.Config.Accounts = w.Config.Accounts
		if err := again.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.forward(time.Minute)
	}
	if len(r.texts) != 1 || !strings.Contains(r.texts[0], "account sms has") {
		t.Errorf("told %q", r.texts)
	}
	r.forward(againWarning)
	if err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Balances = func(context.Context) ([]Balance, []string) { return nil, nil }
	r.forward(askEvery)
	if err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(r.texts) != 3 || !strings.Contains(r.texts[1], "still so since") || !strings.Contains(r.texts[2], "over, it was so since") {
		t.Errorf("told %q", r.texts)
	}
}

// An account that has packages is not told of as if money alone were left there.
func TestAnAlertOfPackages(t *testing.T) {
	packages := int64(20)
	l := lookout{
		cfg: &config.Config{Accounts: map[string]config.Account{"sms": {LowBalance: 2_000_000, Currency: "CNY"}}},
		balances: func(context.Context) ([]Balance, []string) {
			return []Balance{{Account: "sms", Left: 900_000, Packages: &packages}}, nil
		},
	}
	var look ledger.Look
	l.money(t.Context(), &look)
	want := "account sms has 0.90 CNY left, with 20 messages in packages at their price, less than its limit of 2.00 CNY"
	if len(look.Holds) != 1 || look.Holds[0].Said.String() != want {
		t.Errorf("it says %v", look.Holds)
	}
}

func TestWhatIsToldOfACampaign(t *testing.T) {
	t.Parallel()
	ended := ledger.Run{Host: "ops-1", Beat: noon, Ended: noon.Add(-time.Minute), Why: words.T("run.why.done", nil)}
	died := ledger.Run{Host: "ops-1", Beat: noon}
	person := &ledger.Act{Who: "wang@ops-1", Reason: "wrong text", At: noon}
	counts := func(pending, accepted, unknown int) ledger.Counts {
		return ledger.Counts{ByState: ledger.Tally{message.SMS: {message.Pending: pending, message.Accepted: accepted, message.Unknown: unknown}}}
	}
	for name, c := range map[string]struct {
		counts   ledger.Counts
		last     *ledger.Run
		runs     []ledger.Run
		paused   *ledger.Act
		aborted  *ledger.Act
		deadline time.Time
		done     time.Time
		stop     float64
		want     []string
	}{
		"at work":                     {counts: counts(5, 5, 0), last: &died, runs: []ledger.Run{died}},
		"never begun":                 {counts: counts(5, 0, 0)},
		"died":                        {counts: counts(5, 5, 0), last: &died, want: []string{"died critical"}},
		"stopped":                     {counts: counts(5, 5, 0), last: &ended, want: []string{"stopped warning"}},
		"paused by a person":          {counts: counts(5, 5, 0), last: &ended, paused: person, want: []string{"paused info"}},
		"aborted":                     {counts: counts(5, 5, 0), last: &ended, aborted: person, deadline: noon},
		"finished":                    {counts: counts(0, 5, 0), last: &ended, want: []string{"finished info"}},
		"one in a hundred":            {counts: counts(0, 99, 1), last: &ended, want: []string{"unknown warning", "finished info"}},
		"one in 101":                  {counts: counts(0, 100, 1), last: &ended, want: []string{"finished info"}},
		"half of what stops it":       {counts: counts(0, 97, 3), last: &ended, stop: 0.08, want: []string{"finished info"}},
		"more than half of it":        {counts: counts(0, 96, 4), last: &ended, stop: 0.08, want: []string{"unknown warning", "finished info"}},
		"in time":                     {counts: counts(5, 5, 0), runs: []ledger.Run{died}, deadline: noon.Add(time.Hour), done: noon.Add(time.Hour)},
		"later than it should be":     {counts: counts(5, 5, 0), runs: []ledger.Run{died}, deadline: noon.Add(time.Hour), done: noon.Add(61 * time.Minute), want: []string{"deadline critical"}},
		"the deadline is now":         {counts: counts(5, 5, 0), runs: []ledger.Run{died}, deadline: noon, want: []string{"deadline critical"}},
		"finished after its deadline": {counts: counts(0, 5, 0), last: &ended, deadline: noon.Add(-time.Hour), want: []string{"finished info"}},
	} {
		spec := &plan.Spec{Deadline: c.deadline}
		spec.StopWhen.Unknown = c.stop
		v := view{
			name: "a b", at: &ledger.Snapshot{Last: c.last}, spec: spec, runs: c.runs, now: noon, counts: c.counts,
			left: c.counts.Of(message.Pending, message.Attempting),
		}
		v.at.Campaign.Paused, v.at.Campaign.Aborted = c.paused, c.aborted
		holds := slices.Concat(v.stopped(), v.unknown(), v.finished())
		if l, late := v.late(c.done); late {
			holds = append(holds, l)
		}
		var got []string
		for _, h := range holds {
			got = append(got, h.Kind+" "+string(h.Severity))
			if h.About != "a b" || !strings.Contains(h.Next, "'a b'") {
				t.Errorf("%s: %+v", name, h)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestTheEndIsForetoldByTheRateOfTheLastMinute(t *testing.T) {
	t.Parallel()
	l := &lookout{before: make(map[string]mark)}
	v := &view{name: "a", runs: make([]ledger.Run, 1), now: noon, left: 1000}
	at := func(after time.Duration, left int) time.Duration {
		v.now, v.left = noon.Add(after), left
		done := l.done(v)
		if done.IsZero() {
			return 0
		}
		return done.Sub(noon)
	}
	for i, c := range []struct {
		after time.Duration
		left  int
		want  time.Duration
	}{
		{0, 1000, 0},
		{30 * time.Second, 900, 0},
		{time.Minute, 800, 5 * time.Minute},
		{90 * time.Second, 800, 5 * time.Minute},
		{2 * time.Minute, 800, 0},
		{3 * time.Minute, 700, 10 * time.Minute},
		{4 * time.Minute, 900, 0},
	} {
		if got := at(c.after, c.left); got != c.want {
			t.Errorf("%d: done after %s, want %s", i, got, c.want)
		}
	}
}

// inboxes is a ledger whose inboxes stand so.
type inboxes struct {
	model
	in []ledger.Inbox
}

func (i *inboxes) Inboxes(context.Context) ([]ledger.Inbox, error) { return i.in, nil }

func TestReceiptsThatStopOrAreRefusedAreTold(t *testing.T) {
	t.Parallel()
	source := &inboxes{model{ledgertest.NewMemory().Open()}, []ledger.Inbox{
		{Account: "busy", Receipts: 5, Last: noon.Add(-2 * time.Hour)}, {Account: "idle", Receipts: 5, Last: noon.Add(-2 * time.Hour)}, {Account: "never"},
	}}
	l := &lookout{source: source, cfg: installation(), busy: map[string]bool{"busy": true, "never": true}}
	receipts := func() (said []string) {
		look := ledger.Look{At: noon}
		if err := l.receipts(t.Context(), &look); err != nil {
			t.Fatal(err)
		}
		for _, c := range look.Holds {
			said = append(said, c.Kind+" "+c.About)
		}
		return said
	}
	if diff := cmp.Diff([]string{"receipts busy"}, receipts()); diff != "" {
		t.Error(diff)
	}
	source.in[0].Last, source.in[1].Refused = noon, 3
	if diff := cmp.Diff([]string{"refused idle"}, receipts()); diff != "" {
		t.Error(diff)
	}
}

func TestWhatATargetDidNotTakeIsToldLater(t *testing.T) {
	t.Parallel()
	r := newRobot(t, config.DingTalk, "right")
	target := config.AlertTarget{Name: "ops", Kind: config.DingTalk, URL: r.URL, Secret: "wrong", Severity: "warning"}
	l := model{ledgertest.NewMemory().Open()}
	w := &Watch{Ledger: l, Config: installation(target), Now: r.clock, Log: slog.New(slog.DiscardHandler)}
	if _, err := l.Raise(t.Context(), ledger.Look{At: noon, Holds: []ledger.Condition{{Kind: "k", About: "a", Severity: ledger.SeverityCritical, Said: words.Raw("it stopped")}}}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time it is left alone
		err := w.deliver(t.Context())
		if targets, _ := l.Targets(t.Context()); targets[0].Tries != 1 || targets[0].Reached != 0 {
			t.Fatalf("the target stands at %+v after %v", targets[0], err)
		}
	}
	w.Config.Alerts[0].Secret = "right"
	r.forward(time.Minute)
	if err := w.deliver(t.Context()); err != nil || len(r.texts) != 1 || !strings.Contains(r.texts[0], "it stopped") {
		t.Errorf("told %q, %v", r.texts, err)
	}
}

func TestADigestFitsAndTheWorstComesFirst(t *testing.T) {
	t.Parallel()
	var notices []ledger.Notice
	for i := range 100 {
		severity := ledger.SeverityInfo
		if i == 99 {
			severity = ledger.SeverityCritical
		}
		notices = append(notices, ledger.Notice{Change: ledger.Began, Condition: ledger.Condition{Severity: severity, Said: words.Raw(fmt.Sprintf("event %d: 余额不足", i)), Next: "notify resume 'a b'"}})
	}
	for _, lang := range []words.Language{words.English, words.Chinese} {
		d := write(words.Printer{Lang: lang, Zone: time.UTC}, config.Production, "ops-1", notices, 2000)
		if text := d.text(); len(text) > 2000 || !strings.Contains(d.lines[0], "event 99") || d.more+strings.Count(text, "event ") != 100 {
			t.Errorf("%s: %d bytes, %d more\n%s", lang, len(text), d.more, text)
		}
	}
}
