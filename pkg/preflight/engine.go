package preflight

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"notify/pkg/plan"
	"notify/pkg/words"
)

const (
	// DefaultLimit is how long one check may take that asks somebody else.
	DefaultLimit = 15 * time.Second
	// ownLimit is for checks that ask nobody but the list and the ledger: those answer surely, and may have much to read.
	ownLimit = 10 * time.Minute
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
	findings := make([]Finding, len(checks))
	var asked sync.WaitGroup
	for i, c := range checks {
		if c.After == nil {
			asked.Go(func() { findings[i] = s.ask(ctx, c) })
		}
	}
	r := Result{
		Schema: Schema, Campaign: s.Plan.Spec.Name, Digest: s.Plan.Digest, At: at, Offline: s.Offline,
		Counts: make(map[Status]int), Findings: findings, Scopes: s.Plan.Digests.Scopes(), Terms: plan.Terms(s.Config, s.Plan),
	}
	asked.Wait()
	for i, c := range checks {
		if c.After != nil {
			c.Run = func(ctx context.Context, s *Subject) Finding { return c.After(ctx, s, &r) }
			r.Findings[i] = s.ask(ctx, c)
		}
	}
	for _, f := range r.Findings {
		r.Counts[f.Status]++
	}
	r.verdict()
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
	if !c.Online && s.Limit == 0 {
		limit = ownLimit
	}
	if c.Online && s.Offline {
		return named(c, Finding{
			Status: NotLooked, Summary: said("preflight.offline", nil), Remedies: []Remedy{{Text: words.T("preflight.run-online", nil)}},
		}, 0)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	start := s.Now()
	answer := make(chan Finding, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				answer <- Finding{Status: Error, Summary: said("preflight.broke", words.A{"fault": fmt.Sprint(v)})}
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
		return Finding{
			Status: Error, Summary: said("preflight.no-answer", words.A{"limit": limit}), Remedies: []Remedy{{Text: words.T("preflight.ask-again", nil)}},
		}
	}
	return interrupted()
}

func named(c Check, f Finding, took time.Duration) Finding {
	f.ID, f.Group, f.Title, f.Took = c.ID, c.Group, c.Title(), took
	return f
}

// said is a summary of one sentence.
func said(id string, args words.A) []words.Text { return []words.Text{words.T(id, args)} }

func interrupted() Finding {
	return Finding{Status: NotRun, Summary: said("preflight.interrupted", nil)}
}

// broken is the finding of a check that could not get its evidence.
func broken(err error) Finding {
	switch {
	case errors.Is(err, context.Canceled):
		return interrupted()
	case errors.Is(err, context.DeadlineExceeded):
		return Finding{Status: Error, Summary: said("preflight.too-slow", nil), Remedies: []Remedy{{Text: words.T("preflight.ask-again", nil)}}}
	}
	return Finding{Status: Error, Summary: []words.Text{words.Cause(err)}}
}
