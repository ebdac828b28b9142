package httpvendor_test

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"

	"github.com/google/go-cmp/cmp"

	vendorfiles "notify/examples/vendors"
	httpvendor "notify/pkg/vendors/http"
)

// withSend is a vendor file with another request in the place of its own: vendors' published examples of signatures seldom send a message.
func withSend(t *testing.T, file, send string) string {
	t.Helper()
	before, rest, ok := strings.Cut(file, "\nsend:\n")
	_, answer, found := strings.Cut(rest, "\nanswer:\n")
	if !ok || !found {
		t.Fatal("the file has no send above answer")
	}
	return before + "\nsend:\n" + send + "\nanswer:\n" + answer
}

// made is the request that a file makes at a time.
func made(t *testing.T, file, endpoint, at string, options map[string]any, m message.Message, c httpvendor.Chance) (*http.Request, string) {
	t.Helper()
	now, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{"definition": "builtin:v", "plaintext": true}
	for k, v := range options {
		all[k] = v
	}
	v, err := httpvendor.Kind(fstest.MapFS{"v.yaml": {Data: []byte(file)}}).New(vendors.Settings{
		Account: "acc", Endpoint: endpoint, Concurrency: 1, Timeout: time.Minute, Options: all, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	m.Channel = message.SMS
	r, err := httpvendor.Request(v, m, c)
	if err != nil {
		t.Fatal(err)
	}
	if r.Body == nil {
		return r, ""
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(body)
}

func file(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature, "固定参数示例".
func TestTheSignatureOfAliyunV3IsThatOfItsDocument(t *testing.T) {
	send := `  path: /
  query: {ImageId: "{{ to }}", RegionId: "{{ text }}"}
  headers:
    x-acs-action: RunInstances
    x-acs-version: "2014-05-26"
    x-acs-content-sha256: "{{ step.hashed }}"
    x-acs-date: "{{ format(time, '2006-01-02T15:04:05Z') }}"
    x-acs-signature-nonce: "{{ nonce }}"
    Authorization: "ACS3-HMAC-SHA256 Credential={{ option.access_key_id }},SignedHeaders={{ step.signed }},Signature={{ step.signature }}"`
	r, _ := made(t, withSend(t, file(t, "aliyun-v3"), send), "https://ecs.cn-shanghai.aliyuncs.com", "2023-10-26T10:22:32Z",
		map[string]any{"access_key_id": "YourAccessKeyId", "access_key_secret": "YourAccessKeySecret"},
		message.Message{To: "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", Text: "cn-shanghai"},
		httpvendor.Chance{Nonce: "3156853299f313e23d1673dc12e1703d"})
	want := "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;" +
		"x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
	if got := r.Header.Get("Authorization"); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// cloud.tencent.com/document/api/213/30654, "签名方法 v3".
func TestTheSignatureOfTencentIsThatOfItsDocument(t *testing.T) {
	send := `  path: /
  headers:
    Content-Type: application/json; charset=utf-8
    X-TC-Action: "{{ option.action }}"
    Authorization: "TC3-HMAC-SHA256 Credential={{ option.secret_id }}/{{ step.scope }}, SignedHeaders=content-type;host;x-tc-action, Signature={{ step.signature }}"
  raw: '{"Limit": {{ to }}, "Filters": [{"Values": ["{{ text }}"], "Name": "instance-name"}]}'`
	r, _ := made(t, withSend(t, file(t, "tencent-tc3"), send), "https://cvm.tencentcloudapi.com", "2019-02-25T16:44:25Z",
		map[string]any{
			"secret_id": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******", "secret_key": "Gu5t9xGARNpq86cd98joQYCN3*******", "sdk_app_id": "1",
			"service": "cvm", "action": "DescribeInstances",
		}, message.Message{To: "1", Text: `\u672a\u547d\u540d`}, httpvendor.Chance{})
	want := "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host;x-tc-action, " +
		"Signature=be4f67d323c78ab9acb7395e43c0dbcf822a9cfac32fea2449a7bc7726b770a3"
	if got := r.Header.Get("Authorization"); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// The example of the vendor's manual of its HTTP interface, 3.1 and 2.1: account J10003, password 111111, 3 August, 19:20:20.
func TestTheRequestOfMontnetsIsThatOfItsDocument(t *testing.T) {
	_, body := made(t, file(t, "montnets"), "http://127.0.0.1:1", "2020-08-03T11:20:20Z", map[string]any{"userid": "j10003", "password": "111111"},
		message.Message{To: "+8613800138000", Text: "测试短信", Key: "b3d0a2783d31b21b8573"}, httpvendor.Chance{})
	want := `{"userid":"J10003","pwd":"26dad7f364507df18f3841cc9c4ff94d","mobile":"13800138000","content":"%b2%e2%ca%d4%b6%cc%d0%c5",` +
		`"timestamp":"0803192020","custid":"b3d0a2783d31b21b8573"}`
	if body != want {
		t.Errorf("%s\nwant %s", body, want)
	}
}

// The example of the vendor's document "提交短信", with the asterisks that stand in it.
func TestTheKeyOf51welinkIsThatOfItsDocument(t *testing.T) {
	_, body := made(t, file(t, "51welink"), "", "2018-07-30T05:34:20Z", map[string]any{"account_id": "51welink", "password": "password***", "product_id": "1012"},
		message.Message{To: "138****0005", Text: "短信内容【微网通联】", Key: "k"}, httpvendor.Chance{Random: 6203922})
	want := `{"AccountId":"51welink","AccessKey":"bce988660a23f03bf330ede8cc2c22a23653778994ef0c55c772ee86d4bd24d7","Timestamp":1532928860,"Random":6203922,` +
		`"ProductId":1012,"PhoneNos":"138****0005","Content":"短信内容【微网通联】","OutId":"k"}`
	if body != want {
		t.Errorf("%s\nwant %s", body, want)
	}
}

func hexMD5(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// The vendor's rule: md5(md5(password)+tKey), with no example of a value.
func TestTheKeyOfZhutongIsAsItsDocumentSays(t *testing.T) {
	_, body := made(t, file(t, "zhutong"), "", "2020-01-02T03:04:05Z", map[string]any{"username": "u", "password": "p"},
		message.Message{To: "+8613490000001", Text: "您好 <1>"}, httpvendor.Chance{})
	want := `{"username":"u","password":"` + hexMD5(hexMD5("p")+"1577934245") + `","tKey":1577934245,"mobile":"13490000001","content":"您好 \u003c1\u003e"}`
	if body != want {
		t.Errorf("%s\nwant %s", body, want)
	}
}

// The vendor's rule: the values in this order, joined by nothing, in MD5; all of it as JSON, in base64. No example of a value is published.
func TestTheBodyOfMASIsAsItsDocumentSays(t *testing.T) {
	r, body := made(t, file(t, "mas"), "", "2020-01-02T03:04:05Z", map[string]any{"ec_name": "示例公司", "ap_id": "demo", "secret_key": "k", "sign": "S1"},
		message.Message{To: "+8613490000001", Text: `说 "好" <b>`}, httpvendor.Chance{})
	raw, err := base64.StdEncoding.DecodeString(body)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"ecName": "示例公司", "apId": "demo", "mobiles": "13490000001", "content": `说 "好" <b>`, "sign": "S1", "addSerial": "",
		"mac": hexMD5(`示例公司demok13490000001说 "好" <b>S1`),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if kind := r.Header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("content type %q", kind)
	}
}

// support.huaweicloud.com/devg-msgsms, "X-WSSE": the header's form is the document's; its example does not tell the password.
func TestTheHeaderOfHuaweiIsAsItsDocumentSays(t *testing.T) {
	b, err := fs.ReadFile(vendorfiles.FS(), "huawei.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r, _ := made(t, string(b), "https://smsapi.example.test", "2018-02-12T15:30:20Z", map[string]any{"app_key": "K", "app_secret": "S", "sender": "1069", "sign_name": "示例"},
		message.Message{To: "+8613490000001", Template: "T", Vars: map[string]string{"a": "1"}}, httpvendor.Chance{Nonce: "66C92B11FF8A425FB8D4CCFE0ED9ED1F"})
	sum := sha256.Sum256([]byte("66C92B11FF8A425FB8D4CCFE0ED9ED1F2018-02-12T15:30:20ZS"))
	want := http.Header{
		"Authorization": {`WSSE realm="SDP",profile="UsernameToken",type="Appkey"`},
		"X-Wsse": {`UsernameToken Username="K",PasswordDigest="` + base64.StdEncoding.EncodeToString(sum[:]) +
			`",Nonce="66C92B11FF8A425FB8D4CCFE0ED9ED1F",Created="2018-02-12T15:30:20Z"`},
		"Content-Type": {"application/x-www-form-urlencoded"},
	}
	if d := cmp.Diff(want, r.Header); d != "" {
		t.Error(d)
	}
}

// mysubmail.com/documents/OOVyh: md5 of id, key, the sorted parameters, id and key; tag is not among them. No example of a value is published.
func TestTheSignatureOfSubmailIsAsItsDocumentSays(t *testing.T) {
	b, err := fs.ReadFile(vendorfiles.FS(), "submail.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, body := made(t, string(b), "", "2020-01-02T03:04:05Z", map[string]any{"appid": "10001", "appkey": "k"},
		message.Message{To: "+8613490000001", Text: "【示例】您好 1&2", Key: "K"}, httpvendor.Chance{Token: "1577934245"})
	form, err := url.ParseQuery(body)
	if err != nil {
		t.Fatal(err)
	}
	want := hexMD5("10001k" + "appid=10001&content=【示例】您好 1&2&sign_type=md5&timestamp=1577934245&to=13490000001" + "10001k")
	if got := form.Get("signature"); got != want || form.Get("tag") != "K" {
		t.Errorf("%v, want the signature %s", form, want)
	}
}
