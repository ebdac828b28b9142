//go:build unix

package postgres_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"notify/pkg/ledger/postgres"
	"notify/pkg/ledger/postgres/pgtest"
)

var plansRows = flag.Int("plans.rows", 100_000, "how many messages the ledger has on which statements are explained")

// whole are statements that are meant to look at all rows of a large table, or at all that a campaign has there, and why: by their beginnings.
func whole() map[string]string {
	const (
		checks   = "the check of the whole ledger"
		copies   = "a seal is checked, or a row copied, of all rows"
		loads    = "what is read is the table"
		reports  = "a report of a campaign, which may be the largest part of the table"
		restaged = "a list that is staged again is held against all that the campaign has"
		aborted  = "an abort is of all of a campaign"
	)
	return map[string]string{
		"SELECT a.number, a.message_id FROM attempt a WHERE NOT EXISTS":                 checks,
		"SELECT account, day, sum(messages)":                                            checks,
		"SELECT c.id FROM claim c WHERE NOT EXISTS":                                     checks,
		"SELECT campaign_id, channel, state, account, sum(messages)":                    checks,
		"SELECT key FROM message m WHERE NOT EXISTS":                                    checks,
		"SELECT m.channel, m.campaign_id FROM message m WHERE NOT EXISTS":               checks,
		"SELECT m.key FROM message_standing m JOIN claim c ON c.id = m.claim_id":        checks,
		"SELECT m.key FROM message_standing m WHERE m.attempts > 0":                     checks,
		"SELECT m.key FROM message_standing m WHERE m.state = 'rejected'":               checks,
		"SELECT m.key FROM reach r JOIN message m":                                      checks,
		"SELECT m.key, c.name, m.channel, m.address, r.key FROM campaign c":             checks,
		"SELECT m.key, m.over, coalesce(a.n, 0)":                                        checks,
		"SELECT s.message_id FROM standing s WHERE NOT EXISTS":                          checks,
		"SELECT campaign_id, message_id, vendor_id FROM standing":                       checks,
		"SELECT (SELECT c.campaign_id FROM claim c":                                     checks,
		"SELECT generation, print, prints FROM vendor_print":                            checks,
		"SELECT id, address, channel, reason, note, who, at, seal FROM suppression":     copies,
		"SELECT id, run_id, turn, campaign_id":                                          copies,
		"SELECT m.id, m.campaign_id, ":                                                  copies,
		"SELECT message_id, campaign_id, channel, state":                                copies,
		"SELECT message_id, number, ":                                                   copies,
		"SELECT message_id, seal FROM relist":                                           copies,
		"SELECT row, campaign_id, key, recipient, seal FROM fold":                       copies,
		"DELETE FROM fold WHERE campaign_id = $1":                                       restaged,
		"SELECT coalesce(max(staging), 0) + 1 FROM fold":                                restaged,
		"SELECT count(*) FILTER (WHERE r.recipient_id IS NULL)":                         restaged,
		"SELECT f.recipient FROM fold f JOIN message_standing m":                        restaged,
		"SELECT m.id, m.state FROM message_standing m":                                  restaged,
		"SELECT r.key FROM message_standing m":                                          restaged,
		"SELECT row, key FROM fold f WHERE campaign_id = $1 AND staging = $2":           restaged,
		"WITH gone AS MATERIALIZED":                                                     restaged,
		"INSERT INTO standing (message_id, campaign_id, channel, state, why) SELECT id": aborted,
		"UPDATE standing SET state = 'cancelled', why = 'abort'":                        aborted,

		"SELECT (SELECT count(*) FROM campaign) +":                            "a ledger into which another is copied is empty",
		"SELECT id, channel, coalesce(reason, ''), who, at FROM suppression":  "somebody is forgotten seldom",
		"SELECT id, hash, account, format, source, head, raw, grade, at":      "the newest first, until there are enough",
		"UPDATE receipt SET raw = $1, head = NULL WHERE at <":                 "retention goes through all that arrived",
		"SELECT EXISTS (SELECT 1 FROM suppression)":                           "it ends at the first row",
		"SELECT s.id, s.address, s.channel":                                   loads, // from a line on: planned for that line
		"SELECT id, raw, head, fate FROM receipt WHERE length(raw) > 0":       loads,
		"SELECT m.id FROM campaign c JOIN message m":                          reports,
		"SELECT m.key, coalesce(r.grade, '')":                                 reports,
		"SELECT m.key, m.channel, m.address, m.segments, m.state, m.attempts": reports,
		"SELECT min(claimed_at), max(claimed_at)":                             reports,
		"SELECT campaign_id, channel, account, min(claimed_at)":               "a person asks what was spent, on all campaigns",
		"WITH ranked AS MATERIALIZED":                                         reports,
		"WITH wanted AS MATERIALIZED":                                         "a new list is held against all that a campaign told",
	}
}

