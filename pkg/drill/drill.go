// Package drill owns the replays of incidents: the figures of what happened, run through the program as it is now, against
// sandboxes on this machine. Every command of a drill is the program itself in a process of its own, in a folder made for the
// purpose; what a drill reports is what those processes said and what the sandboxes counted, and nothing else.
//
// To add a drill: a file with a function that plays it, and a line in All.
package drill

import (
	"context"
	"io"
	"time"

	"notify/pkg/sandbox"
	"notify/pkg/words"
)

// Drill is an incident that can be replayed.
type Drill struct {
	Name  string     `json:"drill"`
	Title words.Text `json:"title"`
	play  func(context.Context, *stage) error
}

// All are the drills, in the order in which they are shown.
func All() []Drill {
	return []Drill{
		{"award-2020", words.T("drill.award-2020.title", nil), playAward},
		{"double-payout", words.T("drill.double-payout.title", nil), playDoublePayout},
		{"wrong-environment", words.T("drill.wrong-environment.title", nil), playWrongEnvironment},
	}
}

// Zone is the time zone that a drill at this time lives in: the company's own, and UTC where the company's day is about to end.
// A quota of the day that began anew in the middle would tell another story.
func Zone(now time.Time) string {
	const company = "Asia/Shanghai"
	if now.UTC().Hour() >= 14 && now.UTC().Hour() < 16 { // there it is 8 hours later
		return time.UTC.String()
	}
	return company
}

// Find is the drill of this name.
func Find(name string) (Drill, bool) {
	for _, d := range All() {
		if d.Name == name {
			return d, true
		}
	}
	return Drill{}, false
}

// Options are where a drill is played.
type Options struct {
	// Program is the notify that is drilled.
	Program string
	// Dir is an empty folder for the installation of the drill.
	Dir string
	// Env is what the program sees beside it. Nothing in it may set the installation: NOTIFY_… is the operator's own.
	Env []string
	Now func() time.Time
	// Story is told of every command as it ends; nil tells nobody.
	Story io.Writer
}

// Report is what came of a drill.
type Report struct {
	Drill Drill `json:"-"`
	// Lines are what happened then, and what stopped it now.
	Lines []Line `json:"lines"`
	// Steps are the commands that were run, in their order.
	Steps []Step `json:"steps"`
	// Tally is what reached the sandboxes in all.
	Tally sandbox.Tally `json:"reached"`
	// Stopped says that every line was stopped, and that nobody was reached twice.
	Stopped bool          `json:"stopped"`
	Took    time.Duration `json:"took_ns"`
}

// Line is a line of an incident.
type Line struct {
	Name string `json:"name"`
	// Then is what happened, with the figures of the incident.
	Then words.Text `json:"then"`
	// Now are the mechanisms that met it, with the figures of this run.
	Now     []Stop `json:"now"`
	Stopped bool   `json:"stopped"`
}

// Stop is one mechanism at work.
type Stop struct {
	// By names it: a check, the lease, a pause.
	By words.Text `json:"by"`
	// Exit is the exit code of the command that it stopped.
	Exit int        `json:"exit"`
	Said words.Text `json:"said"`
}

// Step is a command that was run.
type Step struct {
	Command string        `json:"command"`
	Exit    int           `json:"exit"`
	Took    time.Duration `json:"took_ns"`
}

// Play replays the incident. An error means that it could not be played to its end; what did not hold is in the Report.
func (d Drill) Play(ctx context.Context, o Options) (Report, error) {
	s := &stage{options: o, report: Report{Drill: d}}
	began := o.Now()
	ctx, stop := context.WithCancel(ctx)
	err := d.play(ctx, s)
	// A drill that ends early leaves no process behind.
	stop()
	s.close()
	r := s.report
	r.Took = o.Now().Sub(began)
	if err != nil {
		return r, words.Wrap(err, "drill.error", words.A{"name": d.Name})
	}
	r.Stopped = r.Tally.SMS.Twice+r.Tally.Mail.Twice == 0
	for _, l := range r.Lines {
		r.Stopped = r.Stopped && l.Stopped
	}
	return r, nil
}
