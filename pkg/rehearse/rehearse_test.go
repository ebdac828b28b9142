package rehearse_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/channel"
	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/list"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/rehearse"
	"notify/pkg/sandbox"
	"notify/pkg/send"
	"notify/pkg/vendors"
	"notify/pkg/vendors/all"
)

func registry() vendors.Registry { return all.Registry() }

// rehearsal is one of n invented people on the production installation.
func rehearsal(t *testing.T, n int) *rehearse.Rehearsal {
	t.Helper()
	file := filepath.Join(t.TempDir(), "award.csv")
	var b strings.Builder
	b.WriteString("工号,姓名,手机号,邮箱\n")
	for i := range n {
		fmt.Fprintf(&b, "A%05d,王伟,1349%07d,p%05d@mail.test\n", i, i, i)
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	rows, err := list.Open(t.Context(), file, list.Options{Country: "CN", Need: channel.Builtin().Names()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	c := production()
	c.Country = "CN"
	for name, a := range c.Accounts {
		a.Environment, a.Class, a.Concurrency, a.Timeout = c.Environment, "notice", 4, 5*time.Minute
		c.Accounts[name] = a
	}
	p, err := plan.Make(t.Context(), plan.Inputs{Config: c, List: rows, Campaign: &campaign.Campaign{
		Name: "award-2020", Class: "notice", Environment: c.Environment, Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{Text: "{{姓名}}, you won."}}, {Channel: message.Email, Mail: &campaign.Mail{From: "award@edm.company.test", Subject: "{{姓名}}", Text: "You won, {{姓名}}."}}},
		Deadline: time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC), // long gone: it is lifted
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	l, err := sqlite.Open(t.Context(), path(t), sqlite.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return &rehearse.Rehearsal{
		Config: c, Plan: p, List: file, Scratch: l, Registry: registry(), Speed: 100, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Act: ledger.Act{Who: "wang@ops-1", What: "rehearse", At: time.Now()}, Host: "ops-1", PID: 1,
	}
}

func TestARehearsalReachesTheSandboxWithEverybodyOnce(t *testing.T) {
	r := rehearsal(t, 200)
	watched := false
	r.Watch = func(func() send.Snapshot) func() { return func() { watched = true } }
	got, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !got.Complete || got.Recipients != 200 || got.Messages != 400 || got.Reached != 400 || got.Counts.Of(message.Accepted) != 400 {
		t.Errorf("got %+v, %v", got.Rehearsal, got.Counts.ByState)
	}
	if got.Tally.SMS.Twice+got.Tally.Mail.Twice != 0 || got.Rate <= 0 || got.Took <= 0 || got.Digest != r.Plan.Digest || !watched {
		t.Errorf("got %+v, %+v", got.Rehearsal, got.Tally)
	}
	if lifted := strings.Join(got.Lifted, ", "); lifted != "deadline, daily-quotas, account-budgets" {
		t.Errorf("lifted: %s", lifted)
	}
}

func TestFaultsAreSurvivedAndCounted(t *testing.T) {
	r := rehearsal(t, 200)
	r.Sandbox = sandbox.Config{Seed: 3, SMS: sandbox.Account{Faults: sandbox.Faults{CutAfter: 0.05, CutBefore: 0.05}}}
	got, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	unknown := got.Counts.Of(message.Unknown)
	if got.Faults["sms unanswered"] == 0 || got.Faults["sms cut-before"] == 0 || unknown == 0 {
		t.Fatalf("faults %v, %d unknown", got.Faults, unknown)
	}
	if got.Tally.SMS.Twice != 0 || got.Tally.SMS.Repeats != 0 {
		t.Errorf("%d people were reached twice", got.Tally.SMS.Twice)
	}
	if whole := got.Reached == 400; got.Complete != whole {
		t.Errorf("complete is %v, and %d of 400 reached it", got.Complete, got.Reached)
	}
}

func TestWhatDoesNotReachEverybodyProvesNothing(t *testing.T) {
	r := rehearsal(t, 100)
	r.Sandbox = sandbox.Config{Mail: sandbox.Account{Faults: sandbox.Faults{Reject: 0.2}}}
	got, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Complete || got.Reached != 200-got.Faults["email rejected"] || got.Faults["email rejected"] == 0 {
		t.Errorf("got %+v", got.Rehearsal)
	}
}

func TestARehearsalThatIsInterruptedProvesNothing(t *testing.T) {
	r := rehearsal(t, 2000)
	r.Speed = 1 // twenty seconds at the configured rates
	ctx, cancel := context.WithCancel(t.Context())
	r.Watch = func(snapshot func() send.Snapshot) func() {
		go func() {
			for snapshot().Accepted == 0 && t.Context().Err() == nil {
				runtime.Gosched()
			}
			cancel()
		}()
		return func() {}
	}
	got, err := r.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got.Complete || got.Run.Pause == nil || got.Reached == got.Messages {
		t.Errorf("got %+v, %+v", got.Rehearsal, got.Run)
	}
}

func TestAListThatCannotBeSentIsNotRehearsed(t *testing.T) {
	r := rehearsal(t, 10)
	r.Config.Routes = nil
	got, err := r.Run(t.Context())
	if err != nil || !got.Failed() || got.Complete || got.Reached != 0 {
		t.Errorf("got %+v, %v", got.Rehearsal, err)
	}
	if f, ok := got.Preflight.Finding("routes"); !ok || f.Status != "fail" {
		t.Errorf("routes: %+v", f)
	}
}

func TestARehearsalIsKeptByTheInstallationsLedger(t *testing.T) {
	l, err := sqlite.Open(t.Context(), path(t), sqlite.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	want := ledger.Rehearsal{Campaign: "award-2020", Digest: "d1", Recipients: 23000, Messages: 46000, Speed: 1, Complete: true, At: time.Now()}
	if err := rehearse.Record(t.Context(), l, want, ledger.Act{Who: "wang", What: "rehearse", At: want.At}); err != nil {
		t.Fatal(err)
	}
	got, err := l.Rehearsals(t.Context())
	if err != nil || len(got) != 1 || got[0].Recipients != 23000 || !got[0].Complete {
		t.Errorf("kept %+v, %v", got, err)
	}
	if err := rehearse.Record(t.Context(), struct{ ledger.Ledger }{l}, want, ledger.Act{}); err == nil {
		t.Error("a ledger that keeps none says nothing")
	}
}
