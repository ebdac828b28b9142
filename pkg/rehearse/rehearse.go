// Package rehearse owns the rehearsal: the real campaign, whole, through the real configuration and the real loop, with every
// account's address turned to a sandbox in this process. It uses plan, preflight and send as the real thing does and adds no
// sending of its own, so that what it proves is proven of them. What it measured is for the installation's ledger; the
// messages themselves go through a scratch one.
package rehearse

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/preflight"
	"notify/pkg/sandbox"
	"notify/pkg/send"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// Rehearsal is what is rehearsed, and how. Fill in the fields, then call Run once.
type Rehearsal struct {
	// Config is the installation's. It is copied, and the copy turned to the sandbox.
	Config *config.Config
	// Plan is the campaign as it would be sent. Its window and deadline are lifted.
	Plan *plan.Plan
	// List is the list as the operator typed it.
	List string
	// Scratch takes the campaign and its messages. It must not be the installation's ledger.
	Scratch ledger.Ledger
	// Registry are the real adapters.
	Registry vendors.Registry
	// Sandbox says how its vendors behave: faults, latency. Its addresses, token and clock are set by Run.
	Sandbox sandbox.Config
	// Speed multiplies the configured rates; 1 is real time.
	Speed float64
	Now   func() time.Time
	Log   *slog.Logger
	Act   ledger.Act // who rehearses
	Host  string
	PID   int
	// Watch is told where to ask how far it is, and its answer is called at the end; nil watches nothing.
	Watch func(snapshot func() send.Snapshot) (stop func())
}

// Result is what came of a rehearsal.
type Result struct {
	ledger.Rehearsal
	// Preflight are the checks that were asked. Where they failed, nothing else was done and Complete is false.
	Preflight preflight.Result
	// Run is how the loop ended, Counts what the scratch ledger says of it, and Tally what the sandbox counted.
	Run    send.Result
	Counts ledger.Counts
	Tally  sandbox.Tally
	// Accounts are the accounts that were turned to the sandbox.
	Accounts []string
	// Lifted are the limits that a rehearsal does not keep, because they would only make it wait; the preflight weighs them:
	// window, deadline, budget, daily-quotas, account-budgets.
	Lifted []string
}

// Failed reports that the preflight found something for which the campaign could not be rehearsed.
func (r *Result) Failed() bool { return r.Preflight.Verdict == preflight.Fail }

// checks are those whose answers a rehearsal rests on. What only the real vendors, the real senders, people and the calendar
// know is not among them: neither is the capacity, which is what is to be proven.
func checks() []preflight.Check {
	wanted := []string{"list", "variables", "shared", "values", "braces", "segments", "text-part", "size", "routes", "disk", "flush"}
	return slices.DeleteFunc(preflight.All(), func(c preflight.Check) bool { return !slices.Contains(wanted, c.ID) })
}

// Run sends the whole campaign to a sandbox on free ports of this machine, and counts what reached it. When ctx ends, it stops
// as a real run does, and what was measured so far is the result.
func (r *Rehearsal) Run(ctx context.Context) (Result, error) {
	out := Result{Rehearsal: ledger.Rehearsal{
		Campaign: r.Plan.Spec.Name, Digest: r.Plan.Digest, Recipients: r.Plan.Recipients, Messages: r.Plan.Messages(), Speed: r.Speed, At: r.Now(),
	}}
	r.lift(&out)
	box, place, err := r.start(ctx)
	if err != nil {
		return out, err
	}
	defer func() { _ = box.Close() }() // it is gone either way
	turned, err := Turn(r.Config, r.Plan.Spec.Channels(), place, r.Speed)
	if err != nil {
		return out, err
	}
	vs, err := Vendors(r.Registry, turned, place, r.Now)
	if err != nil {
		return out, err
	}
	defer func() { _ = closeAll(vs) }()
	for name := range vs {
		out.Accounts = append(out.Accounts, name)
	}
	slices.Sort(out.Accounts)
	out.Preflight = preflight.Run(ctx, &preflight.Subject{
		Plan: r.Plan, Config: turned, Ledger: r.Scratch, Vendors: vs, Now: r.Now, Offline: true, List: r.List,
	}, checks())
	if err := ctx.Err(); err != nil {
		return out, err
	}
	if out.Failed() {
		return out, nil
	}
	if err := r.send(ctx, turned, vs, &out); err != nil {
		return out, err
	}
	out.Tally = box.Count()
	out.judge()
	return out, nil
}

