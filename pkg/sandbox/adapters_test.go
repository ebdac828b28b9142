package sandbox_test

import (
	"context"
	"fmt"
	"path/filepath"
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

// TestTheAdaptersSayWhatTheSandboxKnows sends through the real adapters under every fault, and compares each outcome with
// the sandbox's own record: accepted was reached, what is definite was not, and nobody was reached twice.
func TestTheAdaptersSayWhatTheSandboxKnows(t *testing.T) {
	const messages, workers = 400, 8
	record := filepath.Join(t.TempDir(), "record.jsonl")
	s := run(t, sandbox.Config{
		Record: record, Seed: 20200101,
		SMS: sandbox.Account{Faults: everyFault}, Mail: sandbox.Account{Faults: everyFault},
	})
	settings := func(options map[string]any, endpoint string) vendors.Settings {
		return vendors.Settings{
			Account: "sandbox", Endpoint: endpoint, Concurrency: workers, Timeout: 5 * time.Minute, Options: options, Now: time.Now,
		}
	}
	for _, tt := range []struct {
		channel message.Channel
		kind    string
		set     vendors.Settings
		count   func(sandbox.Tally) sandbox.Count
	}{
		{
			message.SMS, "http", settings(map[string]any{"definition": "builtin:sandbox-sms", "token": token}, s.URL()),
			func(t sandbox.Tally) sandbox.Count { return t.SMS },
		},
		{
			message.Email, "smtp", settings(map[string]any{"tls": "none"}, s.MailAddr()),
			func(t sandbox.Tally) sandbox.Count { return t.Mail },
		},
	} {
		t.Run(string(tt.channel), func(t *testing.T) {
			v, err := all.Registry().New(tt.kind, tt.set)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = v.Close() }()
			got := sendAll(v, tt.channel, messages, workers)
			read, err := sandbox.ReadRecord(record)
			if err != nil {
				t.Fatal(err)
			}
			c := tt.count(read)
			t.Logf("outcomes %v, count %+v", got, c)
			if c.Twice != 0 || c.Repeats != 0 {
				t.Errorf("somebody was reached twice: %+v", c)
			}
			for _, k := range message.OutcomeKinds() {
				if got[k] == 0 && (k != message.OutcomeUnsent || tt.channel == message.Email) {
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

func sendAll(v vendors.Vendor, ch message.Channel, messages, workers int) map[message.OutcomeKind]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	got := map[message.OutcomeKind]int{}
	for w := range workers {
		wg.Go(func() {
			for n := w; n < messages; n += workers {
				m := letter(fmt.Sprintf("winner-%d@customer.test", n), fmt.Sprintf("Winner %d", n))
				if ch == message.SMS {
					to := message.Address(fmt.Sprintf("+155501%05d", n))
					m = message.Message{Key: message.MakeKey("award", ch, to, ""), Channel: ch, To: to, Text: "您好", Segments: 1}
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
