//go:build unix

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/exit"
	"notify/pkg/freeport"
	"notify/pkg/message"
	"notify/pkg/sandbox"
)

// toldBy is an account whose vendor tells receipts in a form.
type toldBy struct {
	account, form, secret string
	settings              string // of the account
	grade                 message.Grade
}

func mailAccount(name, vendor, options, receipts string) string {
	return fmt.Sprintf(`
  %s:
    vendor: %s
    environment: test
    class: notice
    rate: 200/s
    concurrency: 2
    price: 0.002
    currency: CNY
    options: %s
    receipts: %s
`, name, vendor, options, receipts)
}

// signingKey is a private key and the public one, as SendGrid writes them.
func signingKey(t *testing.T) (private, public string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pkix, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(pkcs8), base64.StdEncoding.EncodeToString(pkix)
}

// TestOneSandboxTellsReceiptsAsManyVendorsDo: mails leave by four vendors and by a relay, short messages by a fifth vendor; one sandbox tells what became of all of
// them, each as its vendor does, some forged, and the figures are the sandbox's own.
func TestOneSandboxTellsReceiptsAsManyVendorsDo(t *testing.T) {
	t.Parallel()
	private, public := signingKey(t)
	for _, relay := range []toldBy{
		{form: "sendgrid", secret: private, settings: public, grade: message.GradeSigned},
		{form: "mailgun", secret: "a-key-of-mailgun", grade: message.GradeSigned},
		{form: "postmark", grade: message.GradeUnsigned},
		{form: "resend", secret: "whsec_c2FuZGJveC1zZWNyZXQ=", grade: message.GradeSigned},
	} {
		t.Run(relay.form, func(t *testing.T) {
			t.Parallel()
			receipts := "{format: " + relay.form + "}"
			if relay.secret != "" {
				key := relay.secret
				if relay.settings != "" {
					key = relay.settings
				}
				receipts = "{format: " + relay.form + ", secret: \"" + key + "\"}"
			}
			all := []toldBy{
				{account: "edm", form: relay.form, secret: relay.secret, grade: relay.grade, settings: mailAccount("edm", "smtp", `{address: "127.0.0.1:1", tls: none}`, receipts)},
				{account: "sms", form: "aliyun-sms", grade: message.GradeUnsigned, settings: mailAccount("sms", "aliyun-sms", `{access_key_id: id, access_key_secret: sandbox, sign_name: 示例}`, "{}")},
			}
			if relay.form == "sendgrid" { // with all others at once
				all = append(all,
					toldBy{account: "dm", form: "aliyun-dm", secret: "dm-token", grade: message.GradeSigned, settings: mailAccount("dm", "aliyun-dm", `{access_key_id: id, access_key_secret: sandbox}`, "{secret: dm-token}")},
					toldBy{account: "qcloud", form: "tencent-ses", grade: message.GradeUnsigned, settings: mailAccount("qcloud", "tencent-ses", `{secret_id: id, secret_key: sandbox}`, "{}")},
					toldBy{account: "amazon", form: "ses", grade: message.GradeSigned, settings: mailAccount("amazon", "ses", `{access_key_id: id, access_key_secret: sandbox, region: eu-west-1}`, `{topic: "`+sandbox.Topic+`"}`)},
				)
			}
			tellsAsVendorsDo(t, all)
		})
	}
}

