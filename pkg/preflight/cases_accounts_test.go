package preflight_test

import (
	"time"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

func accountCases() map[string]cases {
	alone := []config.Share{{Account: "sms-a", Weight: 1}}
	return map[string]cases{
		"routes": {
			offhand: true,
			pass:    is("sms: sms-a"),
			bad:     is("promo is for marketing, the campaign is notice", route([]config.Share{{Account: "promo", Weight: 1}})).do("class notice", "sms-a, sms-b"),
			broken:  withoutConfig(),
		},
		"environment": {
			offhand: true,
			pass:    is("1 account: production"),
			bad:     is("the campaign is for production, this installation is test", func(w *world) { w.config.Environment = config.Test }).do("--config"),
			broken:  withoutConfig(),
		},
		"credentials": {
			offhand: true, ready: secrets("s3cret-of-test"),
			pass:   is("2 accounts: no secret serves two environments", secrets("s3cret-of-test")),
			bad:    is("account sms-test (test) uses the password of account sms-a (production), fingerprint ", secrets("s3cret")).do("sms-test", "password"),
			broken: withoutConfig(),
		},
		"vendor": {
			pass:   is("sms-a answers"),
			bad:    is("sms-a: the vendor is down", func(w *world) { w.vendors["sms-a"].(*vendor).probeErr = errDown }).do("accounts.sms-a"),
			broken: is("sms-a did not answer in time", silentVendor).do("run the preflight again"),
		},
		"failover": {
			warns: "a campaign with one vendor gets through as long as that one is up; where it is not, the run waits, and nothing is lost",
			ready: route(alone, "sms-b"), offhand: true,
			pass:   is("sms: sms-a, sms-b", route(alone, "sms-b")),
			bad:    is("sms has sms-a alone").do("class notice", "routes.sms.failover"),
			broken: is(noTexts, textless),
		},
		"breaker": {
			warns: "whoever starts the run may have mended the cause: the run tests each account anew with one message",
			pass:  is("sms-a is in use"),
			bad: is("sms-a was stopped: the vendor says that no money is left; a run tests it with one message from 2026-11-20 10:01 +08:00 on", func(w *world) {
				knows(ledger.AccountState{Account: "sms-a", Scale: 1, OpenUntil: w.now.Add(time.Minute), Reason: words.Of("breaker.reason", message.ReasonBalance)})(w)
			}).do("mend the cause at sms-a"),
			broken: is(diskError, silent),
		},
		"last-errors": {
			warns: "what went wrong is over, or the other checks of the account say so",
			pass:  is("none within 1d"),
			bad: is("sms-a, 2026-11-20 09:00 +08:00: signature refused", func(w *world) {
				knows(ledger.AccountState{Account: "sms-a", Error: words.Raw("signature refused"), At: w.now.Add(-time.Hour)})(w)
			}).do("send one message to yourself"),
			broken: is(diskError, silent),
		},
		"clock": {
			pass:   is("1s ahead of sms-a", vendorClock(-time.Second)),
			bad:    is("5m 1s behind", vendorClock(301*time.Second)).do("set its clock"),
			broken: is("sms-a: no time to compare with: the vendor is down", down).do("look at accounts.sms-a"),
		},
	}
}

// secrets gives sms-a a password, and an account of another environment the one given.
func secrets(ofTest string) func(*world) {
	return func(w *world) {
		a := w.config.Accounts["sms-a"]
		a.Environment, a.Options = config.Production, config.Options{"password": "s3cret", "access_key_id": "same"}
		w.config.Accounts["sms-a"] = a
		w.config.Accounts["sms-test"] = config.Account{Name: "sms-test", Vendor: a.Vendor, Environment: config.Test, Options: config.Options{"password": ofTest, "access_key_id": "same"}}
	}
}
