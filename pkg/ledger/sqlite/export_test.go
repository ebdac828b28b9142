package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
)

const (
	StandingOf   = standingOf
	OpenRecorded = openRecordedQuery
	UnrecordedOf = unrecordedOf
	UntriedQuery = untriedQuery
	AgainQuery   = againQuery
	PacedQuery   = pacedQuery
	FirstPaced   = firstAndLastPaced
	MissedQuery  = missedQuery
)

// OpenNewer opens the ledger as a later program would, that knows more steps.
func OpenNewer(ctx context.Context, path string, o Options, more ...string) (*Ledger, error) {
	steps, err := migrationSteps()
	if err != nil {
		return nil, err
	}
	return openWith(ctx, path, o, append(steps, more...))
}

// RecordsOf are the queries for all records, and for those of the states that only a standing has.
func RecordsOf() (all, standing string) {
	return recordsOf(standings, ofCampaign, "m.id"), recordsOf(recorded, recordedOf, "s.message_id")
}

// LimitPages makes the disk full for the writer: as many pages as the file has, and so many more. 0 lifts it.
func (l *Ledger) LimitPages(ctx context.Context, more int) error {
	return l.do(ctx, "limit", func(x *tx) error {
		var pages int
		if err := x.one([]any{&pages}, "PRAGMA page_count"); err != nil {
			return err
		}
		limit := pages + more
		if more == 0 {
			limit = 1<<31 - 2
		}
		return x.one([]any{&pages}, fmt.Sprintf("PRAGMA max_page_count = %d", limit))
	})
}

// LocalDrive and Synced are pure: they are asked for every system's paths.
var (
	LocalDrive = localDrive
	Synced     = synced
)

// Through has every connection used through what is made of it.
func (o Options) Through(of func(driver.Conn) (driver.Conn, error)) Options {
	o.through = of
	return o
}