// eitherWay are statements that go through one table of a campaign and look its rows up in another, or the other way round.
func eitherWay() []string {
	return []string{"SELECT f.recipient FROM fold f JOIN message_standing m", "SELECT count(*) FILTER (WHERE r.recipient_id IS NULL)"}
}

// large are the tables that grow with what is sent; each has rows of many campaigns.
func large() []string {
	return []string{
		"message", "recipient", "standing", "claim", "attempt", "resolution", "relist", "fold", "fact", "receipt", "suppression", "run", "vendor_print",
	}
}

// fill makes a ledger of ten campaigns, one of which has most of the messages. Nothing of it adds up: only the planner looks at it.
func fill(t *testing.T, c *pgx.Conn, schema string) {
	t.Helper()
	n := *plansRows
	rows := fmt.Sprintf("generate_series(1, %d) i", n)
	const of = "(CASE WHEN i % 4 = 0 THEN 2 + (i / 4) % 9 ELSE 1 END)" // its campaign
	for _, q := range []string{
		"SET session_replication_role = replica; SET search_path = " + schema,
		`INSERT INTO campaign (name, digest, spec, created, staged, first_id, last_id, seal) SELECT 'c' || i, 'd', '', 0, 0, 1, ` + fmt.Sprint(n) + `, 1 FROM generate_series(1, 10) i`,
		`INSERT INTO recipient (campaign_id, id, row, key, fields) SELECT ` + of + `, i, i, 'k' || i, '["a","b"]' FROM ` + rows,
		`INSERT INTO message (campaign_id, id, recipient_id, channel, key, address, segments, fingerprint, seal)
			SELECT ` + of + `, i, i, CASE WHEN i % 2 = 0 THEN 'sms' ELSE 'email' END, 'm' || i, '+1202555' || i, 1, i, 1 FROM ` + rows,
		`INSERT INTO run (campaign_id, host, pid, process, login, pace, started, beat, expires, ended)
			SELECT i % 10 + 1, 'h', 1, 1, 'l', '', 0, 0, 0, CASE WHEN i > 20 THEN 1 END FROM generate_series(1, 4000) i`,
		`INSERT INTO reach (campaign_id, channel, last_id, next_id) SELECT i, ch, ` + fmt.Sprint(n/2) + `, ` + fmt.Sprint(n/2) + ` FROM generate_series(1, 10) i, (VALUES ('sms'), ('email')) c (ch)`,
		`INSERT INTO claim (id, run_id, turn, campaign_id, channel, account, currency, day, price, claimed_at, deadline, first_id, last_id, seal, reach_id)
			SELECT i, i % 4000, i, ` + of + `, CASE WHEN i % 2 = 0 THEN 'sms' ELSE 'email' END, 'a', 'CNY', 'd', 1, 0, 0, 50 * i, 50 * i + 1, 1, i FROM ` +
			fmt.Sprintf("generate_series(1, %d) i", n/10),
		`INSERT INTO standing (campaign_id, message_id, channel, state, attempts, over, claim_id, settled_at, not_before, seal)
			SELECT ` + of + `, i, CASE WHEN i % 2 = 0 THEN 'sms' ELSE 'email' END, s, 1, CASE WHEN s IN ('accepted', 'unknown') THEN 0 ELSE 1 END, i / 10, 1, 0, 1
			FROM (SELECT i, CASE WHEN i % 50 = 0 THEN 'unknown' WHEN i % 50 = 1 THEN 'rejected' WHEN i % 50 = 2 THEN 'pending' ELSE 'accepted' END s FROM ` + rows + `) v WHERE i <= ` + fmt.Sprint(n/2),
		`INSERT INTO attempt (campaign_id, message_id, number, claim_id, segments, outcome, settled_at, seal) SELECT ` + of + `, i, 1, i / 10, 1, 'rejected', 1, 1 FROM ` + rows + ` WHERE i % 5 = 0`,
		`INSERT INTO vendor_print (generation, print, message_id, prints) SELECT i / 10000, 7919 * i, i, '' FROM ` + rows + ` WHERE i % 2 = 0`,
		`INSERT INTO resolution (campaign_id, message_id, number, outcome, unknown_at, at, who, why, grade, seal) SELECT ` + of + `, i, 1, 'accepted', 1, 1, 'w', '', 'person', 1 FROM ` + rows + ` WHERE i % 10 = 0`,
		`INSERT INTO relist (campaign_id, message_id, seal) SELECT ` + of + `, i, 1 FROM ` + rows + ` WHERE i % 10 = 3`,
		`INSERT INTO fold (campaign_id, key, row, recipient, seal, staging) SELECT ` + of + `, 'm' || i, i, 'r', 1, 1 FROM ` + rows + ` WHERE i % 5 = 3`,
		`INSERT INTO fact (campaign_id, message_id, state, code, detail, grade, at, segments) SELECT ` + of + `, i, 'delivered', '', '', 'vendor', 1, 1 FROM ` + rows + ` WHERE i % 2 = 0`,
		`INSERT INTO receipt (hash, account, format, source, raw, grade, at, fate) SELECT 'h' || i, 'a', 'f', 's', '', 'vendor', 1, CASE WHEN i % 100 = 0 THEN 'new' ELSE 'settled' END FROM ` + rows + ` WHERE i % 2 = 0`,
		`INSERT INTO suppression (id, address, channel, reason, note, who, at, seal) SELECT i, '+1202555' || i, 'sms', 'opt-out', '', 'w', 1, 1 FROM ` + rows + ` WHERE i % 4 = 0`,
	} {
		if _, err := c.Exec(t.Context(), q, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%v: %s", err, q)
		}
	}
}

