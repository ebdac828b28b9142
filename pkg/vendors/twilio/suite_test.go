package twilio_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/twilio"
	"notify/pkg/vendors/vendorstest"
)

const (
	sid      = "AC00000000000000000000000000000000"
	token    = "twilio0auth0token"
	from     = "+12025550100"
	callback = "https://receipts.example.test/twilio?account=acc#rc=5"
)

func TestTheSuite(t *testing.T) {
	vendorstest.Run(t, vendorstest.HTTP{
		New: open(nil), Message: vendorstest.SMS, Secrets: []string{token}, Refusal: message.ReasonAuth, Read: read,
		Answers: map[vendorstest.Behaviour]vendorstest.Answer{
			vendorstest.Accept:      {Status: 201, Body: `{"sid":"SM%d","status":"queued","num_segments":"2","error_code":null,"body":"x"}`},
			vendorstest.Reject:      fail(400, 21211, "The 'To' number +447700900001 is not valid "+token),
			vendorstest.Throttle:    fail(429, 20429, "Too Many Requests"),
			vendorstest.Refuse:      fail(401, 20003, "Authenticate"),
			vendorstest.Unlisted:    fail(400, 99999, "something new"),
			vendorstest.ServerError: fail(500, 20003, "a listed code under a failure of the server"),
		},
	}.Harness())
}

// What the vendor's codes mean; what is not listed is unknown, under whichever status.
func TestCodes(t *testing.T) {
	for _, c := range []struct {
		answer vendorstest.Answer
		want   string
	}{
		{fail(400, 21611, "queue overflow"), "throttled 21611"},
		{fail(400, 21610, "unsubscribed"), "rejected 21610"},
		{fail(400, 21617, "too long"), "rejected 21617"},
		{fail(403, 30002, "suspended"), "refused authorisation 30002"},
		{fail(400, 21660, "not ours"), "refused blocked 21660"},
		{fail(429, 63038, "daily limit"), "refused quota 63038"},
		{fail(400, 21655, "no such content"), "refused template 21655"},
		{fail(404, 20404, "not found"), "unknown 20404"},
		{fail(503, 20429, "a failure of the server"), "unknown 20429"},
		{vendorstest.Answer{Status: 400, Body: `{}`}, "unknown notify:http-400"},
		{vendorstest.Answer{Status: 429, Body: `<html>`}, "unknown notify:garbage"},
		{vendorstest.Answer{Status: 201, Body: `{"sid":"SM1","status":"failed","error_code":30005}`}, "unknown 30005"},
		{vendorstest.Answer{Status: 201, Body: `{"status":"queued"}`}, "unknown notify:id"},
		{vendorstest.Answer{Status: 200, Body: `{"sid":"SM1","status":"queued"}`}, "unknown notify:http-200"},
		{vendorstest.Answer{Status: 201, Body: `null`}, "unknown notify:http-201"},
	} {
		s := server(t, nil, func(*http.Request) vendorstest.Answer { return c.answer })
		o := s.vendor.Send(t.Context(), vendorstest.SMS(1))
		if got := strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", o.Kind, o.Reason, o.Code)), " "); got != c.want {
			t.Errorf("%+v: %s, want %s", c.answer, got, c.want)
		}
	}
}

func TestWhatIsAsked(t *testing.T) {
	m := vendorstest.SMS(1)
	templated := m
	templated.Template = "HX1"
	for name, c := range map[string]struct {
		options map[string]any
		message message.Message
		want    url.Values
	}{
		"a number": {nil, m, url.Values{"To": {string(m.To)}, "From": {from}, "Body": {m.Text}}},
		"a service": {map[string]any{"from": "MG1"}, m, url.Values{
			"To": {string(m.To)}, "MessagingServiceSid": {"MG1"}, "Body": {m.Text},
		}},
		"a callback": {map[string]any{"status_callback": callback}, m, url.Values{
			"To": {string(m.To)}, "From": {from}, "Body": {m.Text},
			"StatusCallback": {"https://receipts.example.test/twilio?account=acc&key=" + string(m.Key) + "#rc=5"},
		}},
		"a content template": {nil, templated, url.Values{
			"To": {string(m.To)}, "From": {from}, "ContentSid": {"HX1"}, "ContentVariables": {`{"name":"{{option.token}} 1"}`},
		}},
	} {
		s := server(t, c.options, func(*http.Request) vendorstest.Answer {
			return vendorstest.Answer{Status: 201, Body: `{"sid":"SM1","status":"accepted","num_segments":"0"}`}
		})
		if o := s.vendor.Send(t.Context(), c.message); o.Kind != message.OutcomeAccepted || o.VendorID != "SM1" || o.Segments != 0 {
			t.Errorf("%s: %+v", name, o)
		}
		if len(s.asked) != 1 || s.asked[0] != "POST /2010-04-01/Accounts/"+sid+"/Messages.json "+c.want.Encode() {
			t.Errorf("%s: %q,\nwant %s", name, s.asked, c.want.Encode())
		}
	}
}

