package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"notify/pkg/ledger/stored"
	"notify/pkg/message"
	"notify/pkg/words"
)

// verifyLimit is how many problems of one kind are listed.
const verifyLimit = 20

// question is a query whose every row is a problem: its columns are the arguments of a sentence.
type question struct {
	id    string
	args  []string
	query string
}

// questions are what must be true of a ledger beyond what the schema enforces.
func questions() []question {
	return []question{
		{"verify.usage", []string{"account", "day", "messages", "segments", "cost"}, `SELECT account, day, sum(messages), sum(segments), sum(cost)
			FROM (SELECT account, day, messages, segments, cost FROM usage
				UNION ALL SELECT c.account, c.day, -1, -m.segments, -m.segments * c.price FROM message_standing m JOIN claim c ON c.id = m.claim_id
				WHERE m.attempts > m.over
				UNION ALL SELECT c.account || '/' || c.scenario, c.day, -1, -m.segments, -m.segments * c.price
				FROM message_standing m JOIN claim c ON c.id = m.claim_id WHERE m.attempts > m.over AND c.scenario <> '')
			GROUP BY account, day HAVING sum(messages) <> 0 OR sum(segments) <> 0 OR sum(cost) <> 0`},
		{
			"verify.tally",
			[]string{"campaign", "channel", "state", "account", "messages", "segments", "cost"},
			`SELECT campaign_id, channel, state, account, sum(messages), sum(segments), sum(cost)
			FROM (SELECT campaign_id, channel, state, account, currency, run_id, messages, segments, cost FROM tally
				UNION ALL SELECT m.campaign_id, m.channel, m.state,
					CASE WHEN m.state = 'pending' OR m.state = 'cancelled' THEN '' ELSE ifnull(c.account, '') END,
					CASE WHEN m.state = 'pending' OR m.state = 'cancelled' THEN '' ELSE ifnull(c.currency, '') END,
					CASE m.state WHEN 'attempting' THEN c.run_id ELSE 0 END, -1,
					CASE WHEN m.attempts > m.over OR m.state = 'pending' THEN -m.segments ELSE 0 END, CASE WHEN m.attempts > m.over THEN -m.segments * c.price ELSE 0 END
				FROM message_standing m LEFT JOIN claim c ON c.id = m.claim_id)
			GROUP BY campaign_id, channel, state, account, currency, run_id HAVING sum(messages) <> 0 OR sum(segments) <> 0 OR sum(cost) <> 0`,
		},
		{"verify.no-reach", []string{"channel", "campaign"}, `SELECT m.channel, m.campaign_id FROM message m
			WHERE NOT EXISTS (SELECT 1 FROM reach r WHERE r.campaign_id = m.campaign_id AND r.channel = m.channel) GROUP BY m.campaign_id, m.channel`},
		{"verify.over", []string{"key", "over", "recorded"}, `SELECT m.key, m.over, ifnull(a.n, 0)
			FROM message_standing m LEFT JOIN (SELECT message_id, count(*) AS n, max(number) AS last FROM attempt GROUP BY message_id) a
			ON a.message_id = m.id WHERE m.over <> ifnull(a.n, 0) OR a.last > m.attempts`},
		{"verify.rejected", []string{"key"}, `SELECT m.key FROM message_standing m
			WHERE m.state = 'rejected' AND NOT EXISTS (SELECT 1 FROM attempt a
				WHERE a.message_id = m.id AND a.number = m.attempts AND a.outcome = 'rejected')`},
		{"verify.orphan", []string{"key"}, `SELECT key FROM message m
			WHERE NOT EXISTS (SELECT 1 FROM campaign WHERE id = m.campaign_id AND m.id BETWEEN first_id AND last_id)
			OR NOT EXISTS (SELECT 1 FROM recipient WHERE id = m.recipient_id)`},
		{"verify.no-claim", []string{"key"}, `SELECT m.key FROM message_standing m
			WHERE m.attempts > 0 AND NOT EXISTS (SELECT 1 FROM claim WHERE id = m.claim_id)`},
		{"verify.attempt", []string{"number", "message"}, `SELECT a.number, a.message_id FROM attempt a
			WHERE NOT EXISTS (SELECT 1 FROM message WHERE id = a.message_id) OR NOT EXISTS (SELECT 1 FROM claim WHERE id = a.claim_id)`},
		{"verify.standing", []string{"message"}, `SELECT s.message_id FROM standing s
			WHERE NOT EXISTS (SELECT 1 FROM message WHERE id = s.message_id AND campaign_id = s.campaign_id AND channel = s.channel)`},
		{"verify.reach", []string{"channel", "campaign", "last"}, `SELECT channel, campaign_id, last_id
			FROM reach r WHERE last_id <> ifnull((SELECT max(last_id) FROM claim c
				WHERE c.campaign_id = r.campaign_id AND c.channel = r.channel AND c.last_id IS NOT NULL), 0)`},
		{"verify.passed-over", []string{"key"}, `SELECT m.key FROM reach r CROSS JOIN message m
			ON m.id > r.last_id AND m.id < r.next_id AND m.campaign_id = r.campaign_id AND m.channel = r.channel
			WHERE NOT EXISTS (SELECT 1 FROM standing s WHERE s.message_id = m.id)`},
		{"verify.no-run", []string{"claim"}, `SELECT c.id FROM claim c WHERE NOT EXISTS (SELECT 1 FROM run WHERE id = c.run_id)`},
		{"verify.run-ended", []string{"key"}, `SELECT m.key FROM message_standing m
			JOIN claim c ON c.id = m.claim_id JOIN run r ON r.id = c.run_id WHERE m.state = 'attempting' AND r.ended IS NOT NULL`},
	}
}

