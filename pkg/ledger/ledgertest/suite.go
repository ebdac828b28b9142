package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Target is an empty ledger under test.
type Target struct {
	// Open opens it once more, as another process would. The suite closes what it opens.
	Open func(t *testing.T) ledger.Ledger
	// KnowsDead says that a run whose process ended is known to be dead, without waiting for its lease and deadlines.
	KnowsDead bool
}

// Run checks every promise of the seam, each on a fresh target, and then walks at random beside the model.
func Run(t *testing.T, fresh func(t *testing.T) Target) {
	t.Helper()
	for _, promises := range [][]promise{
		stagePromises(),
		figurePromises(),
		runPromises(),
		severalPromises(),
		claimPromises(),
		clockPromises(),
		settlePromises(),
		pacePromises(), wavePromises(),
		operatorPromises(),
		recordPromises(),
		accountPromises(),
		doubtPromises(),
		signOffPromises(),
		suppressionPromises(),
		suppressionStreams(),
		alertPromises(), targetPromises(), credentialPromises(),
		readerPromises(), toldPromises(), stampPromises(), forgetPromises(),
	} {
		for _, p := range promises {
			t.Run(p.says, func(t *testing.T) { p.proof(t, fresh) })
		}
	}
	t.Run("it does what the model does, whatever comes in whatever order", func(t *testing.T) {
		t.Parallel()
		walkAll(t, fresh)
	})
}

// promise is a sentence about ledgers, and its proof.
type promise struct {
	says  string
	check func(s *story)
}

// proof is told beside the others, on a target of its own.
func (p *promise) proof(t *testing.T, fresh func(t *testing.T) Target) {
	t.Helper()
	t.Parallel()
	tg := fresh(t)
	p.check(&story{T: t, target: tg, Ledger: open(t, tg), now: noon})
}

// noon is when stories begin.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

const (
	award  = "award-2020"
	today  = "2026-11-20"
	lease  = time.Minute
	hold   = 30 * time.Second
	smsAcc = "sms-marketing"
)

// story is one test on one ledger, with a clock that only it moves.
type story struct {
	*testing.T
	ledger.Ledger
	target Target
	now    time.Time
}

