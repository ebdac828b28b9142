package preflight

import (
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

// Overridable are the ids of the checks that a person may overrule, sorted.
func Overridable() []string {
	var ids []string
	for _, c := range All() {
		if c.Overrule != "" {
			ids = append(ids, c.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

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
	if can := Overridable(); !slices.Contains(can, id) {
		return false, words.Err("preflight.not-overridable", words.A{"id": id, "can": words.Names(can, 0)})
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
