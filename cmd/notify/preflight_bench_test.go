package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"notify/pkg/diag"
	"notify/pkg/exit"
	"notify/pkg/list"
	"notify/pkg/message"
	"notify/pkg/preflight"
	"notify/pkg/sandbox"
)

// preflightLimit is what all checks of the example's 23,000 may take, with vendors that answer at once.
const preflightLimit = 2 * time.Second

// BenchmarkPreflight compares the whole command, every check in it and its vendors at a sandbox in this process, with
// reading the same list alone: the 23,000 of the example, by SMS and mail, and a list of BENCH_ROWS, by SMS.
func BenchmarkPreflight(b *testing.B) {
	rows := 100_000
	if n, err := strconv.Atoi(os.Getenv("BENCH_ROWS")); err == nil {
		rows = n
	}
	dir := b.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../examples")); err != nil {
		b.Fatal(err)
	}
	box, err := sandbox.Start(b.Context(), sandbox.Config{SMSAddr: "127.0.0.1:0", MailAddr: "127.0.0.1:0", Token: "sandbox", Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer box.Close()
	b.Setenv("NOTIFY_ACCOUNTS_SMS_ENDPOINT", box.URL())
	b.Setenv("NOTIFY_ACCOUNTS_SMS_BACKUP_ENDPOINT", box.URL())
	b.Setenv("NOTIFY_ACCOUNTS_EDM_OPTIONS_ADDRESS", box.MailAddr())
	makeBenchList(b, filepath.Join(dir, "bench.xlsx"), rows)
	for name, text := range map[string]string{
		"bench.yaml": strings.ReplaceAll(only("bench", message.SMS), "award.sms.txt", "bench.txt"), "bench.txt": "{{姓名}}，您获得{{奖项}}，请凭短信领取。",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, list string
		limit      time.Duration
	}{{"example", "award.xlsx", preflightLimit}, {strconv.Itoa(rows) + " rows", "bench.xlsx", 0}} {
		path := filepath.Join(dir, c.list)
		b.Run(c.name+"/list alone", func(b *testing.B) {
			for b.Loop() {
				watchHeap(b, func() { readAlone(b, path) })
			}
		})
		b.Run(c.name+"/preflight", func(b *testing.B) {
			for b.Loop() {
				watchHeap(b, func() { checkAll(b, path) })
			}
			if took := b.Elapsed() / time.Duration(b.N); c.limit > 0 && took > c.limit {
				b.Errorf("it takes %s, more than %s", took, c.limit)
			}
		})
	}
}

func readAlone(b *testing.B, path string) {
	b.Helper()
	r, err := list.Open(b.Context(), path, list.Options{Country: "CN", Need: []message.Channel{message.SMS}, TempDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	var row list.Row
	var problems diag.List
	for err == nil {
		err = r.Next(&row, &problems)
	}
	if !errors.Is(err, io.EOF) {
		b.Fatal(err)
	}
}

// checkAll runs the command; whether the campaign passes does not matter, that every check was asked and answered does.
func checkAll(b *testing.B, path string) {
	b.Helper()
	var out bytes.Buffer
	e := newEnv(bytes.NewReader(nil), &out, io.Discard, os.Getenv, func() time.Time { return time.Now().Round(0) })
	defer e.close()
	root := newRoot(e)
	root.SetArgs([]string{"preflight", path, "--json", "--quiet", "--config", filepath.Join(filepath.Dir(path), "notify.yaml")})
	var ended *ending
	failed := root.ExecuteContext(b.Context())
	if failed != nil && (!errors.As(failed, &ended) || ended.code != exit.Failed) {
		b.Fatal(failed)
	}
	var all struct {
		Checks []answered `json:"checks"`
	}
	if err := json.Unmarshal(out.Bytes(), &all); err != nil || len(all.Checks) != len(preflight.All()) {
		b.Fatalf("%d checks, %v, %v", len(all.Checks), err, failed)
	}
	for _, a := range all.Checks {
		if a.Status == preflight.Error || a.Status == preflight.NotRun {
			b.Fatalf("%s: %s: %s", a.ID, a.Status, a.Summary)
		}
	}
}
