package preflight_test

import (
	"time"

	"notify/pkg/ledger"
)

func ledgerCases() map[string]cases {
	return map[string]cases{
		"ledger": {
			pass:   is("agrees with itself"),
			bad:    is("its commits do not survive power loss", info(func(i *ledger.Info) { i.Durable = false })).do("local disk"),
			broken: is(diskError, infoBroken),
		},
		"disk": {
			pass:   is("1.0 GiB free, needs 64 MiB for 100 messages", info(func(i *ledger.Info) { i.Free = 1 << 30 })),
			bad:    is("1.0 MiB free", info(func(i *ledger.Info) { i.Free = 1 << 20 })).do("free at least 63 MiB on the disk of", "notify.db"),
			broken: is(diskError, infoBroken),
		},
		"flush": {
			warns:  "a slow disk makes a slow campaign; whether it is too slow for its deadline is measured by a rehearsal",
			pass:   is("takes 1.00 ms: with 16 in flight at most 4000/s, wanted 10/s", clockStep(time.Millisecond)),
			bad:    is("9.00 ms: with 16 in flight at most 800/s, wanted 1000/s", clockStep(9*time.Millisecond), perSecond(1000)).do("together at least 21"),
			broken: is("the disk could not be measured", info(func(i *ledger.Info) { i.Place = "/nowhere/notify.db" })),
		},
		"backup": {
			warns:  "this campaign gets through without; the proof of earlier ones hangs on one disk",
			pass:   is("nothing was sent"),
			bad:    is("never copied", sentSome).do("notify ledger backup"),
			broken: is(diskError, silent),
		},
		"stopped": {
			pass: is("nothing was sent under the name award"),
			bad: is("aborted by wang@ops-1", func(w *world) {
				w.stage()
				if _, err := w.ledger.Abort(w.t.Context(), "award", w.act("abort")); err != nil {
					w.t.Fatal(err)
				}
			}).do("campaign name of their own"),
			broken: is(diskError, broke),
		},
		"run": {
			pass:   is("none"),
			bad:    is("started by wang on", func(w *world) { w.stage(); w.acquire() }).do("notify status award --watch", "notify pause award"),
			broken: is(diskError, broke),
		},
		"staged": {
			warns:  "a mended list is what a second send is for: nothing that has left is sent again, and what changed is said",
			pass:   is("nothing was sent"),
			bad:    is("changed: rows or accounts", func(w *world) { w.stage(); w.people = people(110) }).do("make sure that the change is meant"),
			broken: is(diskError, broke),
		},
		"checklist": {
			pass:   is("2 items signed for exactly this plan, by li, wang, zhang", sending, func(w *world) { w.signedBy("li texts-read", "wang released", "zhang released") }),
			bad:    is("award-notice: 2 of 3 items are open", sending).do("notify checklist sign award texts-read --as NAME"),
			broken: is(diskError, sending, func(w *world) { w.ledger = noSignatures{w.ledger} }),
		},
	}
}
