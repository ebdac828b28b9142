package view

import (
	"notify/pkg/diag"
	"notify/pkg/suppression"
	"notify/pkg/words"
)

// Unsuppress is what became of addresses of a file that were to be taken off the suppression list.
type Unsuppress struct {
	Removed, NotOn int
	File           string
	Read           suppression.Read
	Problems       *diag.List
}

// ShowUnsuppress draws it.
func ShowUnsuppress(p *Printer, asJSON bool, v Unsuppress) error {
	said := words.T("suppress.taken-off-file", words.A{
		"removed": words.N(v.Removed, "address"), "not": v.NotOn, "file": v.File, "rows": words.N(v.Read.Rows, "row"), "unread": v.Read.Unread,
	})
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.suppress-remove-file/1", struct {
			Text     words.Text   `json:"text"`
			Removed  int          `json:"removed"`
			NotOn    int          `json:"not_on_list"`
			File     string       `json:"file"`
			Rows     int          `json:"rows"`
			Unread   int          `json:"unread"`
			Problems problemsJSON `json:"problems"`
		}{said, v.Removed, v.NotOn, v.File, v.Read.Rows, v.Read.Unread, problemsJSON{v.Problems.Errors(), v.Problems.Warnings(), v.Problems.Kept()}})
	}
	p.sentence("", said)
	p.unread(v.Problems)
	return p.Flush()
}
