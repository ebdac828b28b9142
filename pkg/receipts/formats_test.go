package receipts_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/message"
	"notify/pkg/receipts"
)

const key = message.Key("7cth18x6w03tvnns065rmb7e34")

func at(s int) time.Time { return time.Date(2026, 11, 20, 9, 0, s, 0, time.UTC) }

func file(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEachVendorIsReadAsItsDocumentationSays(t *testing.T) {
	sns := func(event string) []byte {
		b, err := json.Marshal(map[string]string{"Type": "Notification", "Message": event})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, tt := range []struct {
		format, url string
		body        []byte
		want        []message.Event
		said        string
	}{
		{"aliyun-sms", "", file(t, "aliyun-sms.json"), []message.Event{
			{Key: key, VendorID: "932702304080415357^0", To: "+8613490000001", At: at(5), State: message.Delivered, Code: "DELIVERED", Detail: "用户接收成功", Segments: 2},
			{Key: key, VendorID: "932702304080415358^0", To: "+8613490000002", At: at(9), State: message.Undelivered, Code: "MK:0004", Detail: "空号", Segments: 1},
			{To: "+8613490000003", At: at(3600), State: message.OptedOut, Detail: "TD"},
		}, "SMS_1234 is rejected: 未能识别业务场景"},
		{"tencent-sms", "", file(t, "tencent-sms.json"), []message.Event{
			{Key: key, VendorID: "12:2a9", To: "+8613490000001", At: at(5), State: message.Delivered, Code: "DELIVRD", Detail: "用户短信送达成功"},
			{VendorID: "12:2aa", To: "+8613490000002", At: at(6), State: message.Undelivered, Code: "MK:0001", Detail: "号码不存在"},
		}, ""},
		{"tencent-ses", "", file(t, "tencent-ses.json"), []message.Event{
			{Key: key, To: "wang@example.test", At: at(5), State: message.HardBounce, Code: "hard_bounce", Detail: "550 user unknown"},
		}, ""},
		{"aliyun-dm", "", file(t, "aliyun-dm.json"), []message.Event{
			{Key: key, VendorID: "600000000000000001", To: "wang@example.test", At: at(5), State: message.HardBounce, Code: "550", Detail: "mailbox unavailable"},
		}, ""},
		{"twilio", "https://notify.example.test/r?key=" + string(key), file(t, "twilio.form"), []message.Event{
			{Key: key, VendorID: "SM0001", To: "+12025550101", At: at(0), State: message.Undelivered, Code: "30003"},
		}, ""},
		{"ses", "", sns(`{"eventType":"Bounce","mail":{"timestamp":"2026-11-20T09:00:00Z","messageId":"0100","destination":["wang@Example.test"],"tags":{"notify-key":["` + string(key) + `"]}},
			"bounce":{"bounceType":"Permanent","bounceSubType":"General","timestamp":"2026-11-20T09:00:05Z","bouncedRecipients":[{"emailAddress":"wang@example.test","status":"5.1.1","diagnosticCode":"smtp; 550"}]}}`), []message.Event{
			{Key: key, VendorID: "0100", To: "wang@example.test", At: at(5), State: message.HardBounce, Code: "5.1.1", Detail: "smtp; 550"},
		}, ""},
		{"sendgrid", "", file(t, "sendgrid.json"), []message.Event{
			{Key: key, VendorID: "14c5d75ce93.dfd.64b469", To: "wang@example.test", At: at(5), State: message.Delivered, Detail: "250 OK"},
			{Key: key, VendorID: "14c5d75ce94.dfd.64b470", To: "li@example.test", At: at(6), State: message.SoftBounce, Code: "5.7.1", Detail: "blocked"},
		}, ""},
		{"mailgun", "", file(t, "mailgun.json"), []message.Event{
			{Key: key, VendorID: "20261120.1@edm.example.test", To: "wang@example.test", At: at(5).Add(500 * time.Millisecond), State: message.HardBounce, Code: "550", Detail: "No such user bounce"},
		}, ""},
		{"postmark", "", file(t, "postmark.json"), []message.Event{
			{Key: key, VendorID: "883953f4-6105-42a2-a16a-77a8eac79483", To: "wang@example.test", At: at(5), State: message.HardBounce, Code: "HardBounce", Detail: "The server was unable to deliver your message smtp;550 5.1.1"},
		}, ""},
		{"resend", "", file(t, "resend.json"), []message.Event{
			{Key: key, VendorID: "56761188-7520-42d8-8898-ff6fc54ce618", To: "wang@example.test", At: at(5), State: message.HardBounce, Code: "Suppressed", Detail: "recently bounced"},
		}, ""},
		{"dsn", "", file(t, "dsn.eml"), []message.Event{{Key: key, At: at(5), State: message.HardBounce, Code: "5.1.1", Detail: "550 5.1.1 user unknown"}}, ""},
	} {
		t.Run(tt.format, func(t *testing.T) {
			told, err := receipts.Formats()[tt.format].Read(&receipts.Account{}, &receipts.Posted{URL: tt.url, Body: tt.body, At: at(0)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, told.Events); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if told.Said.String() != tt.said {
				t.Errorf("said %q, want %q", told.Said, tt.said)
			}
		})
	}
}

func TestWhatIsInNoFormIsRefusedAndWhatTriesTheAddressSaysNothing(t *testing.T) {
	for name, f := range receipts.Formats() {
		if name != "twilio" {
			if _, err := f.Read(&receipts.Account{}, &receipts.Posted{Body: []byte(`{"a":`)}); err == nil {
				t.Errorf("%s reads half an object", name)
			}
		}
		switch name {
		case "dsn", "events", "one-click": // of our own making, or mails
			continue
		}
		if told, err := f.Read(&receipts.Account{}, &receipts.Posted{Body: []byte(`{}`)}); err != nil || len(told.Events) > 0 {
			t.Errorf("%s: an empty object says %v, %v", name, told, err)
		}
	}
}

func sum(hash func() crypto.Hash, b []byte) []byte {
	h := hash().New()
	h.Write(b)
	return h.Sum(nil)
}

// TestASignatureHoldsOnlyForWhatWasSigned signs as each vendor does, with keys of the test's own.
func TestASignatureHoldsOnlyForWhatWasSigned(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	published := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	ecDER, err := x509.MarshalPKIXPublicKey(&ecKey.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	now := at(5)
	stamp := strconv.FormatInt(now.Unix(), 10)
	b64 := base64.StdEncoding.EncodeToString
	mac := func(h crypto.Hash, secret, text string) []byte {
		m := hmac.New(h.New, []byte(secret))
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	for _, tt := range []struct {
		format string
		signed func(t *testing.T) (*receipts.Account, *receipts.Posted)
	}{
		{"twilio", func(*testing.T) (*receipts.Account, *receipts.Posted) {
			url := "https://notify.example.test/r?key=" + string(key)
			return &receipts.Account{Secret: "token"}, &receipts.Posted{URL: url, Body: []byte("To=%2B1&MessageStatus=sent"), Header: http.Header{
				"X-Twilio-Signature": {b64(mac(crypto.SHA1, "token", url+"MessageStatussentTo+1"))},
			}}
		}},
		{"sendgrid", func(t *testing.T) (*receipts.Account, *receipts.Posted) {
			t.Helper()
			body := file(t, "sendgrid.json")
			digest := sha256.Sum256(append([]byte(stamp), body...))
			signature, err := ecdsa.SignASN1(rand.Reader, ecKey, digest[:])
			if err != nil {
				t.Fatal(err)
			}
			return &receipts.Account{Secret: b64(ecDER)}, &receipts.Posted{Body: body, Header: http.Header{
				"X-Twilio-Email-Event-Webhook-Signature": {b64(signature)}, "X-Twilio-Email-Event-Webhook-Timestamp": {stamp},
			}}
		}},
		{"mailgun", func(t *testing.T) (*receipts.Account, *receipts.Posted) {
			t.Helper()
			s := hex.EncodeToString(mac(crypto.SHA256, "key", stamp+"a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0"))
			return &receipts.Account{Secret: "key"}, &receipts.Posted{Body: bytes.Replace(file(t, "mailgun.json"), []byte("SIGNATURE"), []byte(s), 1)}
		}},
		{"resend", func(t *testing.T) (*receipts.Account, *receipts.Posted) {
			t.Helper()
			body := file(t, "resend.json")
			return &receipts.Account{Secret: "whsec_" + b64([]byte("secret"))}, &receipts.Posted{Body: body, Header: http.Header{
				"Svix-Id": {"msg_1"}, "Svix-Timestamp": {stamp}, "Svix-Signature": {"v1,bm90IGl0 v1," + b64(mac(crypto.SHA256, "secret", "msg_1."+stamp+"."+string(body)))},
			}}
		}},
		{"ses", func(t *testing.T) (*receipts.Account, *receipts.Posted) {
			t.Helper()
			e := map[string]string{
				"Type": "Notification", "MessageId": "m1", "TopicArn": "arn:aws:sns:eu-west-1:1:receipts", "Message": "{}", "Timestamp": "2026-11-20T09:00:05.000Z",
				"SignatureVersion": "1", "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
			}
			text := "Message\n{}\nMessageId\nm1\nTimestamp\n" + e["Timestamp"] + "\nTopicArn\n" + e["TopicArn"] + "\nType\nNotification\n"
			signature, err := rsa.SignPKCS1v15(rand.Reader, rsaKey, crypto.SHA1, sum(func() crypto.Hash { return crypto.SHA1 }, []byte(text)))
			if err != nil {
				t.Fatal(err)
			}
			e["Signature"] = b64(signature)
			body, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			return &receipts.Account{Topic: e["TopicArn"]}, &receipts.Posted{Body: body}
		}},
		{"aliyun-dm", func(t *testing.T) (*receipts.Account, *receipts.Posted) {
			t.Helper()
			body, url := file(t, "aliyun-dm.json"), "https://notify.example.test/r"
			// A private key encrypts as it signs without a hash.
			sealed, err := rsa.SignPKCS1v15(nil, rsaKey, 0, []byte("temporary"))
			if err != nil {
				t.Fatal(err)
			}
			cert := "https://cn-hangzhou-eventbridge.oss-accelerate.aliyuncs.com/x509_public_certificate.pem"
			millis := strconv.FormatInt(now.UnixMilli(), 10)
			text := url + "\nx-eventbridge-signature-timestamp: " + millis + "\nx-eventbridge-signature-method: HMAC-SHA1\nx-eventbridge-signature-version: 1.0\n" +
				"x-eventbridge-signature-url: " + cert + "\nx-eventbridge-signature-token: token\n" + string(body)
			return &receipts.Account{Secret: "token"}, &receipts.Posted{URL: url, Body: body, Header: http.Header{
				"X-Eventbridge-Signature": {b64(mac(crypto.SHA1, "temporary", text))}, "X-Eventbridge-Signature-Timestamp": {millis},
				"X-Eventbridge-Signature-Method": {"HMAC-SHA1"}, "X-Eventbridge-Signature-Version": {"1.0"}, "X-Eventbridge-Signature-Url": {cert},
				"X-Eventbridge-Signature-Token": {"token"}, "X-Eventbridge-Signature-Secret": {b64(sealed)},
			}}
		}},
	} {
		t.Run(tt.format, func(t *testing.T) {
			f := receipts.Formats()[tt.format]
			fresh := func() (*receipts.Account, *receipts.Posted) {
				a, p := tt.signed(t)
				a.Fetch = func(string) ([]byte, error) { return published, nil }
				p.At = now
				return a, p
			}
			a, p := fresh()
			if err := f.Verify(a, p); err != nil {
				t.Errorf("what the vendor signed is refused: %v", err)
			}
			a, p = fresh()
			p.Body = bytes.Replace(p.Body, []byte("e"), []byte("E"), 1)
			p.Body = append(p.Body, ' ')
			if tt.format == "mailgun" { // it signs a token, and nothing of what it says
				p.Body = bytes.Replace(p.Body, []byte(`"token":"a`), []byte(`"token":"b`), 1)
			}
			if tt.format == "ses" {
				p.Body = bytes.Replace(p.Body, []byte("m1"), []byte("m2"), 1)
			}
			if err := f.Verify(a, p); err == nil {
				t.Error("what was changed is believed")
			}
			a, p = fresh()
			a.Secret, a.Topic = a.Secret+"x", a.Topic+"x"
			if err := f.Verify(a, p); err == nil {
				t.Error("what somebody else signed is believed")
			}
			a, p = fresh()
			if p.At = now.Add(4 * 24 * time.Hour); strings.Contains("sendgrid mailgun resend aliyun-dm", tt.format) {
				if err := f.Verify(a, p); err == nil {
					t.Error("what was signed days ago is believed")
				}
			}
		})
	}
}

func TestAMappingDescribesAGatewayThatHasNoFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.yaml")
	text := `name: gateway
list: data.reports
columns: {key: [ref], to: [mobile], state: [stat], code: [err], at: [done]}
states: {delivered: [DELIVRD], undelivered: [UNDELIV, EXPIRED]}
zone: Asia/Shanghai
answer: '{"ok":true}'
signature: {header: X-Sign, hash: hmac-sha256, encoding: base64}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := receipts.LoadMapping(path, "")
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"data":{"reports":[{"ref":"` + string(key) + `","mobile":"13490000001","stat":"EXPIRED","err":17,"done":"2026-11-20 17:00:05"},{"stat":"ACCEPTD"}]}}`)
	f := m.Format()
	told, err := f.Read(nil, &receipts.Posted{Body: body})
	if err != nil {
		t.Fatal(err)
	}
	want := []message.Event{{Key: key, To: "+8613490000001", At: at(5), State: message.Undelivered, Code: "17"}}
	if diff := cmp.Diff(want, told.Events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	for _, name := range receipts.ShippedMappings() {
		if _, err := receipts.LoadMapping(name, ""); err != nil {
			t.Error(err)
		}
	}
	if _, err := receipts.LoadMapping("no-such", t.TempDir()); err == nil {
		t.Error("a mapping that is not there was read")
	}
}

// What vendors keep and export, as they document it: a number stands for another state in the log than in the interface.
func TestTheExportsOfVendorsAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want []message.ReceiptState
	}{
		"aliyun-sms":     {`[{"PhoneNum":"13490000001","SendStatus":3,"OutId":"` + string(key) + `"},{"phone_number":"13490000001","success":false,"biz_id":"1"}]`, []message.ReceiptState{message.Delivered, message.Undelivered}},
		"aliyun-sms-log": {`[{"receiver":"13490000001","status":3},{"receiver":"13490000001","status":4},{"receiver":"13490000001","status":5}]`, []message.ReceiptState{message.Waiting, message.Delivered, message.Undelivered}},
		"tencent-sms":    {`[{"PhoneNumber":"+8613490000001","ReportStatus":"SUCCESS","SerialNo":"1"},{"mobile":"13490000001","report_status":"FAIL"}]`, []message.ReceiptState{message.Delivered, message.Undelivered}},
		"twilio":         {`[{"sid":"SM1","to":"+447700900001","status":"undelivered","error_code":30003},{"Sid":"SM2","To":"+447700900001","Status":"sent"}]`, []message.ReceiptState{message.Undelivered, message.Waiting}},
	} {
		m, err := receipts.LoadMapping(name, "")
		if err != nil {
			t.Fatal(err)
		}
		told, err := m.Format().Read(nil, &receipts.Posted{Body: []byte(c.body)})
		var got []message.ReceiptState
		for _, e := range told.Events {
			got = append(got, e.State)
			if e.To == "" {
				t.Errorf("%s: %+v has no address", name, e)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}
