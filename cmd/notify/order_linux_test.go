package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"notify/pkg/exit"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/message"
)

// TestNoByteLeavesBeforeItsAttemptIsDurable traces the system calls of a sending process. From the writes that had been
// flushed, and from nothing else, it puts together what the disk would hold had the power failed right before each message
// was written to its socket; the ledger of that moment must know the message as being attempted.
func TestNoByteLeavesBeforeItsAttemptIsDurable(t *testing.T) {
	t.Parallel()
	const messages = 30
	for _, c := range []struct {
		name        string
		ch          message.Channel
		concurrency int
	}{
		{"over HTTP, one at a time", message.SMS, 1},
		{"over HTTP, four at a time", message.SMS, 4},
		{"over SMTP, one at a time", message.Email, 1},
		{"over SMTP, four at a time", message.Email, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			account := map[message.Channel]string{message.SMS: "SMS", message.Email: "EDM"}[c.ch]
			p := newPlace(t, nil, fmt.Sprintf("NOTIFY_ACCOUNTS_%s_CONCURRENCY=%d", account, c.concurrency))
			p.must(writeList(p.path("award.csv"), people(1, messages)))
			p.write("award.yaml", only("award-2020", c.ch))
			p.wants([]int{exit.OK}, "preflight", "award.csv") // makes the ledger, and leaves it at rest
			before := newDisk(p)
			trace := p.traced(exit.OK, "send", "award.csv", "--yes", "-q")
			keys := make(map[string]message.Address)
			for _, a := range p.arrivals() {
				keys[a.Ref] = a.To
			}
			if len(keys) != messages {
				t.Fatalf("%d keys reached the receiver, want %d", len(keys), messages)
			}
			if early := p.early(before.clone(), trace, keys, true); len(early) > 0 {
				t.Errorf("of %d messages, %d left before they were durable: %v", messages, len(early), early)
			}
			// The judge can tell: where flushes did nothing, every message would have been early.
			if early := p.early(before.clone(), trace, keys, false); len(early) != messages {
				t.Errorf("without flushes %d of %d messages would be early: the trace proves nothing", len(early), messages)
			}
		})
	}
}

// traced runs notify under strace, which writes down every call that changes the ledger or sends something.
func (p *place) traced(code int, args ...string) []call {
	p.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		p.Fatal("strace is needed: apt-get install strace")
	}
	program, err := exec.LookPath("notify")
	p.must(err)
	calls := "pwrite64,write,writev,sendto,sendmsg,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,renameat,renameat2"
	args = append([]string{"-f", "-yy", "-xx", "-s", "100000", "-e", "signal=none", "-e", "trace=" + calls, "-o", p.path("trace"), program}, args...)
	run, err := start(p.dir, p.env, strace, args...)
	p.must(err)
	p.Cleanup(run.kill)
	got, err := run.wait()
	p.must(err)
	if got != code {
		p.Fatalf("under strace, notify ended with %d, want %d\n%s\n%s", got, code, run.out.String(), run.err.String())
	}
	f, err := os.Open(p.path("trace"))
	p.must(err)
	defer func() { _ = f.Close() }()
	all, err := parseTrace(bufio.NewReaderSize(f, 1<<20))
	p.must(err)
	return all
}

// early plays the trace back and returns who was written to while the disk did not hold the attempt.
func (p *place) early(d *disk, trace []call, keys map[string]message.Address, flushes bool) []message.Address {
	p.Helper()
	var early []message.Address
	left := make(map[string]bool)
	for _, c := range trace {
		switch {
		case c.file != "":
			d.apply(c, flushes)
		case c.socket && c.begins && !strings.HasPrefix(string(c.data), "GET "): // the vendor is asked, before the first, whether it has it
			for key := range keys {
				if left[key] || !strings.Contains(string(c.data), key) {
					continue
				}
				left[key] = true
				if !p.attempted(d, keys[key]) {
					early = append(early, keys[key])
				}
			}
		}
	}
	if len(left) != len(keys) {
		p.Fatalf("%d of %d messages were seen to leave", len(left), len(keys))
	}
	return early
}

