package plan

import (
	"fmt"
	"strconv"
	"strings"

	"notify/pkg/words"
)

// Part is the part of a list that is sent now; the rest can follow under the same campaign. The zero value is all of it.
type Part struct {
	// Limit keeps the first so many recipients; 0: all.
	Limit int `json:"limit,omitempty"`
	// From and To keep the rows with these numbers and those between; 0: from the first, to the last.
	From int `json:"from,omitempty"`
	To   int `json:"to,omitempty"`
}

// All reports that nothing is left out.
func (p Part) All() bool { return p == Part{} }

// has reports whether a row belongs to the part, of which so many recipients were kept already.
func (p Part) has(kept, row int) bool {
	return (p.Limit == 0 || kept < p.Limit) && row >= p.From && (p.To == 0 || row <= p.To)
}

// String is the part as the operator named it: "limit 9090", "rows 2-9091"; empty for all of the list.
func (p Part) String() string {
	var words []string
	if p.From != 0 || p.To != 0 {
		words = append(words, fmt.Sprintf("rows %d-%d", p.From, p.To))
	}
	if p.Limit != 0 {
		words = append(words, fmt.Sprintf("limit %d", p.Limit))
	}
	return strings.Join(words, " ")
}

// Text is the part in words; zero for all of the list.
func (p Part) Text() words.Text {
	rows := words.T("plan.part-rows", words.A{"from": strconv.Itoa(p.From), "to": strconv.Itoa(p.To)})
	limit := words.T("plan.part-limit", words.A{"people": words.N(p.Limit, "recipient")})
	switch {
	case p.All():
		return words.Text{}
	case p.Limit == 0:
		return rows
	case p.From == 0 && p.To == 0:
		return limit
	}
	return words.T("plan.part-both", words.A{"rows": rows, "limit": limit})
}

// partMark stands between a digest and the part of the list that was staged of it.
const partMark = "+"

// Staged is the digest under which the plan is staged: that of the whole list, and the part. What people sign is the whole.
func (p *Plan) Staged() string {
	if p.Part.All() {
		return p.Digest
	}
	return p.Digest + partMark + p.Part.String()
}

// WholeDigest is the digest of the whole list behind a staged one.
func WholeDigest(staged string) string {
	whole, _, _ := strings.Cut(staged, partMark)
	return whole
}