func open(t *testing.T, tg Target) ledger.Ledger {
	t.Helper()
	l := tg.Open(t)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func (s *story) ctx() context.Context { return s.Context() }

func (s *story) another() *story {
	s.Helper()
	other := *s
	other.Ledger = open(s.T, s.target)
	return &other
}

func (s *story) by(what string) ledger.Act {
	return ledger.Act{Who: "wang@ops-1", What: what, Reason: "test", At: s.now}
}

// counted is an act with its figures.
func counted(by ledger.Act, f ledger.Figures) ledger.Act {
	by.Figures = &f
	return by
}

// log is the audit without its chain, which is looked at: ids that follow each other, and a hash for each.
func (s *story) log(campaign string) []ledger.AuditEntry {
	s.Helper()
	log, err := s.AuditLog(s.ctx(), campaign)
	s.ok(err)
	seen := make(map[string]bool)
	for i := range log {
		if campaign == "" {
			s.same("place in the chain", log[i].ID, int64(i+1))
		}
		s.same("a hash of its own", seen[log[i].Hash], false)
		seen[log[i].Hash] = true
		log[i].ID, log[i].Hash = 0, ""
	}
	return log
}

// person is a recipient with one SMS; version changes what it says.
func person(campaign string, row, version int) ledger.Recipient {
	to := message.Address(fmt.Sprintf("+1202555%04d", 100+row))
	return ledger.Recipient{
		Row: row, Key: fmt.Sprintf("E%d", row), Fields: fmt.Appendf(nil, `["E%d","v%d"]`, row, version),
		Messages: []ledger.NewMessage{{
			Key: message.MakeKey(campaign, message.SMS, to, ""), Channel: message.SMS, Address: to, Segments: 1 + row%2, Fingerprint: int64(row*100 + version),
		}},
	}
}

func list(rs ...ledger.Recipient) iter.Seq2[ledger.Recipient, error] {
	return func(yield func(ledger.Recipient, error) bool) {
		for _, r := range rs {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func people(campaign string, n int) []ledger.Recipient {
	out := make([]ledger.Recipient, n)
	for i := range out {
		out[i] = person(campaign, i+1, 1)
	}
	return out
}

func key(row int) message.Key { return person(award, row, 1).Messages[0].Key }

func (s *story) stage(digest string, rs ...ledger.Recipient) ledger.Staged {
	s.Helper()
	return s.stageAs(award, digest, rs...)
}

func (s *story) stageAs(campaign, digest string, rs ...ledger.Recipient) ledger.Staged {
	s.Helper()
	got, err := s.Stage(s.ctx(), ledger.Staging{Campaign: campaign, Digest: digest, Spec: []byte(`{"n":1}`), By: s.by("stage"), Recipients: list(rs...)})
	s.ok(err)
	return got
}

func (s *story) acquire(campaign string) ledger.RunID {
	s.Helper()
	got, err := s.Acquire(s.ctx(), s.asks(campaign))
	s.ok(err)
	return got.Run.ID
}

func (s *story) asks(campaign string) ledger.Acquire {
	return ledger.Acquire{Campaign: campaign, Host: "ops-1", PID: 41, User: "wang", Now: s.now, Extend: lease}
}

// claims asks for SMS; edit changes the request.
func claims(n int, edit ...func(*ledger.ClaimRequest)) ledger.ClaimRequest {
	c := ledger.ClaimRequest{
		Channel: message.SMS, Day: today, Max: n, Ahead: time.Second, Grace: hold,
		Limits: ledger.Limits{Account: smsAcc, Price: 45000, Currency: "CNY"},
	}
	for _, e := range edit {
		e(&c)
	}
	return c
}

func (s *story) turn(run ledger.RunID, settle []ledger.Settlement, cs ...ledger.ClaimRequest) ledger.Turned {
	s.Helper()
	got, err := s.Turn(s.ctx(), ledger.Turn{Run: run, Now: s.now, Extend: lease, Settle: settle, Claim: cs})
	s.ok(err)
	return got
}

func (s *story) claim(run ledger.RunID, c ledger.ClaimRequest) ledger.Grant {
	s.Helper()
	return s.turn(run, nil, c).Grants[0]
}

// settled makes the settlements of claims that all came out alike.
func (s *story) settled(cs []ledger.Claim, o message.Outcome) []ledger.Settlement {
	var out []ledger.Settlement
	for _, c := range cs {
		out = append(out, ledger.Settlement{Attempt: c.Attempt, Outcome: o, At: s.now})
	}
	return out
}

func (s *story) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *story) fails(err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("got error %v, want %v", err, want)
	}
}

func (s *story) same(what string, got, want any) {
	s.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		s.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

// states are the states of the messages in the order of the list.
func (s *story) states(campaign string) []message.State {
	s.Helper()
	var out []message.State
	for _, r := range s.records(campaign) {
		out = append(out, r.State)
	}
	return out
}

func (s *story) records(campaign string, states ...message.State) []ledger.Record {
	s.Helper()
	var out []ledger.Record
	for r, err := range s.Messages(s.ctx(), campaign, states...) {
		s.ok(err)
		out = append(out, r)
	}
	return out
}

func (s *story) day(account string) ledger.Debit {
	s.Helper()
	u, err := s.Usage(s.ctx(), account, ledger.Day{Name: today})
	s.ok(err)
	return u.Day
}

// sound checks what must hold at any time: the sums, and what the driver itself can verify.
func (s *story) sound(campaigns ...string) {
	s.Helper()
	for _, name := range campaigns {
		c, err := s.Counts(s.ctx(), name)
		s.ok(err)
		if got, want := c.Total(), len(s.records(name)); got != want {
			s.Fatalf("the states of %s add up to %d of %d messages", name, got, want)
		}
	}
	if v, ok := s.Ledger.(ledger.Verifier); ok {
		problems, err := v.Verify(s.ctx())
		s.ok(err)
		s.same("problems", problems, []words.Text(nil))
	}
}

func rows(cs []ledger.Claim) []int {
	var out []int
	for _, c := range cs {
		out = append(out, c.Row)
	}
	return out
}

func repeat(st message.State, n int) []message.State { return slices.Repeat([]message.State{st}, n) }
