package stored_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"notify/pkg/ledger/sqlite"
	"notify/pkg/ledger/stored"

	"github.com/google/go-cmp/cmp"
)

// databases are those that are tested: each opens two ledgers on one that is fresh.
func databases(tb testing.TB) map[string]func(testing.TB) []stored.Common {
	tb.Helper()
	all := map[string]func(testing.TB) []stored.Common{"sqlite": func(tb testing.TB) []stored.Common {
		tb.Helper()
		path := filepath.Join(tb.TempDir(), "notify.db")
		both := make([]stored.Common, 2)
		for i := range both {
			l, err := sqlite.Open(tb.Context(), path, sqlite.Options{})
			if err != nil {
				tb.Fatal(err)
			}
			tb.Cleanup(func() { _ = l.Close() })
			both[i] = l.Common
		}
		return both
	}}
	if of := onServer(tb); of != nil {
		all["postgres"] = of
	}
	return all
}

// Of 250,000 messages one has the id of each, but for 1,500 that have one id together, and two whose ids have one print.
const (
	many      = 250_000
	batch     = "batch-7"
	batchFrom = 100_000
	batchTo   = 101_500
)

func idOf(message int64) string {
	switch {
	case message >= batchFrom && message < batchTo:
		return batch
	case message == 10:
		return "SM004550"
	case message == 200_000:
		return "SM030138"
	}
	return fmt.Sprintf("vendor-%d", message)
}

// index is what was settled, and what of it has which print.
type index struct {
	stored.Common
	want map[int64][][2]int64
	n    int
}

// settle records what vendors call the messages from a first one on, as transactions do: so many, in rows of as many as one settles.
func (x *index) settle(tb testing.TB, first int64, n, row int) {
	tb.Helper()
	if err := x.DB.Write(tb.Context(), "settle", func(t stored.Tx) error {
		for ; n > 0; n -= row {
			var v stored.VendorPrints
			for range min(n, row) {
				campaign := first%3 + 1
				v.Add(campaign, first, idOf(first))
				if x.want != nil {
					mark := stored.VendorPrint(idOf(first))
					x.want[mark] = append(x.want[mark], [2]int64{campaign, first})
				}
				first++
				x.n++
			}
			if err := v.Write(t.Exec); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		tb.Fatal(err)
	}
	for _, of := range x.want {
		slices.SortFunc(of, func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) })
	}
}

// holds wants everything to be there once, and ids of all kinds to be found.
func (x *index) holds(t *testing.T, rnd *rand.Rand) (generations, there int) {
	t.Helper()
	last := int64(0)
	each := func(query string, row func(stored.Row) error) {
		t.Helper()
		if err := x.DB.Read(t.Context(), row, query); err != nil {
			t.Fatal(err)
		}
	}
	each("SELECT generation, prints FROM vendor_print ORDER BY generation", func(row stored.Row) error {
		var of int64
		var prints []byte
		err := row.Scan(&of, &prints)
		there += len(stored.Block(prints))
		if of != last {
			last = of
			generations++
		}
		return err
	})
	waiting := 0
	each("SELECT coalesce(sum(messages), 0) FROM vendor_print_new", func(row stored.Row) error { return row.Scan(&waiting) })
	if there+waiting != x.n {
		t.Fatalf("%d are in order and %d are not, want %d together", there, waiting, x.n)
	}
	for _, message := range []int64{10, batchFrom, 200_000, rnd.Int64N(many), rnd.Int64N(many), rnd.Int64N(many), rnd.Int64N(many)} {
		x.finds(t, idOf(message))
	}
	for _, nobody := range []string{"", "vendor-", "nobody"} {
		x.finds(t, nobody)
	}
	return generations, there
}

func (x *index) finds(t *testing.T, id string) {
	t.Helper()
	got, err := x.Printed(t.Context(), id)
	if d := cmp.Diff(x.want[stored.VendorPrint(id)], got); d != "" || err != nil {
		t.Fatalf("%s: %v (-want +got):\n%s", id, err, d)
	}
}

// findsBorders looks up what every block begins and ends with.
func (x *index) findsBorders(t *testing.T) {
	t.Helper()
	marks := make(map[int64]int)
	if err := x.DB.Read(t.Context(), func(row stored.Row) error {
		var prints []byte
		err := row.Scan(&prints)
		all := stored.Block(prints)
		marks[all[0][0]]++
		marks[all[len(all)-1][0]]++
		return err
	}, "SELECT prints FROM vendor_print"); err != nil {
		t.Fatal(err)
	}
	if marks[stored.VendorPrint(batch)] < 4 {
		t.Errorf("what has one id together is at %d borders", marks[stored.VendorPrint(batch)])
	}
	for mark := range marks {
		got, err := x.InOrder(t.Context(), mark)
		if d := cmp.Diff(x.want[mark], got); d != "" || err != nil {
			t.Fatalf("%d: %v (-want +got):\n%s", mark, err, d)
		}
	}
}

// breaking is a database whose user is killed at a transaction: before it is made, or when it is durable.
type breaking struct {
	stored.Database
	made int // so many are made before
	late bool
}

var errKilled = errors.New("killed")

func (b *breaking) Write(ctx context.Context, doing string, job func(stored.Tx) error) error {
	if b.made--; b.made >= 0 {
		return b.Database.Write(ctx, doing, job)
	}
	if b.late {
		if err := b.Database.Write(ctx, doing, job); err != nil {
			return err
		}
	}
	return errKilled
}