// lift takes away what would only make a rehearsal wait for another hour or another day, and says so.
func (r *Rehearsal) lift(out *Result) {
	spec := &r.Plan.Spec
	if spec.Window != (campaign.Window{}) {
		spec.Window = campaign.Window{}
		out.Lifted = append(out.Lifted, "window")
	}
	if !spec.Deadline.IsZero() {
		spec.Deadline = time.Time{}
		out.Lifted = append(out.Lifted, "deadline")
	}
	if spec.Budget != 0 {
		spec.Budget = 0
		out.Lifted = append(out.Lifted, "budget")
	}
	quota, budget := false, false
	for _, ch := range spec.Channels() {
		for _, name := range plan.RouteAccounts(r.Config.Routes[ch]) {
			a := r.Config.Accounts[name]
			quota, budget = quota || a.DailyQuota != 0, budget || a.DayBudget != 0 || a.MonthBudget != 0
		}
	}
	if quota {
		out.Lifted = append(out.Lifted, "daily-quotas")
	}
	if budget {
		out.Lifted = append(out.Lifted, "account-budgets")
	}
}

// anyPort is a free port of this machine.
const anyPort = "127.0.0.1:0"

// token is no secret: it tells the sandbox of a rehearsal from any other program's server.
const token = "rehearsal"

func (r *Rehearsal) start(ctx context.Context) (*sandbox.Sandbox, Place, error) {
	c := r.Sandbox
	c.SMSAddr, c.MailAddr, c.Token, c.Now, c.Username, c.Password = anyPort, anyPort, token, r.Now, "", ""
	if c.Zone == nil {
		c.Zone = r.Config.Timezone
	}
	// What is under way when ctx ends must still be answered.
	box, err := sandbox.Start(context.WithoutCancel(ctx), c)
	if err != nil {
		return nil, Place{}, words.Wrap(err, "rehearse.sandbox", nil)
	}
	return box, Place{SMS: box.URL(), Mail: box.MailAddr(), Token: token}, nil
}

func (r *Rehearsal) send(ctx context.Context, turned *config.Config, vs map[string]vendors.Vendor, out *Result) error {
	if _, err := send.Begin(ctx, r.Scratch, r.Plan, r.Act); err != nil {
		return err
	}
	loop := &send.Loop{
		Ledger: r.Scratch, Reader: r.Scratch, Campaign: r.Plan.Spec.Name, Config: turned, Vendors: vs, Now: r.Now, Log: r.Log,
		Host: r.Host, User: r.Act.Who, PID: r.PID,
	}
	stop := func() {}
	if r.Watch != nil {
		stop = r.Watch(loop.Snapshot)
	}
	began := r.Now()
	res, err := loop.Run(ctx)
	stop()
	out.Run, out.Took = res, r.Now().Sub(began)
	if err != nil {
		return err
	}
	out.Memory = peakMemory()
	out.Counts, err = r.Scratch.Counts(context.WithoutCancel(ctx), r.Plan.Spec.Name)
	return err
}

// judge compares what the sandbox counted with what the plan has. A key that was taken before is a person told twice.
func (r *Result) judge() {
	r.Reached = r.Tally.SMS.Reached + r.Tally.Mail.Reached
	repeats := r.Tally.SMS.Repeats + r.Tally.Mail.Repeats
	if s := r.Took.Seconds(); s > 0 {
		r.Rate = float64(r.Reached) / s
	}
	r.Faults = make(map[string]int)
	for ch, c := range map[message.Channel]sandbox.Count{message.SMS: r.Tally.SMS, message.Email: r.Tally.Mail} {
		for what, n := range c.Turned {
			r.Faults[string(ch)+" "+what] = n
		}
		if c.Unanswered > 0 {
			r.Faults[string(ch)+" unanswered"] = c.Unanswered
		}
	}
	r.Complete = r.Run.Pause == nil && r.Run.Aborted == nil && repeats == 0 && r.Reached == r.Messages && r.Messages == r.Counts.Total()
}

// ErrNoRecord says that the ledger cannot keep what was proven.
var ErrNoRecord = words.Err("rehearse.no-record", nil)

// Record writes the result into the installation's ledger, where the preflight finds it.
func Record(ctx context.Context, l ledger.Ledger, r ledger.Rehearsal, by ledger.Act) error {
	k, ok := l.(ledger.RehearsalKeeper)
	if !ok {
		return ErrNoRecord
	}
	return k.Rehearsed(ctx, r, by)
}
