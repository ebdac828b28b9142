package smtp_test

import (
	"strings"
	"testing"

	"notify/pkg/message"
)

func TestAMailThatOneCanLeaveNamesItsList(t *testing.T) {
	for _, c := range []struct {
		says, campaign string
		headers        map[string]string
		want           string
	}{
		{"by the campaign and the sender's domain", "award-2020", map[string]string{"list-unsubscribe": "<https://a.test/u>"}, "List-Id: <award-2020.edm.example.test>\r\n"},
		{"letters that a name there cannot have are replaced", "获奖 2020.a", map[string]string{"List-Unsubscribe": "<https://a.test/u>"}, "List-Id: <2020-a.edm.example.test>\r\n"},
		{"a name without any of them", "获奖", map[string]string{"List-Unsubscribe": "<https://a.test/u>"}, "List-Id: <list.edm.example.test>\r\n"},
		{"as the campaign says", "award-2020", map[string]string{"List-Unsubscribe": "<https://a.test/u>", "list-id": "<own.test>"}, "list-id: <own.test>\r\n"},
		{"one that is of no list has none", "award-2020", nil, ""},
	} {
		m := message.Message{
			Key: "k1", Campaign: c.campaign, Channel: message.Email, To: "w@mail.test", From: "award@edm.example.test", Subject: "s", Text: "t", Headers: c.headers,
		}
		mail := string(compose(t, m))
		n := strings.Count(strings.ToLower(mail), "list-id:")
		if c.want == "" && n != 0 || c.want != "" && (n != 1 || !strings.Contains(mail, c.want)) {
			t.Errorf("%s: %s", c.says, mail)
		}
	}
}
