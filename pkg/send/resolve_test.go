package send_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/send"
	"notify/pkg/vendors"
)

// textual is a vendor whose answers are lost, and which knows a message by its text and number only.
type textual struct {
	mu   sync.Mutex
	took map[message.Address]string
}

func (v *textual) Close() error { return nil }

func (v *textual) Send(_ context.Context, m message.Message) message.Outcome {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.took[m.To] = m.Text
	return message.Outcome{Kind: message.OutcomeUnknown, Code: "notify:cut"}
}

func (v *textual) Find(_ context.Context, q vendors.Query) (vendors.Found, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if q.Text != "" && v.took[q.To] == q.Text {
		return vendors.Found{Answer: message.OutcomeAccepted, VendorID: "found"}, nil
	}
	return vendors.Found{Answer: message.OutcomeUnknown}, nil
}

func TestWhatIsUnknownIsLookedForByItsText(t *testing.T) {
	var spec plan.Spec
	l := staged(t, 3, func(s *plan.Spec) { spec = *s }).Open()
	v := &textual{took: make(map[message.Address]string)}
	if _, err := loopOn(l, l, v, config.Account{Name: "a", Concurrency: 1}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := send.Resolver{
		Ledger: l, Vendors: map[string]vendors.Vendor{"a": v}, Campaign: "award", Spec: spec, Now: time.Now,
		By: ledger.Act{Who: "wang@ops", What: "resolve", At: time.Now()},
	}
	got, err := r.Ask(t.Context())
	if err != nil || got.Accepted != 3 || got.Left != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	for rec, err := range l.Messages(t.Context(), "award") {
		if err != nil || rec.VendorID != "found" || rec.State != message.Accepted {
			t.Errorf("%+v, %v", rec, err)
		}
	}
	told := make(map[string]bool)
	for _, text := range v.took {
		told[text] = true
	}
	if len(told) != 3 {
		t.Errorf("they were told %v: each text is its own", told)
	}
}
