package preflight

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"notify/pkg/plan"
)

const (
	// DefaultLimit is how long one check may take.
	DefaultLimit = 15 * time.Second
	// grace is how much longer a check whose time is over may take to say what it has found so far.
	grace = time.Second
)

// Run asks all checks side by side and waits for each no longer than its limit, so that a slow vendor hides no other
// answer. The findings are in the order of checks. A Subject is for one Run.
func Run(ctx context.Context, s *Subject, checks []Check) Result {
	// What checks share outlives the one that asked first, and ends with the run.
	base, cancel := context.WithCancel(ctx)
	defer cancel()
	// What vendors are asked is for all checks and the plan's figures: who has not answered within the limit has not answered.
	asking, cancelAsking := context.WithTimeout(base, s.limit())
	defer cancelAsking()
	s.memo = newMemo(base, asking)
	at := s.Now() // before the checks look at the clock
	answers := make([]chan Finding, len(checks))
	for i, c := range checks {
		answers[i] = make(chan Finding, 1)
		go func() { answers[i] <- s.ask(ctx, c) }()
	}
	r := Result{
		Schema: Schema, Campaign: s.Plan.Spec.Name, Digest: s.Plan.Digest, At: at,
		Counts: make(map[Status]int), Parts: s.Plan.Digests.Parts(), Terms: plan.Terms(s.Config, s.Plan),
	}
	for i := range checks {
		f := <-answers[i]
		r.Counts[f.Status]++
		r.Findings = append(r.Findings, f)
	}
	r.verdict()
	// A preflight that left out what only vendors know cannot be a clean pass.
	if s.Offline && r.Verdict == Pass && slices.ContainsFunc(checks, func(c Check) bool { return c.Online }) {
		r.Verdict = Warn
	}
	r.Plan = s.summary(ctx)
	if s.Checklist != nil && s.Ledger != nil {
		// Where the ledger cannot be read, the check of the signatures has said so.
		if state, err := s.judge(ctx, r.answer); err == nil {
			r.Checklist = state
			r.Since = s.since(ctx, &r)
		}
	}
	return r
}

func (s *Subject) limit() time.Duration {
	if s.Limit == 0 {
		return DefaultLimit
	}
	return s.Limit
}

// ask runs one check within its limit. The check has a goroutine of its own: one that does not listen to its context is
// given up, and counts as broken.
func (s *Subject) ask(ctx context.Context, c Check) Finding {
	limit := s.limit()
	if c.Online && s.Offline {
		return named(c, Finding{Status: Skip, Summary: textOffline, Remedies: []string{textRunOnline}}, 0)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	start := s.Now()
	answer := make(chan Finding, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				answer <- Finding{Status: Error, Summary: fmt.Sprintf(textBroke, v)}
			}
		}()
		answer <- c.Run(ctx, s)
	}()
	var f Finding
	select {
	case f = <-answer:
	case <-ctx.Done():
		f = s.late(ctx, answer, limit)
	}
	return named(c, f, s.Now().Sub(start))
}

// late takes what a check still says within the grace, and otherwise says that it is out of time.
func (s *Subject) late(ctx context.Context, answer <-chan Finding, limit time.Duration) Finding {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case f := <-answer:
		return f
	case <-timer.C:
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return Finding{Status: Error, Summary: fmt.Sprintf(textNoAnswer, limit), Remedies: []string{textAskAgain}}
	}
	return Finding{Status: NotRun, Summary: textCancelled}
}

func named(c Check, f Finding, took time.Duration) Finding {
	f.ID, f.Group, f.Title, f.Took = c.ID, c.Group, c.Title, took
	return f
}

// broken is the finding of a check that could not get its evidence.
func broken(err error) Finding {
	switch {
	case errors.Is(err, context.Canceled):
		return Finding{Status: NotRun, Summary: textCancelled}
	case errors.Is(err, context.DeadlineExceeded):
		return Finding{Status: Error, Summary: textTooSlow, Remedies: []string{textAskAgain}}
	}
	return Finding{Status: Error, Summary: err.Error()}
}

// What the engine says.
const (
	textOffline   = "not asked: this preflight is offline"
	textRunOnline = "run it again without --offline before sending"
	textBroke     = "the check itself broke: %v"
	textNoAnswer  = "no answer within %s"
	textTooSlow   = "the evidence did not come in time"
	textAskAgain  = "run the preflight again; if it stays so, look at the connection and the vendor's status page"
	textCancelled = "not run: interrupted"
)
