package checklists_test

import (
	"slices"
	"strings"
	"testing"

	"notify/checklists"
	"notify/pkg/checklist"
	"notify/pkg/preflight"
)

func shipped() checklist.Source {
	var ids []string
	for _, c := range preflight.All() {
		ids = append(ids, c.ID)
	}
	return checklist.Source{Shipped: checklists.FS(), Checks: ids}
}

func TestTheShippedLists(t *testing.T) {
	want := []string{"award-notice", "drill", "incident", "marketing", "system-notice"}
	if got := shipped().Names(); !slices.Equal(got, want) {
		t.Fatalf("shipped are %q, want %q", got, want)
	}
}

// An item that names no check and no role could never be done.
func TestEveryShippedItemNamesAnExistingCheckOrRole(t *testing.T) {
	for _, name := range shipped().Names() {
		t.Run(name, func(t *testing.T) {
			c, err := shipped().Load(name)
			if err != nil {
				t.Fatal(err)
			}
			if c.Name != name {
				t.Errorf("the list calls itself %s", c.Name)
			}
			if len(c.Items) < 5 {
				t.Errorf("it has %d items", len(c.Items))
			}
			for _, i := range c.Items {
				if i.Title.EN == "" || i.Title.ZH == "" {
					t.Errorf("%s has no title in both languages: %+v", i.ID, i.Title)
				}
				if len(i.Why.EN) < 20 || !strings.HasSuffix(i.Why.EN, ".") || len(i.Why.ZH) < 20 || !strings.HasSuffix(i.Why.ZH, "。") {
					t.Errorf("%s has no reason in both languages: %+v", i.ID, i.Why)
				}
			}
		})
	}
}

// A check that nobody answers for is mended by nobody. The check of the signatures is the lists' own.
func TestEveryCheckStandsOnAShippedList(t *testing.T) {
	var named []string
	for _, name := range shipped().Names() {
		c, err := shipped().Load(name)
		if err != nil {
			t.Fatal(err)
		}
		named = append(named, c.Checks()...)
	}
	var missing []string
	for _, c := range preflight.All() {
		if c.ID != "checklist" && !slices.Contains(named, c.ID) {
			missing = append(missing, c.ID)
		}
	}
	if len(missing) > 0 {
		t.Errorf("on no shipped list: %s", strings.Join(missing, ", "))
	}
}

// A drill is done by commands; a list that does not name them is gone through without them.
func TestADrillNamesItsCommands(t *testing.T) {
	c, err := shipped().Load("drill")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"notify rehearse", "notify drill award-2020, double-payout, wrong-environment", "notify pause"} {
		if !slices.ContainsFunc(c.Items, func(i checklist.Item) bool { return strings.Contains(i.Title.EN, command) }) {
			t.Errorf("no item names %s", command)
		}
	}
}

func TestAnIncidentBeginsWithAPause(t *testing.T) {
	c, err := shipped().Load("incident")
	if err != nil {
		t.Fatal(err)
	}
	if first := c.Items[0]; first.ID != "paused" || !strings.Contains(first.Title.EN, "notify pause") || first.Phase != checklist.During {
		t.Errorf("the first line is %+v", first)
	}
}
