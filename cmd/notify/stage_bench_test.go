package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/ledger/sqlite"
	"notify/pkg/list"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/send"
)

// BenchmarkPlanAndStage compares what a list costs from the spreadsheet to the ledger (every row read, checked, rendered,
// keyed and staged) with what excelize alone takes to stream the same file. BENCH_ROWS sets the rows, 1000000 for
// the figure that counts. peak-MB is the live heap at its highest, looked at every quarter of a second.
func BenchmarkPlanAndStage(b *testing.B) {
	rows := 100_000
	if n, err := strconv.Atoi(os.Getenv("BENCH_ROWS")); err == nil {
		rows = n
	}
	path := filepath.Join(b.TempDir(), "bench.xlsx")
	makeBenchList(b, path, rows)
	b.Run("excelize alone", func(b *testing.B) {
		for b.Loop() {
			watchHeap(b, func() { streamWithExcelize(b, path, rows) })
		}
		b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("plan and stage", func(b *testing.B) {
		for b.Loop() {
			watchHeap(b, func() { planAndStage(b, path, rows) })
		}
		b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
	})
}

func watchHeap(b *testing.B, work func()) {
	b.Helper()
	done, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		t := time.NewTicker(250 * time.Millisecond)
		defer t.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-t.C:
			case <-done:
				peak <- most
				return
			}
		}
	}()
	work()
	close(done)
	b.ReportMetric(float64(<-peak)/(1<<20), "peak-MB")
}

func makeBenchList(b *testing.B, path string, rows int) {
	b.Helper()
	f := excelize.NewFile()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	if err := w.SetRow("A1", []any{"工号", "姓名", "手机号", "奖项"}); err != nil {
		b.Fatal(err)
	}
	for i := range rows {
		row := []any{fmt.Sprintf("A%07d", i), "王" + strconv.Itoa(i), fmt.Sprintf("1349%07d", 4_000_000+i%5_000_000), "优秀奖"}
		if err := w.SetRow(fmt.Sprintf("A%d", i+2), row); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.SaveAs(path); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

func streamWithExcelize(b *testing.B, path string, rows int) {
	b.Helper()
	f, err := excelize.OpenFile(path, excelize.Options{RawCellValue: true, TmpDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	r, err := f.Rows("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	n := -1 // the header
	for r.Next() {
		if _, err := r.Columns(); err != nil {
			b.Fatal(err)
		}
		n++
	}
	if n != rows {
		b.Fatalf("read %d rows of %d", n, rows)
	}
}

func planAndStage(b *testing.B, path string, rows int) {
	b.Helper()
	ctx := context.Background()
	price := message.Money(45000)
	cfg := &config.Config{
		Environment: config.Test, Timezone: time.UTC, Country: "CN",
		Accounts: map[string]config.Account{"sms": {Name: "sms", Price: &price, Currency: "CNY", Rate: 100}},
		Routes:   map[message.Channel]config.Route{message.SMS: {Accounts: []config.Share{{Account: "sms", Weight: 1}}}},
	}
	c := &campaign.Campaign{
		Name: "bench", Environment: config.Test, Shared: campaign.SharedRefuse,
		Texts: campaign.Texts{{Channel: message.SMS, Short: &campaign.Short{File: "t", Text: "{{姓名}}，您获得{{奖项}}，请凭短信领取。"}}},
	}
	r, err := list.Open(b.Context(), path, list.Options{Country: "CN", Need: c.Channels(), TempDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	start := time.Now()
	p, err := plan.Make(ctx, plan.Inputs{Config: cfg, Campaign: c, List: r, TempDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	planned := time.Since(start)
	l, err := sqlite.Open(ctx, filepath.Join(b.TempDir(), "ledger.db"), sqlite.Options{Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	staged, err := send.Begin(ctx, l, p, ledger.Act{Who: "bench", What: "send", At: time.Now()})
	if err != nil || staged.Added != rows || p.Problems.Errors() != 0 {
		b.Fatalf("staged %+v, %d problems %v, %v", staged, p.Problems.Len(), p.Problems.Kept(), err)
	}
	b.ReportMetric(planned.Seconds(), "s-planning")
}

// BenchmarkStartUp is how long `notify version` takes from its start to its end, beside /bin/true.
func BenchmarkStartUp(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "notify")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	for _, c := range [][]string{{"true"}, {binary, "version"}} {
		b.Run(filepath.Base(c[0]), func(b *testing.B) {
			for b.Loop() {
				if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
					b.Fatalf("%v: %s", err, out)
				}
			}
		})
	}
}