func tellsAsVendorsDo(t *testing.T, all []toldBy) {
	t.Helper()
	const n = 40
	p := &receipted{place: newPlace(t, nil)}
	p.receiver.stop()
	p.address = freeport.Address(t)
	var settings, mails []string
	for _, a := range all {
		settings = append(settings, a.settings)
		if a.account != "sms" {
			mails = append(mails, a.account+": 1")
		}
	}
	p.write("notify.yaml", "environment: test\ntimezone: Asia/Shanghai\ncountry: CN\nledger: notify.db\nallow_list: [\"+861349*\", \"*@*.test\"]\naccounts:"+
		strings.Join(settings, "")+"routes:\n  sms: {accounts: [sms]}\n  email: {accounts: ["+strings.Join(mails, ", ")+"]}\n")
	var paths struct {
		Paths []struct{ Account, Path string }
	}
	p.must(json.Unmarshal([]byte(p.wants([]int{exit.OK}, "receipts", "paths", "--json")), &paths))
	flags := []string{"--template", "1001", "--signature", "示例", "--receipt", "undelivered=0.2", "--receipt", "times=2", "--receipt", "forged=0.2", "--receipt", "delay=300ms", "--seed", "3"}
	for _, a := range all {
		for _, one := range paths.Paths {
			if one.Account == a.account {
				flags = append(flags, "--receipts", a.form+"=http://"+p.address+one.Path)
			}
		}
		if a.secret != "" {
			flags = append(flags, "--receipts-secret", a.form+"="+a.secret)
		}
	}
	r, err := startReceiver(p.dir, p.env, flags...)
	p.must(err)
	t.Cleanup(r.stop)
	p.receiver = r
	p.env = append(p.env, r.settings()...)
	for _, a := range all {
		if a.account != "edm" {
			p.env = append(p.env, "NOTIFY_ACCOUNTS_"+strings.ToUpper(a.account)+"_ENDPOINT="+r.admin.URL)
		}
	}
	p.write("award.yaml", only("award-2020", message.Email)+"  sms: {text: award.sms.txt, template_code: {sms: \"1001\"}}\n")
	p.must(writeList(p.path("award.csv"), people(1, n)))
	p.listen()
	p.wants([]int{exit.OK}, "send", "award.csv", "--yes")
	p.pushed(func(waiting int) bool { return waiting == 0 })
	p.inboxesSettled()
	p.figuresOfTheSandbox(all, 2*n)
}

// figuresOfTheSandbox holds what the ledger knows against what the sandbox kept.
func (p *receipted) figuresOfTheSandbox(all []toldBy, messages int) {
	p.Helper()
	kept, err := p.receiver.count()
	p.must(err)
	got, ended, grades := map[message.ReceiptState]int{}, 0, make(map[string]message.Grade)
	for _, a := range all {
		grades[a.account] = a.grade
	}
	seen := p.status().Campaigns[0].Receipts
	if len(seen) != len(all) {
		p.Errorf("%d of %d accounts carried something", len(seen), len(all))
	}
	for _, a := range seen {
		ended += a.Ended
		for state, n := range a.ByState {
			got[state] += n
		}
		if a.Ended != a.Accepted || a.ByGrade[grades[a.Account]] != a.Ended {
			p.Errorf("%+v, and all should be %s", a, grades[a.Account])
		}
	}
	want := map[message.ReceiptState]int{
		message.Delivered: kept.SMS.Delivered + kept.Mail.Delivered, message.Undelivered: kept.SMS.Undelivered, message.HardBounce: kept.Mail.Undelivered,
	}
	if diff := cmp.Diff(want, got); diff != "" || ended != messages || kept.Mail.Undelivered == 0 || kept.SMS.Undelivered == 0 {
		p.Errorf("%d of %d ended; the figures are not those of the sandbox (-want +got):\n%s", ended, messages, diff)
	}
	if kept.Pushed.Forged == 0 || kept.Pushed.Refused == 0 && len(all) > 2 {
		p.Errorf("no forgery was refused: %+v", kept.Pushed)
	}
	p.Logf("%v of %d messages; %+v", got, messages, *kept.Pushed)
}

// inboxesSettled waits until nothing waits in any account's inbox.
func (p *receipted) inboxesSettled() {
	p.Helper()
	p.must(await("the inboxes to be settled", nil, func() (bool, error) {
		var box struct {
			Accounts []struct{ Waiting int }
			InFile   int `json:"in_file"`
		}
		err := json.Unmarshal([]byte(p.wants([]int{exit.OK}, "receipts", "list", "--json")), &box)
		waiting := box.InFile
		for _, a := range box.Accounts {
			waiting += a.Waiting
		}
		return waiting == 0 && len(box.Accounts) > 0, err
	}))
}