// Verify reads everything: see ledger.Verifier.
func (l *Ledger) Verify(ctx context.Context) ([]words.Text, error) {
	problems, err := l.strangers(ctx)
	if err != nil {
		return nil, l.asking(err, "verify")
	}
	damaged, err := l.pages(ctx, fmt.Sprintf("PRAGMA integrity_check(%d)", verifyLimit))
	if err != nil {
		return nil, l.asking(err, "verify")
	}
	problems = append(problems, damaged...)
	err = each(ctx, l.read, func(rows *sql.Rows) error {
		var table, parent string
		var id, fk sql.NullInt64
		if err := rows.Scan(&table, &id, &parent, &fk); err != nil {
			return err
		}
		problems = append(problems, words.T("verify.refers", words.A{"row": strconv.FormatInt(id.Int64, 10), "table": table, "parent": parent}))
		return nil
	}, "PRAGMA foreign_key_check")
	if err != nil {
		return nil, l.asking(err, "verify")
	}
	for _, q := range questions() {
		found, err := l.asked(ctx, &q)
		if err != nil {
			return nil, l.asking(err, "verify")
		}
		problems = append(problems, found...)
	}
	broken, err := l.broken(ctx, verifyLimit)
	if err != nil {
		return nil, l.asking(err, "verify")
	}
	chain, err := l.chain(ctx)
	if err != nil {
		return nil, l.asking(err, "verify")
	}
	unprinted, err := stored.Unprinted(func(row func(stored.Row) error, query string, args ...any) error {
		return shared{l}.Read(ctx, row, query, args...)
	})
	return slices.Concat(problems, broken, chain, unprinted), l.asking(err, "verify")
}

// chain is the first entry of the audit that does not fit those before it.
func (l *Ledger) chain(ctx context.Context) ([]words.Text, error) {
	var c stored.Chain
	err := each(ctx, l.read, func(rows *sql.Rows) error { return c.Take(rows) }, stored.ChainQuery)
	return c.Problems(), err
}

// pages is what SQLite itself says of the file, word for word.
func (l *Ledger) pages(ctx context.Context, pragma string) (problems []words.Text, err error) {
	err = each(ctx, l.read, func(rows *sql.Rows) error {
		var s string
		err := rows.Scan(&s)
		if err == nil && s != "ok" {
			problems = append(problems, words.T("verify.pages", words.A{"said": s}))
		}
		return err
	}, pragma)
	return problems, err
}

// asked are the problems that a question finds.
func (l *Ledger) asked(ctx context.Context, q *question) (problems []words.Text, err error) {
	err = each(ctx, l.read, func(rows *sql.Rows) error {
		values, into := make([]string, len(q.args)), make([]any, len(q.args))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		problem, err := stored.Problem(q.id, q.args, values)
		problems = append(problems, problem)
		return err
	}, q.query+fmt.Sprintf(" LIMIT %d", verifyLimit))
	return problems, err
}