// node is one of a plan.
type node struct {
	Type     string `json:"Node Type"`
	As       string `json:"Parent Relationship"`
	Relation string `json:"Relation Name"`
	Index    string `json:"Index Name"`
	Cond     string `json:"Index Cond"`
	Filter   string
	Name     string `json:"Subplan Name"`
	Plans    []node
}

// How scans are called that go through all rows of a large table, or all that a campaign has of them: by an index, but no further than to the
// campaign. What does so for each row of another takes the square of the time.
const (
	inFull = "all of "
	ofEach = "for each row "
)

// scans are the large tables that are read in full, and the indexes that are used, each with the columns by which it is entered.
func (n *node) scans(columns map[string][]string, again bool, into map[string]bool) {
	full := ""
	switch {
	case n.Type == "Seq Scan" && slices.Contains(large(), n.Relation) && (again || few()[n.Relation] == ""):
		full = n.Relation
	case n.Index != "":
		by := enteredBy(n.Cond, columns[n.Index])
		into[n.Index+" ("+strings.Join(by, ", ")+")"] = true
		if _, ok := few()[n.Index]; !ok && columns[n.Index] != nil && (len(by) == 0 || slices.Equal(by, []string{"campaign_id"})) {
			full = n.Index
		}
	}
	if full != "" {
		into[inFull+full] = true
		if again {
			into[ofEach+inFull+full] = true
		}
	}
	if n.Type == "Limit" && n.As == "InitPlan" && full == "" && strings.HasPrefix(n.Plans[0].Type, "Index") {
		return // the least or the greatest: the first entry of an index
	}
	for i := range n.Plans {
		c := &n.Plans[i]
		c.scans(columns, again || n.repeats(c), into)
	}
}

// repeats reports that a node reads another for each of many rows of its own. A campaign is one.
func (n *node) repeats(c *node) bool {
	if n.Relation == "campaign" || len(n.Plans) > 0 && n.Plans[0].Relation == "campaign" {
		return false
	}
	return c.As == "Inner" && n.Type == "Nested Loop" || c.As == "SubPlan" && !strings.Contains(n.Filter, "hashed "+c.Name)
}

// enteredBy are the first columns of an index that its condition binds, without a gap: what is bound behind one only sorts out what was read. In a
// condition the columns of other tables are behind a point.
func enteredBy(cond string, columns []string) []string {
	for i, c := range columns {
		if !regexp.MustCompile(`(^|[^.\w])` + c + `\b`).MatchString(cond) {
			return columns[:i]
		}
	}
	return columns
}

// few are the indexes of large tables that have few entries, however many rows the table has, and why.
func few() map[string]string {
	return map[string]string{
		"standing_again":      "what is tried again, or was put off",
		"standing_paced":      "what waits for its domain",
		"standing_noted":      "what somebody should look at",
		"standing_open":       "what is open, and is not so by its claim",
		"standing_unsealed":   "of this transaction",
		"attempt_unsealed":    "of this transaction",
		"resolution_unsealed": "of this transaction",
		"receipt_due":         "what waits",
		"run":                 "runs, which are as many as commands were typed",
		"run_live":            "runs that are alive",
		"run_campaign":        "runs, which are as many as commands were typed",
		"run_pkey":            "runs, which are as many as commands were typed",
	}
}

