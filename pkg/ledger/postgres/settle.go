package postgres

import (
	"errors"
	"slices"
	"strings"

	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"
	"notify/pkg/message"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// errSingly says that what was settled together cannot be: the transaction is made again, one by one.
var errSingly = errors.New("the attempts are to be settled singly")

// said is what a vendor said as this database takes it: text is UTF-8 here, and has no byte that is 0.
func said(s string) any { return stored.OrNull(clean(s)) }

func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// settling is what came of a turn's attempts. To be accepted is what comes of nearly all: those are written together.
type settling struct {
	all     []ledger.Settlement
	single  bool
	wanted  bool
	written bool // something was written before it is known that the turn is let in
	stale   bool // some of it had been settled before

	done []flight // that were accepted and are written together
	rest []*ledger.Settlement
	open map[int64]*flight // of rest, what was open, by attempt
}

// newSettling settles singly where an attempt is named twice: the first word counts.
func newSettling(all []ledger.Settlement, single bool) *settling {
	s := &settling{all: all, single: single, open: make(map[int64]*flight)}
	named := make(map[int64]bool, len(all))
	for i := range all {
		s.single = s.single || named[all[i].Attempt]
		named[all[i].Attempt] = true
	}
	return s
}

// singly is the error of a transaction that wrote before it knew whether it may: what the schema refused may be for a turn that is none.
func (s *settling) singly(err error) error {
	var e *pgconn.PgError
	if s.written && errors.As(err, &e) && (constraint(err) || e.Code == "P0001") { // raise_exception
		return errSingly
	}
	return err
}

// wantSettled queues what was accepted, and the question what of the rest is open.
func (x *tx) wantSettled(t *turn, campaign int64) {
	w := t.settles
	w.wanted = true
	var begun, again accepted
	for i := range w.all {
		s := &w.all[i]
		if f, ok := x.inMemory(t.req.Run, s.Attempt); ok && !w.single && s.Outcome.Kind == message.OutcomeAccepted {
			w.done = append(w.done, f)
			x.prints.Add(campaign, f.message, clean(s.Outcome.VendorID))
			if f.recorded {
				again.add(f, s)
			} else {
				begun.add(f, s)
			}
			continue
		}
		w.rest = append(w.rest, s)
		x.wantFlight(w, campaign, t.req.Run, s.Attempt)
	}
	w.written = len(w.done) > 0
	x.writeAccepted(w, campaign, &begun, recordAccepted)
	x.writeAccepted(w, campaign, &again, settleAccepted)
}

// settleAll counts what was accepted, and settles the rest.
func (x *tx) settleAll(t *turn) error {
	w := t.settles
	if !w.wanted {
		x.wantSettled(t, t.run.campaign)
		if err := x.sync(); err != nil {
			return w.singly(err)
		}
		if w.stale {
			return errSingly
		}
	}
	for _, s := range w.rest {
		if err := x.settle(t, *s); err != nil {
			return err
		}
	}
	for i := 0; i < len(w.done); {
		of := w.done[i].of
		n, segments := int64(0), int64(0)
		for ; i < len(w.done) && w.done[i].of == of; i++ {
			n++
			segments += int64(w.done[i].segments)
		}
		if err := x.settled(of, message.Attempting, message.Accepted, of.Debit(n, segments)); err != nil {
			return err
		}
	}
	return nil
}

// inMemory is an attempt of the run that was claimed here.
func (x *tx) inMemory(run ledger.RunID, attempt int64) (flight, bool) {
	x.l.mu.Lock()
	defer x.l.mu.Unlock()
	id, number := stored.AttemptOf(attempt)
	f, ok := x.l.flights[id]
	return f, ok && f.number == number && f.of.Run == run
}

// accepted are the columns of what was accepted.
type accepted struct {
	ids, numbers, claims, segments, at, seals []int64
	channels                                  []string
	codes, details, vendors                   []any
	of                                        stored.Sealer
}

func (a *accepted) add(f flight, s *ledger.Settlement) {
	code, detail, vendor, segments, at := said(s.Outcome.Code), said(s.Outcome.Detail), said(s.Outcome.VendorID), int64(s.Outcome.Segments), stored.Nanos(s.At)
	a.ids, a.numbers, a.claims = append(a.ids, f.message), append(a.numbers, int64(f.number)), append(a.claims, f.of.ID)
	a.channels, a.segments, a.at = append(a.channels, string(f.of.Channel)), append(a.segments, segments), append(a.at, at)
	a.codes, a.details, a.vendors = append(a.codes, code), append(a.details, detail), append(a.vendors, vendor)
	a.seals = append(a.seals, a.of.Add(f.message, f.of.Campaign, string(f.of.Channel), string(message.Accepted), int64(f.number), int64(f.number-1), f.of.ID,
		code, detail, vendor, stored.OrNull(segments), at, nil).Seal())
}

// What is accepted and had no record; where one has it by now, none is written, and all are settled singly: to leave out a row that is there would
// cost the log a record more for each that is not.
const (
	acceptedRows = `unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::bigint[])
		AS v (id, number, claim, channel, code, detail, vendor, segments, at, seal)`
	recordAccepted = `INSERT INTO standing (state, campaign_id, message_id, attempts, claim_id, channel, code, detail, vendor_id, vendor_segments, settled_at, seal)
		SELECT 'accepted', $1, v.id, v.number, v.claim, v.channel, v.code, v.detail, v.vendor, nullif(v.segments, 0), v.at, v.seal FROM ` + acceptedRows
	settleAccepted = `UPDATE standing s SET state = 'accepted', not_before = 0, code = v.code, detail = v.detail, vendor_id = v.vendor,
		vendor_segments = nullif(v.segments, 0), settled_at = v.at, seal = v.seal FROM ` + acceptedRows + `
		WHERE s.campaign_id = $1 AND s.message_id = v.id AND s.attempts = v.number AND s.claim_id = v.claim AND s.channel = v.channel AND s.state = 'attempting'`
)

func (x *tx) writeAccepted(w *settling, campaign int64, a *accepted, query string) {
	if len(a.ids) == 0 {
		return
	}
	x.batch.Queue(query, campaign, a.ids, a.numbers, a.claims, a.channels, a.codes, a.details, a.vendors, a.segments, a.at, a.seals).
		Exec(func(tag pgconn.CommandTag) error {
			w.stale = w.stale || int(tag.RowsAffected()) != len(a.ids)
			return nil
		})
}

// settle records one outcome.
func (x *tx) settle(t *turn, s ledger.Settlement) error {
	o := s.Outcome
	if !slices.Contains(message.OutcomeKinds(), o.Kind) {
		o.Kind = message.OutcomeUnknown
	}
	f := t.settles.open[s.Attempt]
	if f == nil {
		t.out.Stale = append(t.out.Stale, s.Attempt)
		return nil
	}
	delete(t.settles.open, s.Attempt)
	x.unsealed = true
	if !f.recorded {
		x.queue("INSERT INTO standing (message_id, campaign_id, channel, state, attempts, claim_id) VALUES ($1, $2, $3, 'attempting', 1, $4)",
			f.message, f.of.Campaign, string(f.of.Channel), f.of.ID)
	}
	to := o.Kind.State()
	if o.Kind.Definite() {
		var retry int64
		if to == message.Pending {
			retry = stored.Nanos(ledger.Later(t.req.Now, s.NotBefore))
			t.run.freed = t.run.freed || t.run.aborted != nil
		}
		// The message follows by a trigger.
		x.queue(`INSERT INTO attempt (campaign_id, message_id, number, claim_id, segments, outcome, reason, code, detail, vendor_id, vendor_segments, settled_at,
			retry_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, f.of.Campaign, f.message, f.number, f.of.ID, f.segments, string(o.Kind),
			said(string(o.Reason)), said(o.Code), said(o.Detail), said(o.VendorID), stored.OrNull(o.Segments), stored.Nanos(s.At), retry)
	} else {
		x.queue(`UPDATE standing SET state = $1, not_before = 0, code = $2, detail = $3, vendor_id = $4, vendor_segments = $5, settled_at = $6, seal = NULL
			WHERE campaign_id = $7 AND message_id = $8 AND state = 'attempting'`, string(to), said(o.Code), said(o.Detail), said(o.VendorID),
			stored.OrNull(o.Segments), stored.Nanos(s.At), f.of.Campaign, f.message)
	}
	x.prints.Add(f.of.Campaign, f.message, clean(o.VendorID))
	if err := stored.Uncount(f.of, s.Uncount, x.domain); err != nil {
		return err
	}
	return x.settled(f.of, message.Attempting, to, f.of.Debit(1, int64(f.segments)))
}

const (
	claimedColumns = `c.id, c.campaign_id, c.run_id, c.channel, c.account, c.currency, c.day, c.scenario, c.price`
	flightQuery    = `SELECT m.segments, m.recorded, ` + claimedColumns + ` FROM message_standing m JOIN claim c ON c.id = m.claim_id
		WHERE m.campaign_id = $1 AND m.id = $2 AND m.attempts = $3 AND m.state = 'attempting'`
)

// wantFlight asks for an attempt of the run that is open.
func (x *tx) wantFlight(w *settling, campaign int64, run ledger.RunID, attempt int64) {
	f := &flight{of: new(stored.Claimed)}
	f.message, f.number = stored.AttemptOf(attempt)
	x.ask(func(rows pgx.Rows) error {
		err := rows.Scan(append([]any{&f.segments, &f.recorded}, f.of.Dest()...)...)
		if f.of.Run == run {
			w.open[attempt] = f
		}
		return err
	}, flightQuery, campaign, f.message, f.number)
}

// openClaim is a claim with messages that are open.
type openClaim struct {
	stored.Claimed
	turn, deadline int64
	first, last    int64 // of its range; 0 without one
	// How many are open because the range says so, and how many have a standing that does.
	unrecorded, unrecordedSegments int64
	recorded, recordedSegments     int64
}

func (o *openClaim) dest() []any {
	return append(o.Dest(), &o.turn, &o.deadline, &o.first, &o.last)
}

const (
	openClaimColumns  = claimedColumns + `, c.turn, c.deadline, coalesce(c.first_id, 0), coalesce(c.last_id, 0)`
	openRecordedQuery = `SELECT ` + openClaimColumns + `, count(*), sum(m.segments)::bigint FROM standing s
		JOIN claim c ON c.id = s.claim_id JOIN message m ON m.campaign_id = $1 AND m.id = s.message_id
		WHERE s.campaign_id = $1 AND s.state = 'attempting' AND c.run_id + 0 = $2 GROUP BY c.id ORDER BY c.id DESC` // the run may have very many claims
	openRangeQuery = `SELECT ` + openClaimColumns + ` FROM claim c WHERE c.run_id = $1 AND c.id < $2 AND c.first_id IS NOT NULL
		ORDER BY c.id DESC LIMIT 1`
	// unrecordedOf is what is being attempted because a range says so.
	unrecordedOf = ` FROM message m WHERE m.campaign_id = $1 AND m.id BETWEEN $2 AND $3 AND m.channel = $4
		AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.campaign_id = $1 AND s.message_id = m.id)`
)

// open are the claims of the run that have messages open, the newest first. The tally says how many messages those are: mostly they
// are found in the newest few, and the others are not looked at.
func (x *tx) open(campaign int64, run ledger.RunID) ([]openClaim, error) {
	cells, err := x.tally(campaign)
	if err != nil {
		return nil, err
	}
	left := cells.OpenOf(run)
	if left == 0 {
		return nil, nil
	}
	byID := make(map[int64]int)
	var open []openClaim
	err = x.each(func(rows pgx.Rows) error {
		var o openClaim
		if err := rows.Scan(append(o.dest(), &o.recorded, &o.recordedSegments)...); err != nil {
			return err
		}
		left -= o.recorded
		byID[o.ID] = len(open)
		open = append(open, o)
		return nil
	}, openRecordedQuery, campaign, int64(run))
	for before := int64(1<<63 - 1); err == nil && left > 0; {
		var o openClaim
		if err = x.one(o.dest(), openRangeQuery, int64(run), before); err != nil {
			break
		}
		before = o.ID
		if err = x.one([]any{&o.unrecorded, &o.unrecordedSegments}, "SELECT count(*), coalesce(sum(m.segments), 0)::bigint"+unrecordedOf,
			campaign, o.first, o.last, string(o.Channel)); err != nil || o.unrecorded == 0 {
			continue
		}
		left -= o.unrecorded
		if i, ok := byID[o.ID]; ok {
			open[i].unrecorded, open[i].unrecordedSegments = o.unrecorded, o.unrecordedSegments
			continue
		}
		open = append(open, o)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil // there are no more claims
	}
	return open, err
}

// orphan makes what a run left open unknown. It is not credited: the messages may have left.
func (x *tx) orphan(campaign int64, run ledger.RunID, code, detail string, at int64) (int, error) {
	open, err := x.open(campaign, run)
	if err != nil {
		return 0, err
	}
	n := int64(0)
	for i := range open {
		o := &open[i]
		if o.unrecorded > 0 {
			if _, err := x.unsealing(`INSERT INTO standing (state, attempts, code, detail, settled_at, message_id, campaign_id, channel, claim_id)
				SELECT 'unknown', 1, $5, $6, $7, m.id, m.campaign_id, m.channel, $8`+unrecordedOf,
				campaign, o.first, o.last, string(o.Channel), code, detail, at, o.ID); err != nil {
				return 0, err
			}
		}
		if o.recorded > 0 {
			if _, err := x.unsealing(`UPDATE standing SET state = 'unknown', not_before = 0, code = $1, detail = $2, settled_at = $3, seal = NULL
				WHERE campaign_id = $4 AND state = 'attempting' AND claim_id = $5`, code, detail, at, campaign, o.ID); err != nil {
				return 0, err
			}
		}
		messages := o.unrecorded + o.recorded
		if err := x.settled(&o.Claimed, message.Attempting, message.Unknown, o.Debit(messages, o.unrecordedSegments+o.recordedSegments)); err != nil {
			return 0, err
		}
		n += messages
	}
	return int(n), nil
}

// recover reads what the run's last turn claimed and is still open.
func (x *tx) recover(r *liveRun) ([]ledger.Claim, error) {
	open, err := x.open(r.campaign, r.id)
	if err != nil {
		return nil, err
	}
	var out []ledger.Claim
	for i := range open {
		o := &open[i]
		if o.turn != r.turn {
			continue
		}
		row := func(rows pgx.Rows) error {
			cl := ledger.Claim{Account: o.Account, Channel: o.Channel, Deadline: stored.Moment(o.deadline)}
			var id int64
			err := rows.Scan(&id, &cl.Number, &cl.Key, &cl.Address, &cl.Segments, &cl.Row, &cl.Fields)
			cl.Attempt = stored.AttemptID(id, cl.Number)
			out = append(out, cl)
			return err
		}
		x.ask(row, recoverRange, o.Campaign, o.first, o.last, string(o.Channel))
		x.ask(row, recoverRecorded, o.Campaign, o.ID)
		if err := x.sync(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const (
	recoverRange = `SELECT m.id, 1, m.key, m.address, m.segments, r.row, r.fields FROM message m JOIN recipient r ON r.campaign_id = $1 AND r.id = m.recipient_id
		WHERE m.campaign_id = $1 AND m.id BETWEEN $2 AND $3 AND m.channel = $4
		AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.campaign_id = $1 AND s.message_id = m.id) ORDER BY m.id`
	recoverRecorded = `SELECT m.id, s.attempts, m.key, m.address, m.segments, r.row, r.fields FROM standing s
		JOIN message m ON m.campaign_id = $1 AND m.id = s.message_id JOIN recipient r ON r.campaign_id = $1 AND r.id = m.recipient_id
		WHERE s.campaign_id = $1 AND s.state = 'attempting' AND s.claim_id = $2 ORDER BY m.id`
)