// strangers are messages whose key was made for another address, and what the schema has that this program did not make.
func (l *Ledger) strangers(ctx context.Context) ([]words.Text, error) {
	problems, err := l.schemaProblems(ctx)
	if err != nil {
		return nil, err
	}
	err = each(ctx, l.read, func(rows *sql.Rows) error {
		var key message.Key
		var campaign, recipient string
		var ch message.Channel
		var to message.Address
		err := rows.Scan(&key, &campaign, &ch, &to, &recipient)
		if err == nil && !stored.Fits(key, campaign, ch, to, recipient) {
			problems = append(problems, words.T("verify.stranger", words.A{"key": string(key)}))
		}
		if len(problems) >= verifyLimit {
			return errStop
		}
		return err
	}, `SELECT m.key, c.name, m.channel, m.address, r.key FROM campaign c CROSS JOIN message m ON m.id BETWEEN c.first_id AND c.last_id
		AND m.campaign_id = c.id JOIN recipient r ON r.id = m.recipient_id`)
	if errors.Is(err, errStop) {
		err = nil
	}
	return problems, err
}

// schemaProblems holds the schema against the one that this program makes, statement by statement.
func (l *Ledger) schemaProblems(ctx context.Context) (problems []words.Text, err error) {
	fresh := l.opts.database(":memory:")
	defer func() { err = errors.Join(err, fresh.Close()) }()
	fresh.SetMaxOpenConns(1)
	for _, step := range l.steps {
		if _, err := fresh.ExecContext(ctx, step); err != nil {
			return nil, err
		}
	}
	want, err := schemaOf(ctx, fresh)
	if err != nil {
		return nil, err
	}
	got, err := schemaOf(ctx, l.read)
	if err != nil {
		return nil, err
	}
	for _, name := range stored.SortedKeys(want, strings.Compare) {
		if got[name] != want[name] {
			problems = append(problems, words.T("verify.schema-differs", words.A{"name": name}))
		}
		delete(got, name)
	}
	for _, name := range stored.SortedKeys(got, strings.Compare) {
		problems = append(problems, words.T("verify.schema-foreign", words.A{"name": name}))
	}
	return problems, nil
}

// schemaAtAGlance is schemaProblems for a ledger that is opened: as long as each statement stands in the migrations word for word, and none is
// missing, none of them has to be made to compare it.
func (l *Ledger) schemaAtAGlance(ctx context.Context) ([]words.Text, error) {
	got, err := schemaOf(ctx, l.read)
	if err != nil {
		return nil, err
	}
	all := "\n" + strings.Join(l.steps, "\n")
	missing := strings.Count(all, "\nCREATE ")
	for _, text := range got {
		if strings.Contains(all, "\n"+text+";") {
			missing--
		}
	}
	if missing == 0 && len(got) == strings.Count(all, "\nCREATE ") {
		return nil, nil
	}
	return l.schemaProblems(ctx)
}

// schemaOf is the SQL of tables, indexes, views and triggers by their names. What SQLite keeps for itself is none of it.
func schemaOf(ctx context.Context, db reader) (map[string]string, error) {
	of := make(map[string]string)
	err := each(ctx, db, func(rows *sql.Rows) error {
		var name, text string
		err := rows.Scan(&name, &text)
		of[name] = text
		return err
	}, "SELECT type || ' ' || name, ifnull(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
	return of, err
}

// Glance is Verify as far as the context allows: the schema, the pages, the seals, and then the sums. What it has no time for is not said.
func (l *Ledger) Glance(ctx context.Context) ([]words.Text, error) {
	problems, err := l.schemaProblems(ctx)
	if err == nil && len(problems) == 0 {
		problems, err = l.pages(ctx, "PRAGMA quick_check(20)")
	}
	if err == nil && len(problems) == 0 {
		problems, err = l.broken(ctx, 1)
	}
	if err == nil && len(problems) == 0 {
		problems, err = l.chain(ctx)
	}
	for _, q := range questions() {
		if err != nil || len(problems) > 0 {
			break
		}
		problems, err = l.asked(ctx, &q)
	}
	if ctx.Err() != nil && len(problems) == 0 {
		return nil, nil
	}
	return problems, l.asking(err, "look over the ledger")
}