// indexColumns are the columns of the indexes of large tables.
func indexColumns(t *testing.T, c *pgx.Conn, schema string) map[string][]string {
	t.Helper()
	rows, err := c.Query(t.Context(), `SELECT i.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
		JOIN pg_class r ON r.oid = x.indrelid JOIN pg_attribute a ON a.attrelid = i.oid
		WHERE r.relnamespace = $1::regnamespace AND r.relname = ANY($2) AND i.relam = (SELECT oid FROM pg_am WHERE amname = 'btree') GROUP BY i.relname`, schema, large())
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]string)
	var name string
	var columns []string
	if _, err := pgx.ForEachRow(rows, []any{&name, &columns}, func() error {
		all[name] = columns
		columns = nil
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// explain plans a statement without knowing its arguments, as a prepared one is after a while.
func explain(t *testing.T, c *pgx.Conn, columns map[string][]string, text string) (map[string]bool, error) {
	t.Helper()
	ctx := t.Context()
	if _, err := c.Exec(ctx, "PREPARE one AS "+text, pgx.QueryExecModeSimpleProtocol); err != nil {
		return nil, err
	}
	defer func() { _, _ = c.Exec(context.WithoutCancel(ctx), "DEALLOCATE one", pgx.QueryExecModeSimpleProtocol) }()
	var arguments int
	if err := c.QueryRow(ctx, "SELECT coalesce(array_length(parameter_types, 1), 0) FROM pg_prepared_statements WHERE name = 'one'").Scan(&arguments); err != nil {
		return nil, err
	}
	execute := "EXPLAIN (FORMAT JSON) EXECUTE one"
	if arguments > 0 {
		execute += "(" + strings.TrimSuffix(strings.Repeat("NULL, ", arguments), ", ") + ")"
	}
	var out string
	if err := c.QueryRow(ctx, execute, pgx.QueryExecModeSimpleProtocol).Scan(&out); err != nil {
		return nil, err
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal([]byte(out), &plans); err != nil {
		return nil, err
	}
	found := make(map[string]bool)
	for i := range plans {
		plans[i].Plan.scans(columns, false, found)
	}
	return found, nil
}

// Plans flip: with the statistics of an empty table the rows of a claim were once read by going through a million recipients. No statement
// goes through a large table from end to end, or through all that a campaign has of it, but those that are meant to, whether the statistics are fresh
// or of the time when nothing was there; none does so for each row of another table; and one that writes enters the same indexes by the same columns
// with both.
func TestEveryStatementGoesByItsIndexWhateverTheStatisticsSay(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t, "autovacuum = off")
	used := make(map[string][]map[string]bool)
	unused := maps.Clone(whole())
	for _, when := range []string{"fresh", "stale"} {
		url := s.SocketURL(pgtest.Superuser, "postgres")
		open(t, url+"&schema="+when)
		conns := make(map[bool]*pgx.Conn)
		for _, writing := range []bool{true, false} {
			c, err := pgx.Connect(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
			conns[writing] = c
		}
		analyze := func() {
			for _, table := range large() {
				if _, err := conns[false].Exec(t.Context(), "ANALYZE "+when+"."+table); err != nil {
					t.Fatal(err)
				}
			}
		}
		if when == "stale" {
			analyze()
		}
		fill(t, conns[false], when)
		if when == "fresh" {
			analyze()
		}
		for writing, c := range conns {
			for _, set := range []string{"SET search_path = " + when, postgres.SettingsOf(writing), "SET plan_cache_mode = force_generic_plan"} {
				if _, err := c.Exec(t.Context(), set, pgx.QueryExecModeSimpleProtocol); err != nil {
					t.Fatal(err)
				}
			}
		}
		columns := indexColumns(t, conns[false], when)
		for _, st := range statements(t) {
			found, err := explain(t, conns[st.writing], columns, st.text)
			if err != nil {
				t.Errorf("%v: %s", err, st.line())
				continue
			}
			used[st.line()] = append(used[st.line()], found)
			for scan := range found {
				again := strings.HasPrefix(scan, ofEach)
				if !again && !strings.HasPrefix(scan, inFull) {
					continue
				}
				if why := allowed(st.text, unused); again || why == "" {
					t.Errorf("with %s statistics %s is read by:\n%s\n%v", when, scan, st.line(), slices.Sorted(maps.Keys(found)))
				}
			}
		}
	}
	for line, found := range used {
		text, writes := strings.CutPrefix(line, "/* write */ ")
		if writes && !slices.ContainsFunc(eitherWay(), func(begin string) bool { return strings.HasPrefix(text, begin) }) && len(found) == 2 && !maps.Equal(found[0], found[1]) {
			t.Errorf("indexes %v with fresh statistics, %v with stale ones:\n%s", found[0], found[1], line)
		}
	}
	for begin := range unused {
		t.Errorf("no statement that begins with %q reads a large table in full any more", begin)
	}
}

// allowed says why a statement may look at everything, and takes it off those that were not met.
func allowed(text string, unused map[string]string) string {
	for begin, why := range whole() {
		if strings.HasPrefix(text, begin) {
			delete(unused, begin)
			return why
		}
	}
	return ""
}
