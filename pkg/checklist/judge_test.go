package checklist_test

import (
	"strings"
	"testing"
	"time"

	"notify/pkg/checklist"
	"notify/pkg/words"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func parts() map[string]string {
	return map[string]string{"list": "l1", "texts": "t1", "campaign": "c1", "accounts": "a1", "limits": "m1"}
}

func theList() *checklist.Checklist {
	return &checklist.Checklist{Name: "ours", Items: []checklist.Item{
		{ID: "balance", Phase: checklist.Before, Role: "finance", Check: "balance"},
		{ID: "texts-read", Phase: checklist.Before, Role: "product", People: 1},
		{ID: "released", Phase: checklist.Before, Role: "operations", People: 2, Expires: 24 * time.Hour},
		{ID: "watched", Phase: checklist.During, Role: "operations", People: 1},
	}}
}

func people() checklist.People {
	return checklist.People{"product": {"li"}, "operations": {"wang", "张伟"}}
}

// signs is a signature of the plan of parts, at noon.
func signs(item, name string, edit ...func(*checklist.Signature)) checklist.Signature {
	s := checklist.Signature{Item: item, Name: name, Who: name + "@ops-1", At: noon, Digest: "d1", Scopes: parts()}
	s.Scopes[checklist.ScopeItem] = theList().Item(item).Digest()
	for _, e := range edit {
		e(&s)
	}
	return s
}

func TestHowAnItemStands(t *testing.T) {
	revoked := func(s *checklist.Signature) {
		s.Revoked = &checklist.Revocation{Who: "wang@ops-1", Reason: "a mistake"}
	}
	for _, c := range []struct {
		name       string
		item       string
		signatures []checklist.Signature
		want       checklist.Status
		wanting    int
		lapse      string
	}{
		{"nobody has signed", "texts-read", nil, checklist.Missing, 1, ""},
		{"the one who must has", "texts-read", []checklist.Signature{signs("texts-read", "li")}, checklist.Signed, 0, ""},
		{"another item was signed", "texts-read", []checklist.Signature{signs("released", "wang")}, checklist.Missing, 1, ""},
		{"one of two", "released", []checklist.Signature{signs("released", "wang")}, checklist.Missing, 1, ""},
		{"one of two, twice", "released", []checklist.Signature{signs("released", "wang"), signs("released", "Wang")}, checklist.Missing, 1, ""},
		{"two of two", "released", []checklist.Signature{signs("released", "wang"), signs("released", "张伟")}, checklist.Signed, 0, ""},
		{"it was revoked", "texts-read", []checklist.Signature{signs("texts-read", "li", revoked)}, checklist.Lapsed, 1, "revoked by wang@ops-1: a mistake"},
		{"it was revoked and signed again", "texts-read", []checklist.Signature{signs("texts-read", "li", revoked), signs("texts-read", "li")}, checklist.Signed, 0, ""},
		{"it was signed and then revoked", "texts-read", []checklist.Signature{signs("texts-read", "li"), signs("texts-read", "li", revoked)}, checklist.Lapsed, 1, "revoked by wang@ops-1: a mistake"},
		{"a stranger signed", "texts-read", []checklist.Signature{signs("texts-read", "zhao")}, checklist.Lapsed, 1, "lapsed: zhao may not sign for product any more"},
		{"the list changed", "texts-read", []checklist.Signature{signs("texts-read", "li", func(s *checklist.Signature) {
			s.Digest, s.Scopes["list"] = "d0", "l0"
		})}, checklist.Lapsed, 1, "lapsed: the list changed: what: list"},
		{"texts and limits changed", "texts-read", []checklist.Signature{signs("texts-read", "li", func(s *checklist.Signature) {
			s.Digest, s.Scopes["texts"], s.Scopes["limits"] = "d0", "t0", "m0"
		})}, checklist.Lapsed, 1, "lapsed: the texts changed: what: texts, the limits changed: what: limits"},
		{"something changed that has no part", "texts-read", []checklist.Signature{signs("texts-read", "li", func(s *checklist.Signature) {
			s.Digest = "d0"
		})}, checklist.Lapsed, 1, "lapsed: the plan changed"},
		{"the item was reworded", "texts-read", []checklist.Signature{signs("texts-read", "li", func(s *checklist.Signature) {
			s.Scopes[checklist.ScopeItem] = "i0"
		})}, checklist.Lapsed, 1, "lapsed: the item was reworded"},
		{"the list is still the one that it was signed under", "texts-read", []checklist.Signature{signs("texts-read", "li", func(s *checklist.Signature) {
			s.Scopes[checklist.ScopeChecklist] = theList().Digest()
		})}, checklist.Signed, 0, ""},
		{"it was signed under another list", "texts-read", []checklist.Signature{signs("texts-read", "li", func(s *checklist.Signature) {
			s.Scopes[checklist.ScopeChecklist] = "k0"
		})}, checklist.Lapsed, 1, "lapsed: the checklist changed: what: checklist"},
		{"the item was reworded, and so the list is another", "texts-read", []checklist.Signature{signs("texts-read", "li", func(s *checklist.Signature) {
			s.Scopes[checklist.ScopeItem], s.Scopes[checklist.ScopeChecklist] = "i0", "k0"
		})}, checklist.Lapsed, 1, "lapsed: the checklist changed: what: checklist"},
		{"it is too long ago", "released", []checklist.Signature{signs("released", "wang", func(s *checklist.Signature) {
			s.At = noon.Add(-25 * time.Hour)
		}), signs("released", "张伟")}, checklist.Lapsed, 1, "lapsed: it held until 2026-11-20 11:00 +00:00"},
		{"it is long ago, and does not expire", "texts-read", []checklist.Signature{signs("texts-read", "li", func(s *checklist.Signature) {
			s.At = noon.Add(-9000 * time.Hour)
		})}, checklist.Signed, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := checklist.Plan{Digest: "d1", Scopes: parts(), Changed: func(_ checklist.Signature, part string) []words.Text {
				return []words.Text{words.Raw("what: " + part)}
			}}
			state := theList().Judge(plan, c.signatures, people(), nil, noon)
			for _, l := range state.Lines {
				if l.ID != c.item {
					continue
				}
				lapse := ""
				if len(l.Lapses) > 0 {
					lapse = l.Lapses[0].Why.String()
				}
				got := []any{l.Status, l.Wanting(), lapse}
				if diff := cmp.Diff([]any{c.want, c.wanting, c.lapse}, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestChecksAnswerForTheirItems(t *testing.T) {
	state := theList().Judge(checklist.Plan{Digest: "d1", Scopes: parts()}, nil, people(), func(id string) checklist.Answer {
		return checklist.Answer{Status: checklist.Failed, Said: []words.Text{words.Raw(id + " is low")}}
	}, noon)
	if l := state.Lines[0]; l.Status != checklist.Failed || l.Said[0].String() != "balance is low" {
		t.Errorf("the item is %+v", l)
	}
	var open []string
	for _, l := range state.Open(checklist.Before) {
		open = append(open, l.ID)
	}
	if diff := cmp.Diff([]string{"balance", "texts-read", "released"}, open); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(theList(), state.Checklist()); diff != "" {
		t.Errorf("the list itself: %s", diff)
	}
	if unknown := theList().Judge(checklist.Plan{}, nil, nil, nil, noon).Lines[0].Status; unknown != checklist.NotLookedAt {
		t.Errorf("a check that nobody asked is %s", unknown)
	}
}

func TestTheOneWhoSendsIsNotTheOnlyOneWhoSigned(t *testing.T) {
	from := func(who string) func(*checklist.Signature) { return func(s *checklist.Signature) { s.Who = who } }
	for _, c := range []struct {
		name       string
		signatures []checklist.Signature
		by         checklist.Sender
		want       bool
	}{
		{"nobody signed", nil, checklist.Sender{Name: "wang", Who: "wang@ops-1"}, false},
		{"he alone", []checklist.Signature{signs("released", "wang")}, checklist.Sender{Name: "Wang", Who: "wang@ops-1"}, true},
		{"he and another", []checklist.Signature{signs("released", "wang"), signs("texts-read", "li")}, checklist.Sender{Name: "wang", Who: "wang@ops-1"}, false},
		{"another alone", []checklist.Signature{signs("texts-read", "li")}, checklist.Sender{Name: "wang", Who: "wang@ops-1"}, false},
		{
			"one name, from the login that sends",
			[]checklist.Signature{signs("texts-read", "li", from("ops@ops-1"))},
			checklist.Sender{Name: "ops", Who: "ops@ops-1"},
			true,
		},
		{
			"two names, from the login that sends",
			[]checklist.Signature{signs("texts-read", "li", from("ops@ops-1")), signs("released", "wang", from("ops@ops-1"))},
			checklist.Sender{Name: "ops", Who: "ops@ops-1"},
			false,
		},
		{"what is due later does not count", []checklist.Signature{signs("released", "wang"), signs("watched", "张伟")}, checklist.Sender{Name: "wang", Who: "wang@ops-1"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			state := theList().Judge(checklist.Plan{Digest: "d1", Scopes: parts()}, c.signatures, people(), nil, noon)
			if got := state.Alone(c.by); got != c.want {
				t.Errorf("alone is %v", got)
			}
		})
	}
}

func TestEvidence(t *testing.T) {
	file := &checklist.Proof{Kind: checklist.FileEvidence, Name: "a.pdf", SHA256: strings.Repeat("a", 64), Note: "by mail"}
	link := &checklist.Proof{Kind: checklist.LinkEvidence, Name: "https://wiki.example.test/a"}
	note := &checklist.Proof{Kind: checklist.NoteEvidence, Note: "told on Monday"}
	for _, c := range []struct {
		proof *checklist.Proof
		meets string
		says  string
	}{
		{nil, "", ""},
		{file, "any file note", "a.pdf (sha256 aaaaaaaaaaaa…); by mail"},
		{link, "any link", "https://wiki.example.test/a"},
		{note, "any note", "told on Monday"},
	} {
		var meets []string
		for _, want := range []checklist.Evidence{checklist.AnyEvidence, checklist.FileEvidence, checklist.LinkEvidence, checklist.NoteEvidence, "stamp"} {
			if c.proof.Meets(want) {
				meets = append(meets, string(want))
			}
		}
		if got := strings.Join(meets, " "); got != c.meets {
			t.Errorf("%+v is %q, want %q", c.proof, got, c.meets)
		}
		if !c.proof.Meets(checklist.NoEvidence) {
			t.Errorf("%+v is refused where nothing is wanted", c.proof)
		}
		if c.proof == nil {
			continue
		}
		if says := (words.Printer{}).Value(c.proof.Says()); says != c.says {
			t.Errorf("it reads %q", says)
		}
	}
}
