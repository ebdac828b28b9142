package send_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/ledger/ledgertest"
	"notify/pkg/message"
	"notify/pkg/send"
)

// A channel that has paused does not come to the end of its wave: the other one does not wait for it.
func TestAChannelDoesNotWaitForTheWaveOfOneThatHasPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := awardSpec()
		spec.Waves = campaign.Waves{Sizes: []int{4}}
		mail := &campaign.Mail{From: "a@edm.example.test", Subject: "Award", TextFile: "t", Text: "Dear {{name}}"}
		spec.Texts = append(spec.Texts, campaign.Text{Channel: message.Email, Mail: mail})
		frozen, err := spec.Encode()
		if err != nil {
			t.Fatal(err)
		}
		l, v := ledgertest.NewMemory().Open(), &reached{}
		both := func(yield func(ledger.Recipient, error) bool) {
			for r, err := range people("award", 9) {
				to := message.Address("m" + r.Key + "@mail.test")
				r.Messages = append(r.Messages, ledger.NewMessage{Key: message.MakeKey("award", message.Email, to, ""), Channel: message.Email, Address: to, Segments: 1})
				if !yield(r, err) {
					return
				}
			}
		}
		if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: "award", Digest: "d", Spec: frozen, Recipients: both}); err != nil {
			t.Fatal(err)
		}
		loop := loopOn(l, l, v, config.Account{Concurrency: 2, DailyQuota: 2})
		loop.Config.Accounts["b"], loop.Vendors["b"] = config.Account{Concurrency: 2}, v
		loop.Config.Routes[message.Email] = config.Route{Accounts: []config.Share{{Account: "b", Weight: 1}}}
		ctx, end := context.WithTimeout(t.Context(), time.Minute)
		defer end()
		begin := time.Now()
		res, err := loop.Run(ctx)
		if err != nil || res.Pause == nil || res.Pause.Why != send.PauseQuota || res.Sent != 2+4 {
			t.Errorf("%d were sent, and it ended with %+v, %v", res.Sent, res.Pause, err)
		}
		if took := time.Since(begin); took > 30*time.Second {
			t.Errorf("it took %v to end", took)
		}
	})
}

// A wave whose end asks a person goes on with the run that the person begins, and that run ends with the next wave: what was not asked
// about is not allowed.
func TestEachRunGoesOnWithTheWaveThatWasAskedAbout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := awardSpec()
		spec.Waves = campaign.Waves{Sizes: []int{2, 3}, Wait: true}
		frozen, err := spec.Encode()
		if err != nil {
			t.Fatal(err)
		}
		l, v := ledgertest.NewMemory().Open(), &reached{}
		if _, err := l.Stage(t.Context(), ledger.Staging{Campaign: "award", Digest: "d", Spec: frozen, Recipients: people("award", 9)}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{2, 3, 4} {
			res, err := loopOn(l, l, v, config.Account{Concurrency: 2}).Run(t.Context())
			if err != nil || res.Sent != want || (res.Pause == nil) != (want == 4) || res.Pause != nil && res.Pause.Why != send.PauseWave {
				t.Errorf("%d were sent instead of %d, and it ended with %+v, %v", res.Sent, want, res.Pause, err)
			}
		}
	})
}
