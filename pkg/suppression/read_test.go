package suppression_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/list"
	"notify/pkg/message"
	"notify/pkg/suppression"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bounces.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// read reads a file to its end.
func read(t *testing.T, text string, o suppression.Options) ([]suppression.Entry, suppression.Read, *diag.List) {
	t.Helper()
	o.Who, o.At = "wang@ops-1", noon
	f, err := suppression.Open(t.Context(), file(t, text), o)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []suppression.Entry
	problems := &diag.List{}
	sum, err := f.Each(problems, func(e suppression.Entry) bool {
		out = append(out, e)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return out, sum, problems
}

func entry(a message.Address, r suppression.Reason, note string) suppression.Entry {
	return suppression.Entry{Address: a, Channel: channel.Builtin().ChannelOf(a), Reason: r, Note: note, Who: "wang@ops-1", At: noon}
}

func TestAFileIsReadAsListsAre(t *testing.T) {
	got, sum, problems := read(t, "说明\n手机号,邮箱,备注\n134-9000 0001,Wang@example.test,replied T\n,li@example.test,\n",
		suppression.Options{Reason: suppression.OptOut, Note: "from the shop"})
	want := []suppression.Entry{
		entry("+8613490000001", suppression.OptOut, "replied T"), entry("wang@example.test", suppression.OptOut, "replied T"),
		entry("li@example.test", suppression.OptOut, "from the shop"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if sum != (suppression.Read{Rows: 2, Entries: 3}) || problems.Errors() != 0 {
		t.Errorf("got %+v, %v", sum, problems.Kept())
	}
}

func TestARowMayHaveAReasonOfItsOwn(t *testing.T) {
	text := "email,Reason\na@example.test,Hard bounce\nb@example.test,\nc@example.test,spite\n"
	got, sum, problems := read(t, text, suppression.Options{Reason: suppression.Other})
	want := []suppression.Entry{entry("a@example.test", suppression.HardBounce, ""), entry("b@example.test", suppression.Other, "")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if sum.Unread != 1 || problems.Count("reason-unknown") != 1 || problems.Kept()[0].Place.Row != 4 {
		t.Errorf("got %+v, %v", sum, problems.Kept())
	}
	_, sum, problems = read(t, text, suppression.Options{})
	if sum.Unread != 2 || problems.Count("reason-missing") != 1 {
		t.Errorf("without a reason for all: %+v, %v", sum, problems.Kept())
	}
}

func TestWhatCannotBeReadHoldsUpNothing(t *testing.T) {
	got, sum, problems := read(t, "phone,email\n1349,x@\n13490000001,y@\n,\n,ok@example.test\n13490000002,\n", suppression.Options{
		Reason: suppression.HardBounce, Channels: []message.Channel{message.Email},
	})
	if len(got) != 1 || got[0].Address != "ok@example.test" {
		t.Errorf("got %+v", got)
	}
	if sum != (suppression.Read{Rows: 4, Entries: 1, Unread: 3}) {
		t.Errorf("got %+v", sum)
	}
	// Row 6 has a phone, and mails are asked for.
	last := problems.Kept()[problems.Len()-1]
	if last.Code != "address-none" || last.Place.Row != 6 || !strings.Contains(last.Summary.String(), "e-mail") {
		t.Errorf("got %+v", problems.Kept())
	}
	for _, p := range problems.Kept() {
		if strings.Contains(p.String(), "13490000001") {
			t.Errorf("an address is not masked: %s", p)
		}
	}
}

func TestAFileThatDoesNotSayWhyIsRefused(t *testing.T) {
	for text, code := range map[string]string{
		"phone\n13490000001\n": "reasons-missing",
		"note\nx\n":            "header-none",
	} {
		_, err := suppression.Open(t.Context(), file(t, text), suppression.Options{})
		var input *diag.InputError
		if !errors.As(err, &input) || input.Problems.Count(code) != 1 {
			t.Errorf("%q: got %v, want %s", text, err, code)
		}
	}
}

func TestReadingStopsWhenNobodyWantsMore(t *testing.T) {
	f, err := suppression.Open(t.Context(), file(t, "phone\n13490000001\n13490000002\n13490000003\n"), suppression.Options{Reason: suppression.Other})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	sum, err := f.Each(&diag.List{}, func(suppression.Entry) bool { n++; return n < 2 })
	if err != nil || n != 2 || sum.Rows != 2 {
		t.Errorf("%d entries, %+v, %v", n, sum, err)
	}
}

func TestTheAddressesOfAListComeWithTheirRows(t *testing.T) {
	r, err := list.Open(t.Context(), file(t, "phone,email\n13490000001,a@example.test\n1349,\n\n13490000002,\n"), list.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var failed error
	var got []string
	for row, a := range suppression.Addresses(r, channel.Builtin().Names(), &failed) {
		got = append(got, string(rune('0'+row))+" "+string(a))
	}
	want := []string{"2 +8613490000001", "2 a@example.test", "5 +8613490000002"}
	if diff := cmp.Diff(want, got); diff != "" || failed != nil {
		t.Errorf("%v (-want +got)\n%s", failed, diff)
	}
}
