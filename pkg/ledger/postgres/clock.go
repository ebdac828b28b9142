package postgres

import (
	"context"
	"sync"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/words"

	"github.com/jackc/pgx/v5"
)

// clock is how far the server's clock is ahead of the caller's. Each answer bounds it from both sides; it is moved only as far as it lies
// outside, so that the time that an answer takes does not make it shake.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
	known bool
}

// server is a caller's time on the server's clock.
func (c *clock) server(t time.Time) time.Time { return shifted(t, c.differs()) }

// caller is a time of the server's on the caller's clock.
func (c *clock) caller(t time.Time) time.Time { return shifted(t, -c.differs()) }

func shifted(t time.Time, by time.Duration) time.Time {
	if t.Unix() <= 0 { // none
		return t
	}
	return t.Add(by)
}

// learn takes in that the server's clock showed at, somewhen between the two times of the caller's.
func (c *clock) learn(from, to, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	least, most := at.Sub(to), at.Sub(from)
	if !c.known {
		c.ahead, c.known = min(max(0, least), most), true
		return
	}
	c.ahead = min(max(c.ahead, least), most)
}

func (c *clock) differs() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ahead
}

// readClock asks the server what time it is.
func (l *Ledger) readClock(ctx context.Context) error {
	var at time.Time
	from := l.opts.Now()
	if err := l.write.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&at); err != nil {
		return err
	}
	l.clock.learn(from, l.opts.Now(), at)
	return nil
}

// wantClock queues the question what time it is; what it returns refuses, after the next sync, a caller whose clock differs too much.
func (x *tx) wantClock() (fits func() error) {
	if x.l.opts.CallersClock {
		return func() error { return nil }
	}
	var at time.Time
	from := x.l.opts.Now()
	var waits bool
	var loses string
	x.ask(func(rows pgx.Rows) error { return rows.Scan(&at, &waits, &loses) }, `SELECT clock_timestamp(), current_setting('synchronous_standby_names') <> '',
		concat_ws(', ', CASE current_setting('fsync') WHEN 'off' THEN 'fsync = off' END, CASE current_setting('full_page_writes') WHEN 'off' THEN 'full_page_writes = off' END)`)
	return func() error {
		switch waits := x.l.server.waits(waits); {
		case !x.l.server.keeps(loses == ""):
			x.doubtful = words.T("ledger.loses", words.A{"settings": loses})
		case !waits:
			x.doubtful = words.T("ledger.unwaited", nil)
		}
		x.l.clock.learn(from, x.l.opts.Now(), at)
		return ledger.FitsClock(x.l.clock.differs())
	}
}
