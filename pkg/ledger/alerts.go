package ledger

import (
	"context"
	"slices"
	"time"

	"notify/pkg/words"
)

// Alerts keeps what somebody is to be told of, beside the screens: what holds, what was said of it, and how far each target has been
// told. Every process on the ledger looks, and one of them tells: a run that is started again repeats nothing.
type Alerts interface {
	// Raise takes in what a look found, and returns the notices that come of it, which are kept. Where nothing comes of it, nothing
	// is written. Notices older than NoticesKept go.
	Raise(ctx context.Context, look Look) ([]Notice, error)
	// Alerts reads what holds, the oldest first.
	Alerts(ctx context.Context) ([]Alert, error)
	// Notices reads at most so many notices after the one with this ID, the oldest first.
	Notices(ctx context.Context, after int64, most int) ([]Notice, error)
	// TakeTarget takes the delivery to a target until a time, and says how far it was told; false where it may not be told yet, or where
	// another process is at it. A target that is new is told of the last hour.
	TakeTarget(ctx context.Context, name string, now, until time.Time) (Target, bool, error)
	// PutTarget gives the delivery back, with how far it got.
	PutTarget(ctx context.Context, t Target) error
	// Targets reads how all targets stand, by name.
	Targets(ctx context.Context) ([]Target, error)
}

// NoticesKept is how long notices are kept.
const NoticesKept = 30 * 24 * time.Hour

// newTarget is how far back a target is told when it is first there.
const newTarget = time.Hour

// Severity is how much something matters. They are ordered: see Least.
type Severity string

// The severities.
const (
	SeverityInfo     Severity = "info"     // good to know
	SeverityWarning  Severity = "warning"  // somebody should look today
	SeverityCritical Severity = "critical" // somebody must act now
)

// Severities are all of them, the least first.
func Severities() []Severity { return []Severity{SeverityInfo, SeverityWarning, SeverityCritical} }

// Least reports whether the severity is at least the other.
func (s Severity) Least(than Severity) bool {
	return slices.Index(Severities(), s) >= slices.Index(Severities(), than)
}

// Condition is something that somebody should know of for as long as it holds.
type Condition struct {
	Kind     string   `json:"kind"`  // "paused", "low-balance"
	About    string   `json:"about"` // the campaign or the account; together with Kind it tells conditions apart
	Severity Severity `json:"severity"`
	// Said is the sentence, with its figures; Next is the command that helps.
	Said words.Text `json:"said"`
	Next string     `json:"next,omitempty"`
	// Again is after how long it is told once more while it holds; 0: never. Passing says that nobody is told when it is over.
	Again   time.Duration `json:"again_ns,omitempty"`
	Passing bool          `json:"passing,omitempty"`
}

func (c *Condition) same(other *Condition) bool {
	return c.Kind == other.Kind && c.About == other.About
}

// Alert is a condition that holds.
type Alert struct {
	Condition
	Since time.Time `json:"since"`
	Told  time.Time `json:"told"` // when the newest notice was made
}

// Change is what became of a condition.
type Change string

// The changes.
const (
	Began Change = "began"
	Holds Change = "holds" // still
	Over  Change = "over"
)

// Notice is one line that every target is to be told.
type Notice struct {
	ID     int64     `json:"id"`
	At     time.Time `json:"at"`
	Change Change    `json:"change"`
	Condition
	Since time.Time `json:"since"`
}

// Look is what a process found when it looked.
type Look struct {
	At time.Time
	// Kinds are those that were looked for: an alert of another kind is left as it is.
	Kinds []string
	// Unsure are conditions, by kind and About, of which nothing could be learned: they are left as they are, too.
	Unsure []Condition
	Holds  []Condition
}

// Changes are the notices that come of a look, without IDs, and the alerts that hold after it. It is the same for every driver.
func (l Look) Changes(open []Alert) (notices []Notice, after []Alert) {
	left := slices.Clone(open)
	for _, c := range l.Holds {
		i := slices.IndexFunc(left, func(a Alert) bool { return a.same(&c) })
		if i < 0 {
			notices = append(notices, Notice{At: l.At, Change: Began, Condition: c, Since: l.At})
			after = append(after, Alert{Condition: c, Since: l.At, Told: l.At})
			continue
		}
		a := left[i]
		left = slices.Delete(left, i, i+1)
		worse := c.Severity != a.Severity && c.Severity.Least(a.Severity)
		a.Condition = c
		// A clock that was put back makes a notice come later by as much, and not for ever.
		if worse || c.Again > 0 && (l.At.Sub(a.Told) >= c.Again || a.Told.After(l.At)) {
			a.Told = l.At
			notices = append(notices, Notice{At: l.At, Change: Holds, Condition: c, Since: a.Since})
		}
		after = append(after, a)
	}
	for _, a := range left {
		if !slices.Contains(l.Kinds, a.Kind) || slices.ContainsFunc(l.Unsure, func(c Condition) bool { return a.same(&c) }) {
			after = append(after, a)
			continue
		}
		if !a.Passing {
			notices = append(notices, Notice{At: l.At, Change: Over, Condition: a.Condition, Since: a.Since})
		}
	}
	return notices, after
}

// Target is how far somebody was told.
type Target struct {
	Name string `json:"name"`
	// Reached is the ID of the last notice that arrived; NotBefore is when it may be told again.
	Reached   int64     `json:"reached"`
	NotBefore time.Time `json:"not_before,omitzero"`
	// Told is when something last arrived. Tries counts what failed since, and Error is why.
	Told  time.Time  `json:"told,omitzero"`
	Tries int        `json:"tries"`
	Error words.Text `json:"error,omitzero"`
}

// Free reports whether the target may be told now. A time more than an hour ahead is that of a clock that was put back: nobody is left
// alone for so long.
func (t *Target) Free(now time.Time) bool {
	return !t.NotBefore.After(now) || t.NotBefore.After(now.Add(time.Hour))
}

// FirstTold is from when on notices are told to a target that is new.
func FirstTold(now time.Time) time.Time { return now.Add(-newTarget) }
