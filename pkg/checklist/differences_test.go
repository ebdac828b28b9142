package checklist_test

import (
	"slices"
	"testing"
	"time"

	"notify/pkg/checklist"
	"notify/pkg/words"

	"github.com/google/go-cmp/cmp"
)

func english(texts []words.Text) []string {
	var all []string
	for _, t := range texts {
		all = append(all, t.String())
	}
	return all
}

// A signature answers for the list that it was given under: whatever is another in it is another digest, and is said by name.
func TestWhatIsDifferentInAList(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*checklist.Checklist)
		want []string
	}{
		{"nothing", func(*checklist.Checklist) {}, nil},
		{"the order", func(c *checklist.Checklist) { slices.Reverse(c.Items) }, nil},
		{"the title", func(c *checklist.Checklist) { c.Title.EN = "Theirs" }, nil},
		{"an item is gone", func(c *checklist.Checklist) { c.Items = slices.Delete(c.Items, 2, 3) }, []string{"released is gone"}},
		{"an item is new", func(c *checklist.Checklist) {
			c.Items = append(c.Items, checklist.Item{ID: "law-checked", Phase: checklist.Before, Role: "legal", People: 1})
		}, []string{"law-checked is new"}},
		{"an item was renamed", func(c *checklist.Checklist) { c.Items[2].ID = "let-go" }, []string{"released is gone", "let-go is new"}},
		{"a title", func(c *checklist.Checklist) { c.Items[1].Title.ZH = "x" }, []string{"texts-read was reworded"}},
		{"a reason", func(c *checklist.Checklist) { c.Items[1].Why.ZH = "x" }, []string{"texts-read was reworded"}},
		{"a role", func(c *checklist.Checklist) { c.Items[2].Role = "it" }, []string{"role of released: operations → IT"}},
		{"fewer people, for good", func(c *checklist.Checklist) { c.Items[2].People, c.Items[2].Expires = 1, 0 }, []string{
			"people of released: 2 → 1", "expiry of released: 24h → none",
		}},
		{"evidence", func(c *checklist.Checklist) { c.Items[1].Evidence = checklist.FileEvidence }, []string{"evidence of texts-read: none → a file"}},
		{"a phase", func(c *checklist.Checklist) { c.Items[2].Phase = checklist.After }, []string{"phase of released: before → after"}},
		{"a check that people answer for now", func(c *checklist.Checklist) { c.Items[0].Check, c.Items[0].People = "", 1 }, []string{
			"check of balance: balance → none", "people of balance: 0 → 1",
		}},
		{"how long it holds", func(c *checklist.Checklist) { c.Items[2].Expires = time.Hour }, []string{"expiry of released: 24h → 1h"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := theList()
			c.edit(now)
			if diff := cmp.Diff(c.want, english(checklist.Differences(theList(), now))); diff != "" {
				t.Error(diff)
			}
			if same := theList().Digest() == now.Digest(); same != (c.want == nil) {
				t.Errorf("the digest is the same: %t", same)
			}
		})
	}
}

// What a screen says of a role is its word in the language of the screen, and a team's own role as the team calls it.
func TestARoleIsReadByItsWord(t *testing.T) {
	zh := words.Printer{Lang: words.Chinese}
	for role, want := range map[string]string{"product": "产品", "operations": "运营", "customer-service": "客服", "it": "IT", "night-shift": "night-shift"} {
		if got := zh.Value(checklist.RoleWord(role)); got != want {
			t.Errorf("%s reads %s, not %s", role, got, want)
		}
	}
	now := theList()
	now.Items[2].Role, now.Items[2].Phase, now.Items[2].Evidence = "legal", checklist.After, checklist.LinkEvidence
	var said []string
	for _, d := range checklist.Differences(theList(), now) {
		said = append(said, zh.Say(d))
	}
	if diff := cmp.Diff([]string{"released 的阶段：事前 → 事后", "released 的角色：运营 → 法务", "released 的证据：无 → 链接"}, said); diff != "" {
		t.Error(diff)
	}
}