// attempted asks the ledger that would be found after a power loss now.
func (p *place) attempted(d *disk, to message.Address) bool {
	p.Helper()
	dir, err := os.MkdirTemp(p.dir, "power-loss-")
	p.must(err)
	defer func() { _ = os.RemoveAll(dir) }()
	for name, data := range d.durable {
		p.must(os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	ctx := context.Background()
	l, err := sqlite.Open(ctx, filepath.Join(dir, "notify.db"), sqlite.Options{Now: time.Now})
	p.must(err)
	defer func() { _ = l.Close() }()
	if _, err := l.Campaign(ctx, "award-2020"); err != nil {
		return false
	}
	for rec, err := range l.Messages(ctx, "award-2020") {
		p.must(err)
		if rec.Address == to {
			return rec.Attempts > 0 && rec.State != message.Pending
		}
	}
	return false
}

// disk is the ledger's files: as the process sees them, and as far as they were flushed.
type disk struct {
	seen, durable map[string][]byte
}

func newDisk(p *place) *disk {
	p.Helper()
	d := &disk{seen: make(map[string][]byte), durable: make(map[string][]byte)}
	files, err := filepath.Glob(p.path("notify.db*"))
	p.must(err)
	for _, f := range files {
		data, err := os.ReadFile(f)
		p.must(err)
		d.seen[filepath.Base(f)], d.durable[filepath.Base(f)] = data, data
	}
	return d.clone()
}

func (d *disk) clone() *disk {
	c := &disk{seen: make(map[string][]byte), durable: make(map[string][]byte)}
	for k, v := range d.seen {
		c.seen[k] = append([]byte(nil), v...)
	}
	for k, v := range d.durable {
		c.durable[k] = append([]byte(nil), v...)
	}
	return c
}

// apply takes in a call. A write counts when it is done, and is durable from the end of a flush that began after it: what
// a flush holds is what had been written when it began.
func (d *disk) apply(c call, flushes bool) {
	switch c.name {
	case "pwrite64":
		if c.begins { // counted at its end
			return
		}
		data := d.seen[c.file]
		if need := int(c.offset) + len(c.data); need > len(data) {
			data = append(data, make([]byte, need-len(data))...)
		}
		copy(data[c.offset:], c.data)
		d.seen[c.file] = data
	case "ftruncate":
		if !c.begins {
			d.seen[c.file] = append([]byte(nil), d.seen[c.file][:min(len(d.seen[c.file]), int(c.offset))]...)
		}
	case "fsync", "fdatasync":
		switch {
		case !flushes:
		case c.begins:
			d.seen[c.file+" "+c.thread] = append([]byte(nil), d.seen[c.file]...)
		default:
			d.durable[c.file] = d.seen[c.file+" "+c.thread]
		}
	case "unlink", "unlinkat", "rename", "renameat", "renameat2":
	}
}

// call is one end of a system call: each stands in a trace twice, where it begins and where it is done.
type call struct {
	thread string
	name   string
	begins bool
	file   string // a file of the ledger, by its name
	socket bool
	data   []byte
	offset int64
}

var (
	traceLine    = regexp.MustCompile(`^(\d+) +(\w+)\((.*)$`)
	traceResumed = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)$`)
	traceResult  = regexp.MustCompile(`\) += (-?\d+)`)
	traceTarget  = regexp.MustCompile(`^\d+<(.*?)>(?:, |\)|$)`)
	traceString  = regexp.MustCompile(`"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?`)
	traceOffset  = regexp.MustCompile(`, (\d+)\) +=`)
)

// parseTrace reads what strace wrote. A call that another thread interrupts in the trace stands there in two parts.
func parseTrace(r *bufio.Reader) ([]call, error) {
	var calls []call
	open := make(map[string]string) // by thread: the first part
	for {
		line, err := r.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if line == "" {
			return calls, nil
		}
		line = strings.TrimRight(line, "\n")
		if m := traceResumed.FindStringSubmatch(line); m != nil {
			whole := open[m[1]] + m[3]
			delete(open, m[1])
			c, err := parseCall(m[1], m[2], whole)
			if err != nil {
				return nil, err
			}
			if traceDone(whole) {
				calls = append(calls, c)
			}
			continue
		}
		m := traceLine.FindStringSubmatch(line)
		if m == nil {
			continue // the end of a thread
		}
		text, unfinished := strings.CutSuffix(m[3], " <unfinished ...>")
		c, err := parseCall(m[1], m[2], text)
		if err != nil {
			return nil, err
		}
		begins := c
		begins.begins = true
		calls = append(calls, begins)
		if unfinished {
			open[m[1]] = text
		} else if traceDone(text) {
			calls = append(calls, c)
		}
	}
}

// traceDone reports whether a call has ended well.
func traceDone(text string) bool {
	m := traceResult.FindAllStringSubmatch(text, -1)
	return len(m) > 0 && !strings.HasPrefix(m[len(m)-1][1], "-")
}

func parseCall(thread, name, text string) (call, error) {
	c := call{thread: thread, name: name}
	target := traceTarget.FindStringSubmatch(text)
	if target == nil {
		return c, nil
	}
	if path := unhex(target[1]); strings.HasPrefix(filepath.Base(path), "notify.db") && filepath.IsAbs(path) {
		c.file = filepath.Base(path)
	}
	c.socket = strings.HasPrefix(target[1], "TCP:") || strings.HasPrefix(target[1], "TCPv6:")
	if c.file == "" && !c.socket {
		return c, nil
	}
	if s := traceString.FindStringSubmatch(text); s != nil {
		if s[2] != "" {
			return c, fmt.Errorf("strace cut a string of %s: give it a longer -s", name)
		}
		c.data = []byte(unhex(s[1]))
	}
	if o := traceOffset.FindStringSubmatch(text); o != nil {
		n, err := strconv.ParseInt(o[1], 10, 64)
		if err != nil {
			return c, fmt.Errorf("offset of %s: %w", name, err)
		}
		c.offset = n
	}
	return c, nil
}

// unhex reads \x6e\x6f; what is not written so stays as it is.
func unhex(s string) string {
	if !strings.HasPrefix(s, `\x`) {
		return s
	}
	var text string
	if err := json.Unmarshal([]byte(`"`+strings.ReplaceAll(s, `\x`, `\u00`)+`"`), &text); err != nil {
		return s
	}
	raw := make([]byte, 0, len(text))
	for _, r := range text {
		raw = append(raw, byte(r))
	}
	return string(raw)
}
