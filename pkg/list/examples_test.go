package list_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/channel"
	"notify/pkg/list"
	"notify/pkg/message"
)

const examples = "../../examples"

func TestTheExampleAwardHas23000RecipientsWithoutAProblem(t *testing.T) {
	got := read(t, filepath.Join(examples, "award.xlsx"), list.Options{Sheet: "获奖名单", Need: channel.Builtin().Names()})
	if got.err != nil || len(got.problems) != 0 || len(got.rows) != 23_000 {
		t.Fatalf("%d rows, %v, %v", len(got.rows), got.problems, got.err)
	}
	if diff := cmp.Diff([]string{"工号", "姓名", "手机号", "邮箱", "奖项", "金额", "领奖日期"}, got.header.Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	seen, domains := map[string]bool{}, map[string]bool{}
	for _, row := range got.rows {
		for _, unique := range []string{row.Key, string(row.Address(message.SMS)), string(row.Address(message.Email))} {
			if seen[unique] {
				t.Fatalf("row %d: %s stands twice", row.Number, unique)
			}
			seen[unique] = true
		}
		domains[row.Address(message.Email).Domain()] = true
		if !strings.HasSuffix(string(row.Address(message.Email)), ".test") || !strings.HasPrefix(string(row.Address(message.SMS)), "+861349") || !strings.HasPrefix(row.Values[5], "¥") || row.Values[6] != "2020-01-02" {
			t.Fatalf("row %+v", row)
		}
	}
	if len(domains) < 50 || len(domains) > 70 {
		t.Errorf("%d domains", len(domains))
	}
}

// TestTheExampleListsHoldTheSamePeople reads one list in all the forms in which it may arrive.
func TestTheExampleListsHoldTheSamePeople(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(examples, "lists", "*.*"))
	if err != nil || len(paths) < 9 {
		t.Fatalf("%v, %v", paths, err)
	}
	want := people(t, filepath.Join(examples, "lists", "english.csv"), list.Options{Need: channel.Builtin().Names()})
	if len(want) != 12 {
		t.Fatalf("%d people", len(want))
	}
	for _, path := range paths {
		o, want := list.Options{Need: channel.Builtin().Names()}, want
		if filepath.Ext(path) == ".xlsx" { // it has no mail column, and a cover sheet
			o = list.Options{Need: []message.Channel{message.SMS}, Sheet: "名单"}
			want = slices.Clone(want)
			for i := range want {
				want[i].Email = ""
			}
		}
		if diff := cmp.Diff(want, people(t, path, o)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

type who struct {
	Key, Name    string
	Phone, Email message.Address
}

func people(t *testing.T, path string, o list.Options) []who {
	t.Helper()
	got := read(t, path, o)
	if got.err != nil || len(got.problems) != 0 {
		t.Errorf("%s: %v, %v", path, got.problems, got.err)
	}
	var all []who
	for _, row := range got.rows {
		all = append(all, who{row.Key, row.Name, row.Address(message.SMS), row.Address(message.Email)})
	}
	return all
}