func TestAMailHasNoPlace(t *testing.T) {
	s := server(t, nil, func(*http.Request) vendorstest.Answer {
		t.Error("it was asked")
		return vendorstest.Answer{Status: 500}
	})
	if o := s.vendor.Send(t.Context(), vendorstest.Mail(1)); o.Kind != message.OutcomeUnsent || o.Code != "notify:request" {
		t.Errorf("%+v", o)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for want, options := range map[string]map[string]any{
		"auth_token":              {"auth_token": ""},
		"options.auth_token":      {"auth_token": "with-a-hyphen"},
		"options.account_sid":     {"account_sid": "../AC1"},
		"account_sidd":            {"account_sidd": "x"},
		"options.status_callback": {"status_callback": "https://our_host.example.test/"},
	} {
		_, err := twilio.Kind().New(vendors.Settings{Account: "acc", Options: with(options), Now: time.Now})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), token) || strings.Contains(err.Error(), "hyphen") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// The environment has no say about where messages go: the maker of the vendor's client would listen to it.
func TestTheEnvironmentIsNotHeard(t *testing.T) {
	t.Setenv("TWILIO_EDGE", "nowhere")
	t.Setenv("TWILIO_REGION", "xx1")
	s := server(t, nil, func(*http.Request) vendorstest.Answer {
		return vendorstest.Answer{Status: 201, Body: `{"sid":"SM1","status":"queued"}`}
	})
	if o := s.vendor.Send(t.Context(), vendorstest.SMS(1)); o.Kind != message.OutcomeAccepted {
		t.Errorf("%+v", o)
	}
}

// with are the options of the test account, some of them others.
func with(others map[string]any) map[string]any {
	o := map[string]any{"account_sid": sid, "auth_token": token, "from": from}
	for name, v := range others {
		o[name] = v
	}
	return o
}

func open(others map[string]any) func(*testing.T, vendors.Settings) (vendors.Vendor, error) {
	return func(_ *testing.T, s vendors.Settings) (vendors.Vendor, error) {
		s.Options = with(others)
		s.Options["status_callback"] = callback
		return twilio.Kind().New(s)
	}
}

func fail(status, code int, said string) vendorstest.Answer {
	body, _ := json.Marshal(map[string]any{"code": code, "message": said, "more_info": "https://example.test", "status": status})
	return vendorstest.Answer{Status: status, Body: string(body)}
}

func read(t *testing.T, r *http.Request, body []byte) vendorstest.Arrival {
	t.Helper()
	form, err := url.ParseQuery(string(body))
	user, password, _ := r.BasicAuth()
	if err != nil || r.Method != http.MethodPost || user != sid || password != token || r.URL.Path != "/2010-04-01/Accounts/"+sid+"/Messages.json" {
		t.Errorf("%s %s as %q, %q: %v", r.Method, r.URL, user, password, err)
	}
	called, err := url.Parse(form.Get("StatusCallback"))
	if err != nil {
		t.Error(err)
	}
	var n int
	_, _ = fmt.Sscanf(strings.TrimPrefix(form.Get("To"), "+447700900"), "%d", &n)
	if form.Get("Body") != vendorstest.SMS(n).Text || form.Get("From") != from {
		t.Errorf("the form holds %v", form)
	}
	return vendorstest.Arrival{Key: message.Key(called.Query().Get("key")), To: message.Address(form.Get("To"))}
}
