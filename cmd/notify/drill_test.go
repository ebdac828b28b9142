package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"notify/pkg/drill"
	"notify/pkg/exit"
)

// drilled plays a drill as the operator does, and reads what it says.
func drilled(t *testing.T, name string) (drill.Report, map[string]drill.Line) {
	t.Helper()
	p := &place{TB: t, dir: t.TempDir()}
	p.env = drillEnv(os.Getenv)
	// Nothing of the operator's own installation may reach a drill.
	p.env = append(p.env, "NOTIFY_ENVIRONMENT=production", "NOTIFY_ACCOUNTS_SMS_ENDPOINT=https://api.sms-vendor.test", "NOTIFY_LEDGER=/nowhere/notify.db")
	var r drill.Report
	played := p.begin("drill", name, "--json", "--quiet")
	code, err := played.within(5 * patience) // it runs a campaign for each thing that went wrong
	p.must(err)
	if code != exit.OK {
		t.Fatalf("the drill ended with %d\n%s\n%s", code, played.out.String(), played.err.String())
	}
	p.must(json.Unmarshal([]byte(played.out.String()), &r))
	if !r.Stopped || r.Tally.SMS.Twice+r.Tally.Mail.Twice != 0 {
		t.Errorf("held %v, twice %d by SMS and %d by mail", r.Stopped, r.Tally.SMS.Twice, r.Tally.Mail.Twice)
	}
	lines := make(map[string]drill.Line)
	for _, l := range r.Lines {
		lines[l.Name] = l
	}
	return r, lines
}

// A drill that was killed leaves its folder to the next one, which removes it.
func TestTheFolderOfADrillThatWasKilledGoesWithTheNext(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	t.Setenv("TMP", tmp)
	playing, stop, err := drillFolder("")
	if err != nil {
		t.Fatal(err)
	}
	// What a kill leaves: the folder, and a lock beside it that nobody holds.
	killed := filepath.Join(tmp, "notify-drill-1")
	if err := errors.Join(os.Mkdir(killed, 0o700), os.WriteFile(killed+".lock", nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	next, done, err := drillFolder("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(killed); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is there still: %v", err)
	}
	for _, dir := range []string{playing, next} {
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("one that is played in is gone: %v", err)
		}
	}
	if err := errors.Join(done(), stop()); err != nil {
		t.Error(err)
	}
}

// met is a line that must have held, by these mechanisms, saying this.
type met struct {
	line string
	by   []string
	says []string
}

// meets looks at every line that a drill has, each in a test of its own.
func meets(t *testing.T, lines map[string]drill.Line, want map[string]met) {
	t.Helper()
	if len(lines) != len(want) {
		t.Errorf("the drill has %d lines, and %d are looked at", len(lines), len(want))
	}
	for name, m := range want {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, ok := lines[m.line]
			if !ok || !l.Stopped || l.Then.IsZero() {
				t.Fatalf("line %s: %+v", m.line, l)
			}
			var by, said []string
			for _, s := range l.Now {
				by, said = append(by, s.By.String()), append(said, s.Said.String())
			}
			if got := strings.Join(by, ", "); got != strings.Join(m.by, ", ") {
				t.Errorf("it was stopped by %s, want %v", got, m.by)
			}
			for _, w := range m.says {
				if !strings.Contains(strings.Join(said, "\n"), w) {
					t.Errorf("it does not say %q:\n%s", w, strings.Join(said, "\n"))
				}
			}
		})
	}
}

