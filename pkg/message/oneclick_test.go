package message_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"notify/pkg/message"
)

func TestALinkIsKnownAgainAndAnotherIsNot(t *testing.T) {
	of := message.OneClick{URL: "https://edm.example.test/leave", Secret: "a secret of 16 or more"}
	key := message.MakeKey("award-2020", message.Email, "wang@example.test", "")
	headers := of.Headers(key)
	link := strings.Trim(headers["List-Unsubscribe"], "<>")
	path, inside := strings.CutPrefix(link, "https://edm.example.test")
	if got, ok := of.Key(path); !inside || !ok || got != key {
		t.Fatalf("%s is %s, %v", link, got, ok)
	}
	if headers["List-Unsubscribe-Post"] != "List-Unsubscribe=One-Click" {
		t.Errorf("headers: %v", headers)
	}
	other := message.MakeKey("award-2020", message.Email, "li@example.test", "")
	for _, forged := range []string{
		"", "/leave/", path[:len(path)-1], path + "0", strings.Replace(path, string(key), string(other), 1),
		strings.TrimPrefix(message.OneClick{URL: of.URL, Secret: "another"}.Headers(key)["List-Unsubscribe"], "<https://edm.example.test"),
	} {
		if _, ok := of.Key(strings.TrimSuffix(forged, ">")); ok {
			t.Errorf("%s is taken for ours", forged)
		}
	}
	b, err := json.Marshal(of)
	if err != nil || strings.Contains(string(b)+fmt.Sprintf("%+v %#v", of, of), "secret") {
		t.Errorf("the secret is shown: %s %v", b, err)
	}
}
