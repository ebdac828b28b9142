package view_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notify/pkg/words"

	"notify/pkg/console"
	"notify/pkg/view"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file in testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	looksRight(t, name, got)
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got), -update writes it anew:\n%s", name, diff)
	}
}

var zone = time.FixedZone("CST", 8*3600)

func TestFormats(t *testing.T) {
	p := &view.Printer{Zone: zone}
	for _, c := range []struct{ name, got, want string }{
		{"thousands", words.Num(23000), "23,000"},
		{"a negative figure", words.Num(int64(-1234567)), "-1,234,567"},
		{"a rate", words.Printer{}.Rate(0.5), "0.5/s"},
		{"no rate", words.Printer{}.Rate(0), "–"},
		{"a time in the zone", p.Time(time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC)), "2026-11-20 10:00 +08:00"},
		{"no time", p.Time(time.Time{}), "–"},
		{"an escape sequence from a list", view.Safe("a\x1b[2Jb\nc"), "a\ufffd[2Jb c"},
		{"text turned around", view.Safe("a\u202eb"), "a\ufffdb"},
		{"Chinese stays", view.Safe("获奖名单"), "获奖名单"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.got != c.want {
				t.Errorf("got %q, want %q", c.got, c.want)
			}
		})
	}
}

func TestTable(t *testing.T) {
	for _, d := range devices() {
		t.Run(d.name, func(t *testing.T) {
			var out bytes.Buffer
			p := d.printer(&out)
			tab := view.NewTable("account", ">messages", "note")
			tab.Row("营销短信", "9,900", "余额不足")
			tab.Row("edm", "23,000", "a\tb\nc")
			tab.Footer("合计", "32,900", "")
			p.Table(tab, 2)
			if err := p.Flush(); err != nil {
				t.Fatal(err)
			}
			golden(t, "table-"+d.name+".txt", out.String())
		})
	}
}

func TestJSON(t *testing.T) {
	type thing struct {
		Name string `json:"name"`
	}
	type own struct {
		Schema string `json:"schema"`
		Name   string `json:"name"`
	}
	for _, c := range []struct {
		name  string
		value any
		want  string
	}{
		{"the form is put first", thing{"获奖 <a> & b"}, "{\n  \"schema\": \"notify.x/1\",\n  \"name\": \"获奖 <a> & b\"\n}\n"},
		{"a form that is there stays", own{"notify.x/1", "a"}, "{\n  \"schema\": \"notify.x/1\",\n  \"name\": \"a\"\n}\n"},
		{"an empty object", struct{}{}, "{\n  \"schema\": \"notify.x/1\"\n}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := view.JSON(&out, words.Printer{}, "notify.x/1", c.value); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, out.String()); diff != "" {
				t.Error(diff)
			}
			if !json.Valid(out.Bytes()) {
				t.Error("not JSON")
			}
		})
	}
	if err := view.JSON(io.Discard, words.Printer{}, "notify.x/1", []int{1}); err == nil {
		t.Error("a list has no form, and was written")
	}
	if err := view.JSON(io.Discard, words.Printer{}, "notify.x/1", func() {}); err == nil {
		t.Error("a function was written")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestWriteErrors(t *testing.T) {
	p := &view.Printer{Out: full{}}
	p.Line("x")
	if err := p.Flush(); err == nil {
		t.Error("the error of the writer was lost")
	}
	if err := view.JSON(full{}, words.Printer{}, "notify.x/1", struct{}{}); err == nil {
		t.Error("the error of the writer was lost")
	}
	c := console.New(strings.NewReader(""), full{}, io.Discard, console.Options{Getenv: func(string) string { return "" }})
	p = view.NewPrinter(c, zone)
	p.Line("x")
	if err := p.Flush(); err != nil || c.WriteErr() == nil {
		t.Errorf("a console's error stops: %v, remembered: %v", err, c.WriteErr())
	}
}
