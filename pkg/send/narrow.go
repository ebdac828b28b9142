package send

import (
	"time"

	"notify/pkg/flow"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// narrow has an account ask for no more than its vendor has room for.
func (ln *lane) narrow(a *flow.Account, now time.Time) {
	v, can := vendors.As[vendors.Narrow](ln.loop.Vendors[a.Name()])
	if !can {
		return
	}
	n, vendorSaid, again := v.Room()
	if n == 0 {
		return
	}
	said := words.T("send.wait.room", words.A{"account": a.Name(), "n": n, "wanted": a.Concurrency, "said": words.Stored(vendorSaid), "at": again})
	if n < a.Concurrency {
		ln.loop.progress.waiting(said)
	}
	a.Narrow(n, said, now)
}
