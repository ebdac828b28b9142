package preflight

import (
	"maps"
	"slices"

	"notify/pkg/diag"
	"notify/pkg/words"
)

// Override is a person's word that a campaign goes on in spite of a check.
type Override struct {
	Who    string `json:"who"`
	Reason string `json:"reason"`
}

// Says is that somebody did, and why.
func (o *Override) Says() words.Text {
	return words.T("preflight.overridden", words.A{"who": o.Who, "reason": o.Reason})
}

// overridable are the checks that a person may overrule, each with what then still protects the recipients. All others stop
// a campaign whatever anybody says: where somebody could be told twice, the wrong person be reached, or the installation's own
// mail be spoiled, no reason is good enough, and where a file can be mended, mending it is the way.
var overridable = map[string]string{ //nolint:gochecknoglobals // a table
	"capacity":      "a run that is too large is slow, and nothing is sent twice",
	"price":         "without a price the budget counts messages as free; the vendor's balance still ends it",
	"balance":       "a run that meets an empty balance pauses, and goes on when it is topped up",
	"budget":        "a run that meets its budget pauses",
	"quota":         "a run that meets the quota pauses until the next day",
	"window":        "nothing leaves outside the window, it only takes longer",
	"deadline":      "what has not left by the deadline does not leave",
	"vendor":        "an account that is refused opens its breaker, and the run pauses",
	"flush":         "a slow disk makes a slow campaign",
	"spf":           "what receivers refuse bounces, and nothing is sent twice",
	"dkim":          "what receivers refuse bounces, and nothing is sent twice",
	"dmarc":         "what receivers refuse bounces, and nothing is sent twice",
	"ptr":           "what receivers refuse bounces, and nothing is sent twice",
	"low-balance":   "it is a line to warn at; the balance itself is a check of its own",
	"rehearsal":     "a run that is too large is slow, and nothing is sent twice",
	"pace":          "what receivers' filters refuse is known for each message, and nothing is sent twice",
	"subjects":      "what receivers' filters refuse is known for each message, and nothing is sent twice",
	"clock":         "a wrong clock delays or hastens windows and quotas by what it is off, and nothing is sent twice",
	"mx":            "bounces and answers are lost, and nothing is sent twice",
	"columns":       "it judges by the looks of cells; the addresses were checked row by row",
	"test-rows":     "it judges by the looks of names and addresses; who is on the list is the list's own",
	"measured-rate": "a run that is slower than was hoped sends nothing twice",
}

// Overridable are the ids of the checks that a person may overrule, sorted.
func Overridable() []string { return slices.Sorted(maps.Keys(overridable)) }

// Override notes that a person answers for going on in spite of a check, and works out the verdict anew. It is false where
// there is nothing to overrule, because the check does not stop the campaign. An error says why it cannot be overruled.
func (r *Result) Override(id string, o Override) (bool, error) {
	at := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.ID == id })
	if at < 0 {
		var ids []string
		for _, f := range r.Findings {
			ids = append(ids, f.ID)
		}
		if near := diag.Nearest(id, ids); near != "" {
			return false, words.Err("preflight.no-check-near", words.A{"id": id, "near": near})
		}
		return false, words.Err("preflight.no-check", words.A{"id": id})
	}
	f := &r.Findings[at]
	if _, ok := overridable[id]; !ok {
		return false, words.Err("preflight.not-overridable", words.A{"id": id, "can": words.Names(Overridable(), 0)})
	}
	if f.Status != Fail && f.Status != Error {
		return false, nil
	}
	f.Override = &o
	r.verdict()
	if r.Checklist != nil {
		for i := range r.Checklist.Lines {
			if l := &r.Checklist.Lines[i]; l.Check == id {
				a := r.answer(id)
				l.Status, l.Found, l.Said = a.Status, a.Status, a.Said
			}
		}
	}
	return true, nil
}

// verdict works the verdict out from the findings.
func (r *Result) verdict() {
	r.Verdict = Pass
	for _, f := range r.Findings {
		switch {
		case f.Stops():
			r.Verdict = Fail
			return
		case f.Status == Warn, r.Offline && f.Status == NotLooked, f.Override != nil:
			r.Verdict = Warn
		}
	}
}

// Overrides are the findings that a person overruled.
func (r *Result) Overrides() []Finding {
	var out []Finding
	for _, f := range r.Findings {
		if f.Override != nil {
			out = append(out, f)
		}
	}
	return out
}
