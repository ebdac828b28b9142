package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"notify/pkg/message"
	"notify/pkg/sandbox"
)

// SNS asks first whether its events are wanted, and tells nothing to who has not said so.
func TestEventsComeToWhoHasSubscribed(t *testing.T) {
	bodies := make(chan map[string]string, 100)
	listener := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var e map[string]string
		body, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(body, &e) != nil {
			t.Errorf("%v: %s", err, body)
		}
		bodies <- e
	}))
	t.Cleanup(listener.Close)
	s := run(t, sandbox.Config{Receipts: sandbox.Receipts{To: []sandbox.Target{{URL: listener.URL, Form: sandbox.FormSES}}}})
	m := letter("winner-1@customer.test", "Winner 1")
	if o := adapter(t, s, "ses", 1).Send(t.Context(), m); o.Kind != message.OutcomeAccepted {
		t.Fatalf("%+v", o)
	}
	asked := <-bodies
	if again := <-bodies; asked["Type"] != "SubscriptionConfirmation" || again["Type"] != asked["Type"] || again["Signature"] != asked["Signature"] {
		t.Fatalf("%v, and then %v", asked, again)
	}
	get := func(address string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := listener.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	if status, _ := get(strings.ReplaceAll(asked["SubscribeURL"], asked["Token"], "guessed")); status != http.StatusForbidden {
		t.Errorf("another token: %d", status)
	}
	if status, _ := get(asked["SubscribeURL"]); status != http.StatusOK {
		t.Errorf("%d", status)
	}
	told := <-bodies
	for told["Type"] == "SubscriptionConfirmation" { // what was on its way
		told = <-bodies
	}
	if told["Type"] != "Notification" || told["TopicArn"] != sandbox.Topic || !strings.Contains(told["Message"], string(m.Key)) {
		t.Errorf("%v", told)
	}
	if _, certificate := get(told["SigningCertURL"]); !strings.Contains(certificate, "BEGIN CERTIFICATE") {
		t.Errorf("%s", certificate)
	}
}
