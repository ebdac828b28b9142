package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notify/pkg/exit"
	"notify/pkg/message"
)

// place is a folder with an installation in it, as testdata/installation has it, and its receiver.
type place struct {
	testing.TB
	dir      string
	env      []string
	receiver *receiver
}

// newPlace makes one. Its sandbox has these flags; settings are NOTIFY_… variables that change the installation.
func newPlace(tb testing.TB, flags []string, settings ...string) *place {
	tb.Helper()
	p := &place{TB: tb, dir: tb.TempDir()}
	p.must(copyInstallation(p.dir))
	for _, k := range []string{"PATH", "HOME", "TMPDIR", "GOCOVERDIR", "SystemRoot"} {
		if v := os.Getenv(k); v != "" {
			p.env = append(p.env, k+"="+v)
		}
	}
	p.env = append(p.env, "XDG_STATE_HOME="+p.path("state"))
	r, err := startReceiver(p.dir, p.env, flags...)
	p.must(err)
	tb.Cleanup(r.stop)
	p.receiver = r
	p.env = append(append(p.env, r.settings()...), settings...)
	return p
}

// copyInstallation copies testdata/installation, and leaves alone what is there.
func copyInstallation(dir string) error {
	files, err := filepath.Glob("testdata/installation/*")
	if err != nil {
		return err
	}
	for _, f := range files {
		to := filepath.Join(dir, filepath.Base(f))
		if _, err := os.Stat(to); err == nil {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		if err := os.WriteFile(to, text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (p *place) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *place) path(name string) string { return filepath.Join(p.dir, name) }

func (p *place) write(name, text string) {
	p.Helper()
	p.must(os.WriteFile(p.path(name), []byte(text), 0o600))
}

// begin runs notify beside the test; it is killed at the test's end, if it has not ended.
func (p *place) begin(args ...string) *process {
	p.Helper()
	run, err := start(p.dir, p.env, "notify", args...)
	p.must(err)
	p.Cleanup(run.kill)
	return run
}

// run runs notify to its end.
func (p *place) run(args ...string) (code int, stdout, stderr string) {
	p.Helper()
	run := p.begin(args...)
	code, err := run.wait()
	p.must(err)
	return code, run.out.String(), run.err.String()
}

// wants runs notify, which must end with one of these codes.
func (p *place) wants(codes []int, args ...string) (stdout string) {
	p.Helper()
	code, out, errs := p.run(args...)
	for _, c := range codes {
		if code == c {
			return out
		}
	}
	p.Fatalf("notify %s ended with %d, want %v\n%s\n%s", strings.Join(args, " "), code, codes, out, errs)
	return ""
}

// only is the one campaign file of a test that uses a single channel.
func only(name string, ch message.Channel) string {
	text := "name: " + name + "\nowner: Operations Wang\nclass: notice\nenvironment: test\nchannels:\n"
	if ch == message.SMS {
		return text + "  sms: {text: award.sms.txt}\n"
	}
	return text + "  email: {from: \"Awards <award@edm.example.test>\", subject: \"{{姓名}}, your award\", text: award.txt}\n"
}

// arrival is a line of the sandbox's record, as far as tests look at it.
type arrival struct {
	Time    time.Time       `json:"time"`
	Channel message.Channel `json:"channel"`
	To      message.Address `json:"to"`
	Ref     string          `json:"ref"`
	Out     string          `json:"outcome"`
}

// arrivals reads the messages that the sandbox took, whether or not it could answer.
func (p *place) arrivals() []arrival {
	p.Helper()
	f, err := os.Open(p.receiver.record)
	p.must(err)
	defer func() { _ = f.Close() }()
	var all []arrival
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var a arrival
		p.must(json.Unmarshal(lines.Bytes(), &a))
		switch a.Out {
		case "accepted", "cut-after", "garbage", "error500":
			all = append(all, a)
		}
	}
	p.must(lines.Err())
	return all
}

// told is what the ledger says of each message: its state by its address.
func (p *place) told(campaign string) map[message.Address]message.State {
	p.Helper()
	p.wants([]int{exit.OK}, "report", campaign, "-o", "told.csv")
	f, err := os.Open(p.path("told.csv"))
	p.must(err)
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	p.must(err)
	address, state := -1, -1
	for i, name := range rows[0] {
		switch name {
		case "notify_address":
			address = i
		case "notify_state":
			state = i
		}
	}
	states := make(map[message.Address]message.State)
	for _, r := range rows[1:] {
		// A number begins with a plus, which a spreadsheet would take for a formula: the report puts an apostrophe before it.
		states[message.Address(strings.TrimPrefix(r[address], "'"))] = message.State(r[state])
	}
	if len(states) != len(rows)-1 {
		p.Fatalf("the report has %d messages to %d addresses", len(rows)-1, len(states))
	}
	return states
}