func TestIDsOfVendorsAreFoundBeforeWhileAndAfterTheyArePutInOrderWhoeverIsKilled(t *testing.T) {
	for name, fresh := range databases(t) {
		t.Run(name, func(t *testing.T) {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			rnd := rand.New(rand.NewPCG(seed, 0))
			x := &index{Common: fresh(t)[0], want: make(map[int64][][2]int64)}
			x.settle(t, 0, many, 500)
			x.holds(t, rnd)
			portions := 0
			for made := 0; ; made = 1 - made {
				err := stored.Common{DB: &breaking{x.DB, made, made == 1}, Queries: x.Queries}.Gather(t.Context())
				_, there := x.holds(t, rnd)
				if err == nil {
					break
				}
				if !errors.Is(err, errKilled) {
					t.Fatal(err)
				}
				if there > 0 && there < many {
					portions++
				}
			}
			if portions == 0 {
				t.Error("all of it was one transaction")
			}
			x.findsBorders(t)
			for at := int64(many); at < many+30*400; at += 400 { // many small runs
				x.settle(t, at, 400, 64)
				err := stored.Common{DB: &breaking{x.DB, 1, at%800 == 0}, Queries: x.Queries}.Gather(t.Context()) // killed when small generations are joined
				if err != nil && !errors.Is(err, errKilled) {
					t.Fatal(err)
				}
				x.holds(t, rnd)
			}
			if err := x.Gather(t.Context()); err != nil {
				t.Fatal(err)
			}
			if generations, there := x.holds(t, rnd); there != x.n || generations > 3+2*7 {
				t.Errorf("%d of %d are in order, in %d generations", there, x.n, generations)
			}
			x.findsBorders(t)
		})
	}
}

func TestSeveralPutIDsOfVendorsInOrderAtOnceAndNothingIsThereTwice(t *testing.T) {
	for name, fresh := range databases(t) {
		t.Run(name, func(t *testing.T) {
			both := fresh(t)
			x := &index{Common: both[0], want: make(map[int64][][2]int64)}
			rnd := rand.New(rand.NewPCG(1, 2))
			for at := int64(0); at < 12; at++ {
				x.settle(t, at*12_000, 12_000, 500)
				var wait sync.WaitGroup
				for _, l := range both {
					wait.Go(func() {
						if err := l.Gather(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
				wait.Wait()
				if _, there := x.holds(t, rnd); there != x.n {
					t.Errorf("%d of %d are in order", there, x.n)
				}
			}
		})
	}
}

// The context that ends between two transactions ends the wait, and the next goes on.
func TestWhoeverDoesNotWaitForIDsOfVendorsLosesNone(t *testing.T) {
	for name, fresh := range databases(t) {
		t.Run(name, func(t *testing.T) {
			x := &index{Common: fresh(t)[0], want: make(map[int64][][2]int64)}
			x.settle(t, 0, many, 500)
			rnd := rand.New(rand.NewPCG(1, 2))
			ctx, stop := context.WithCancel(t.Context())
			err := stored.Common{DB: stopping{x.DB, stop}, Queries: x.Queries}.Gather(ctx)
			if _, there := x.holds(t, rnd); !errors.Is(err, context.Canceled) || there == 0 || there == many {
				t.Errorf("%d are in order, %v", there, err)
			}
			if err := x.Gather(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, there := x.holds(t, rnd); there != many {
				t.Errorf("%d are in order", there)
			}
		})
	}
}

// stopping stops whoever made a transaction.
type stopping struct {
	stored.Database
	stop func()
}

func (s stopping) Write(ctx context.Context, doing string, job func(stored.Tx) error) error {
	defer s.stop()
	return s.Database.Write(ctx, doing, job)
}

// What a vendor called a message is found later, too: prints are the same for ever. Two that are known to be of one print are.
func TestPrintsOfVendorsIDsStay(t *testing.T) {
	for id, want := range map[string]int64{"": 0x4fd0bfc1, "SM004550": 1175319627, "SM030138": 1175319627} {
		if got := stored.VendorPrint(id); got != want {
			t.Errorf("%q: %#x", id, got)
		}
	}
}

var settled = flag.Int("prints", 1_000_000, "how many ids of vendors are looked up among")

// BenchmarkVendorID looks ids up among those of campaigns of 10,000 messages, each put in order when it was over, and among those of one campaign. For 10
// million: -prints 10000000.
func BenchmarkVendorID(b *testing.B) {
	for name, fresh := range databases(b) {
		for _, size := range []int{10_000, *settled} {
			b.Run(fmt.Sprintf("%s/campaigns=%d", name, *settled/size), func(b *testing.B) {
				x := &index{Common: fresh(b)[0]}
				var took time.Duration
				for x.n < *settled {
					for end := x.n + size; x.n < end; {
						x.settle(b, int64(x.n), min(100_000, end-x.n), 256)
					}
					began := time.Now()
					if err := x.Gather(b.Context()); err != nil {
						b.Fatal(err)
					}
					took += time.Since(began)
				}
				rnd := rand.New(rand.NewPCG(1, 2))
				var looks []time.Duration
				for b.Loop() {
					id, began := idOf(rnd.Int64N(int64(*settled))), time.Now()
					if found, err := x.Printed(b.Context(), id); err != nil || len(found) == 0 {
						b.Fatalf("%s: %v, %v", id, found, err)
					}
					looks = append(looks, time.Since(began))
				}
				slices.Sort(looks)
				for _, q := range []int{50, 99} {
					b.ReportMetric(float64(looks[len(looks)*q/100].Microseconds())/1000, fmt.Sprintf("ms-p%d", q))
				}
				b.ReportMetric(took.Seconds(), "s-gathering")
			})
		}
	}
}
