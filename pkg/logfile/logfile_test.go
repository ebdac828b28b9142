//go:build linux

package logfile_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"notify/pkg/logfile"
	"notify/pkg/words"
)

// lines are the objects in a file.
func lines(t *testing.T, path string) []map[string]any {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	for l := range strings.Lines(string(b)) {
		var v map[string]any
		if err := json.Unmarshal([]byte(l), &v); err != nil {
			t.Fatalf("%q: %v", l, err)
		}
		out = append(out, v)
	}
	return out
}

func TestNoAddressIsInALog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify.log")
	f, err := logfile.Open(path, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(f.Handler(slog.LevelInfo))
	log.Debug("nobody asked")
	for said, want := range map[string]string{
		"no such user <wang.li@example.test>: go away": "no such user <w***i@example.test>: go away",
		"+8613812345678": "+86138****5678",
		"to 13812345678,8613812345678 and +44 7700":         "to 138****5678,86138****5678 and +44 7700",
		"13812345678 13912345678 13712345678":               "138****5678 139****5678 137****5678",
		"wa***li@example.test was told":                     "wa***li@example.test was told",
		"+86138****5678":                                    "+86138****5678",
		"2026-11-26 03:28, run 12, 30000 of 1234567, 0.045": "2026-11-26 03:28, run 12, 30000 of 1234567, 0.045",
		"isv.BUSINESS_LIMIT_CONTROL":                        "isv.BUSINESS_LIMIT_CONTROL",
	} {
		log.Info(said, "said", said, "error", errors.New(said), "text", words.Raw(said), "vendor_id", "12345678901^0", "n", 13812345678)
		all := lines(t, path)
		last := all[len(all)-1]
		for _, key := range []string{"msg", "said", "error", "text"} {
			if last[key] != want {
				t.Errorf("%s of %q is %q", key, said, last[key])
			}
		}
		if last["vendor_id"] != "12345678901^0" {
			t.Errorf("an id is %v", last["vendor_id"])
		}
	}
	if n := len(lines(t, path)); n != 8 {
		t.Errorf("there are %d lines", n)
	}
}

// A sentence that the screen says stands there in English with its id; a time that is none does not stand there.
func TestASentenceIsLoggedWithItsID(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify.log")
	f, err := logfile.Open(path, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	words.Log(slog.New(f.Handler(slog.LevelInfo)), slog.LevelWarn, words.T("log.stale", words.A{"attempt": "7"}), "until", time.Time{})
	got := lines(t, path)[0]
	delete(got, slog.TimeKey)
	want := map[string]any{"level": "WARN", "msg": "the ledger had another outcome for attempt 7 already, which counts", "id": "log.stale"}
	if !maps.Equal(got, want) {
		t.Errorf("it has %v, want %v", got, want)
	}
}

// What was there stays; a file that is cut to nothing meanwhile, as logrotate's copytruncate does, goes on from its beginning.
func TestALogIsAppendedAndCanBeCut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notify.log")
	for i, want := range []int{1, 2} {
		f, err := logfile.Open(path, func(err error) { t.Error(err) })
		if err != nil {
			t.Fatal(err)
		}
		slog.New(f.Handler(slog.LevelInfo)).Info("one more", "i", i)
		if got := len(lines(t, path)); got != want {
			t.Errorf("there are %d lines, want %d", got, want)
		}
		if i == 1 {
			if err := os.Truncate(path, 0); err != nil {
				t.Fatal(err)
			}
			slog.New(f.Handler(slog.LevelInfo)).Info("after it was cut")
			if all := lines(t, path); len(all) != 1 || all[0]["msg"] != "after it was cut" {
				t.Errorf("it has %v", all)
			}
		}
		_ = f.Close()
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestALogThatCannotBeWrittenIsSaidOnce(t *testing.T) {
	t.Parallel()
	said := 0
	f, err := logfile.Open("/dev/full", func(err error) {
		if said++; !errors.Is(err, syscall.ENOSPC) {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(f.Handler(slog.LevelInfo))
	for range 3 {
		log.Info("x")
	}
	if said != 1 {
		t.Errorf("it was said %d times", said)
	}
}
