package smtp

import (
	"strings"

	"notify/pkg/vendors"
	"notify/pkg/words"
)

// offers are what a server announces in its answer to EHLO, as far as it matters before a campaign.
type offers struct {
	size      int64 // the largest mail that it takes; 0: it does not say (RFC 1870)
	dsn, utf8 bool  // RFC 3461, RFC 6531
}

// Advise implements vendors.Adviser.
func (v *relay) Advise(load vendors.Load) []vendors.Advice {
	var out []vendors.Advice
	if !strings.Contains(v.opts.helo, ".") {
		out = append(out, vendors.Advice{Found: words.T("smtp.helo-short", words.A{"helo": v.opts.helo}), Do: words.T("smtp.do.helo", words.A{"account": v.account}), Strangers: true})
	}
	o := v.offers.Load()
	if o == nil {
		return out
	}
	if o.size > 0 && load.Largest > o.size {
		limit, largest := words.Weigh(words.Size(o.size), words.Size(load.Largest))
		out = append(out, vendors.Advice{
			Found: words.T("smtp.size-announced", words.A{"limit": limit, "largest": largest}), Do: words.T("smtp.do.size", nil), Stops: true,
		})
	}
	if load.UTF8 && !o.utf8 {
		out = append(out, vendors.Advice{Found: words.T("smtp.utf8-not-offered", nil), Do: words.T("smtp.do.utf8", nil)})
	}
	if v.opts.dsn && !o.dsn {
		out = append(out, vendors.Advice{Found: words.T("smtp.dsn-not-offered", nil), Do: words.T("smtp.do.dsn", words.A{"account": v.account})})
	}
	return out
}