// TestDrillAward2020 replays the incident with its figures. Every line of it is a test under its own name.
func TestDrillAward2020(t *testing.T) {
	t.Parallel()
	r, lines := drilled(t, "award-2020")
	const nodes = 2 * 600 // the lists of the two nodes
	if r.Tally.SMS.Reached != winners+nodes || r.Tally.Mail.Reached != winners || r.Tally.SMS.Distinct != winners+nodes || r.Tally.Mail.Distinct != winners {
		t.Errorf("after the options were followed, %+v reached the sandbox", r.Tally)
	}
	meets(t, lines, map[string]met{
		"WinnersOnAListForEightThousand": {"capacity", []string{"check capacity", "check rehearsal", "rehearsal"}, []string{"23,000 recipients, the installation was designed for 8,000: 15,000 too many", "23,000 recipients proven"}},
		"BalanceForUnderTenThousand":     {"balance", []string{"check balance", "pause", "top-up"}, []string{"9,900 messages in packages left, needs 25,300 segments", "9,900 SMS had left, the rest waits", "14,410 segments"}},
		"VendorLimitOfTenThousandADay":   {"quota", []string{"check quota", "pause"}, []string{"10,000 a day (vendor), 0 used today, 10,000 left, 23,000 to send; it takes 3 days", "10,000 SMS had left"}},
		"SMSSentTwice":                   {"sms-twice", []string{"ledger"}, []string{"23,000 SMS to 23,000 people, twice 0"}},
		"MailsSentTwoToFiveTimes":        {"mail-repeats", []string{"ledger"}, []string{"23,000 mails to 23,000 people, twice 0"}},
		"TimerWhileTheLastRunIsAlive":    {"timer", []string{"check timer", "another run is alive"}, []string{"the timer comes every 10m", "3 of 3 times that the timer fired: another run of this campaign is alive"}},
		"TableAndMailServerDisagree":     {"counts-differ", []string{"report"}, []string{"ours: 23,000 SMS and 23,000 mails accepted; the vendors' own count: 23,000 SMS and 23,000 mails"}},
		"OfficialMailServerBlacklisted":  {"official-server", []string{"check protected"}, []string{"23,000 mails from company.test, which is protected", "the server localhost is protected"}},
		"OneIdenticalSubject":            {"same-subject", []string{"check subjects", "a subject of its own"}, []string{"23,000 mails with one identical subject", "turned 0 of 23,000 mails away"}},
		"NoFlowControlByDomain":          {"no-pace", []string{"check pace"}, []string{"customer.test 9,200"}},
		"MendedInOneNodeOnly":            {"one-node", []string{"one policy"}, []string{"two processes sent 1,200 SMS at once, together at no more than the 400/s", "turned 0 away"}},
		"NoticeAndMarketingShareNothing": {"shared-account", []string{"check routes"}, []string{"account sms-shared is for marketing, the campaign is notice"}},
	})
}

// TestDrillDoublePayout: an ambiguous failure was retried through a second vendor, and two jobs overlapped.
func TestDrillDoublePayout(t *testing.T) {
	t.Parallel()
	r, lines := drilled(t, "double-payout")
	if r.Tally.SMS.Unanswered == 0 || r.Tally.SMS.Distinct != r.Tally.SMS.Reached {
		t.Errorf("%+v reached the sandbox", r.Tally.SMS)
	}
	meets(t, lines, map[string]met{
		"TwoJobsOverlap":            {"overlap", []string{"another run is alive"}, []string{"another run of this campaign is alive"}},
		"SaidFailedAndHadDelivered": {"said-failed", []string{"outcome unknown"}, []string{"neither tried again nor given to sms-backup"}},
		"RetriedAllTheSame":         {"retried", []string{"retry"}, []string{"sent 0 messages"}},
		"NobodyAskedTheVendor":      {"settled", []string{"resolve"}, []string{"0 are left unknown"}},
		"TheSameUnderAnotherName":   {"another-name", []string{"check dedupe"}, []string{"2,000 of 2,000 messages", "interest-2020"}},
	})
}

// TestDrillWrongEnvironment: a test reached production users because one parameter differed.
func TestDrillWrongEnvironment(t *testing.T) {
	t.Parallel()
	r, lines := drilled(t, "wrong-environment")
	if r.Tally.SMS.Reached != 5 || r.Tally.Mail.Reached != 5 {
		t.Errorf("%+v reached the sandbox", r.Tally)
	}
	meets(t, lines, map[string]met{
		"ProductionsCampaign": {"campaign", []string{"check environment"}, []string{"the campaign is for production, this installation is test"}},
		"ProductionsAccount":  {"account", []string{"check environment"}, []string{"account sms is for production, this installation is test"}},
		"ProductionsList":     {"list", []string{"check allow-list"}, []string{"1,990 of 2,000 addresses are not on the allow list"}},
		"SomebodyInsisted":    {"insisted", []string{"override"}, []string{"allow-list"}},
		"TheTestThatWasMeant": {"meant", []string{"allow list"}, []string{"10 messages reached 5 testers; outside the allow list: 0"}},
	})
}

// TestEveryTestOfTheIncidentExists holds the table of docs/rehearsal.md to the tests.
func TestEveryTestOfTheIncidentExists(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/rehearsal.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(b)
	}
	names := regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllSubmatch(doc, -1)
	if len(names) < 10 {
		t.Fatalf("only %d tests are named", len(names))
	}
	for _, n := range names {
		if !strings.Contains(source.String(), "func "+string(n[1])+"(") {
			t.Errorf("there is no %s", n[1])
		}
	}
}
