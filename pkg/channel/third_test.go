package channel_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/channel"
	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/list"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/report"
	"notify/pkg/send"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// box is a channel that nobody but this test has: pneumatic post to numbered boxes. All that it takes stands in this entry.
func box() channel.Entry {
	return channel.Entry{
		Name: "box", Column: "box", Headers: []string{"信箱", "boxno"}, Word: words.Raw("box"), What: words.Raw("box"), Class: channel.Short,
		Is: func(raw string) bool { return strings.HasPrefix(strings.ToLower(raw), "box ") },
		Parse: func(raw, _ string) (message.Address, error) {
			number, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(raw)), "box ")
			if !ok || len(number) != 4 || !channel.AllDigits(number) {
				return "", &channel.AddressError{Code: "box-invalid", Summary: words.Raw("no box has that number"), Hint: words.Raw("write box 0421")}
			}
			return message.Address("box:" + number), nil
		},
		Mask:    func(a message.Address) string { return string(a[:5]) + "***" },
		PaceKey: func(a message.Address) string { return "floor" + string(a[4]) },
		Units: func(text string, _ message.Address, _ channel.Counting) (int, channel.Rule) {
			return 1 + len(text)/20, ""
		},
	}
}

// carrier is its fake vendor.
type carrier struct {
	mu  sync.Mutex
	got []message.Message
}

func (c *carrier) Send(_ context.Context, m message.Message) message.Outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, m)
	return message.Outcome{Kind: message.OutcomeAccepted, VendorID: fmt.Sprint(len(c.got))}
}

func (c *carrier) Close() error { return nil }

// TestAThirdChannelIsOneEntry takes it from the campaign file and the list through plan and ledger to a vendor and the report.
func TestAThirdChannelIsOneEntry(t *testing.T) {
	channels := channel.Set(nil).With(box())
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("award.txt", "Dear {{姓名}}, you won a prize.\n")
	cfg, err := config.Load(config.LoadOptions{Channels: channels, Path: write("notify.yaml",
		"environment: production\nledger: notify.db\naccounts:\n  tube: {vendor: tube, class: notice, price: 0.5, currency: CNY, concurrency: 4, domain_rate: {floor1: 1000/s}}\n"+
			"routes: {box: {accounts: [tube]}}\n")})
	if err != nil {
		t.Fatal(err)
	}
	c, err := campaign.Load(write("award.yaml", "name: award\nowner: Wang\nclass: notice\nenvironment: production\nchannels:\n  box: {text: award.txt, template_code: {tube: T7}}\n"),
		cfg.Timezone, cfg.Channels)
	if err != nil {
		t.Fatal(err)
	}
	path := write("award.csv", "姓名,信箱\nWang,box 0421\nLi,Box 1007\nMo,box 7\n")
	p, codes := planned(t, cfg, c, path)
	defer p.Close()
	if diff := cmp.Diff([]string{"box-invalid"}, codes); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	want := plan.ChannelPlan{Channel: "box", Messages: 2, Segments: 4, BySegments: map[int]int{2: 2}, Domains: map[string]int{"floor0": 1, "floor1": 1}}
	if diff := cmp.Diff(want, p.Channel("box")); diff != "" {
		t.Errorf("the plan (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]message.Channel{"box"}, p.Spec.Channels()); diff != "" {
		t.Errorf("the channels (-want +got):\n%s", diff)
	}
	on := func(l ledger.Ledger, err error) func(*testing.T) {
		return func(t *testing.T) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			sent(t, cfg, p, l)
		}
	}
	t.Run("memory", on(ledgertest.NewMemory().Open(), nil))
	t.Run("sqlite", on(sqlite.Open(t.Context(), cfg.Ledger.File(), sqlite.Options{Now: time.Now})))
}

// planned reads the list and makes the plan; codes are the problems that it has.
func planned(t *testing.T, cfg *config.Config, c *campaign.Campaign, path string) (p *plan.Plan, codes []string) {
	t.Helper()
	r, err := list.Open(t.Context(), path, list.Options{Country: cfg.Country, Channels: cfg.Channels, Need: c.Channels()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	problems := &diag.List{}
	p, err = plan.Make(t.Context(), plan.Inputs{Config: cfg, Campaign: c, List: r, Problems: problems, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range problems.Kept() {
		codes = append(codes, found.Code)
	}
	return p, codes
}

// sent stages and sends the plan, and looks at what arrived and at what the report says.
func sent(t *testing.T, cfg *config.Config, p *plan.Plan, l ledger.Ledger) {
	t.Helper()
	defer l.Close()
	if _, err := send.Begin(t.Context(), l, p, ledger.Act{Who: "wang", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	var tube carrier
	loop := &send.Loop{
		Ledger: l, Reader: l, Campaign: "award", Config: cfg, Vendors: map[string]vendors.Vendor{"tube": &tube}, Now: time.Now,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	if res, err := loop.Run(t.Context()); err != nil || res.Pause != nil {
		t.Fatalf("%+v, %v", res, err)
	}
	var arrived []string
	for _, m := range tube.got {
		arrived = append(arrived, fmt.Sprintf("%s %s %s %q %d", m.Channel, m.To, m.Template, m.Text, m.Segments))
	}
	slices.Sort(arrived)
	if diff := cmp.Diff([]string{
		`box box:0421 T7 "Dear Wang, you won a prize." 2`, `box box:1007 T7 "Dear Li, you won a prize." 2`,
	}, arrived); diff != "" {
		t.Errorf("what arrived (-want +got):\n%s", diff)
	}
	r, err := report.Make(t.Context(), l, "award", report.Terms{Channels: cfg.Channels})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Channels) != 1 || r.Channels[0].Channel != "box" || r.Channels[0].ByState[message.Accepted] != 2 || r.Total[message.Accepted] != 2 {
		t.Errorf("the report says %+v", r.Channels)
	}
}
