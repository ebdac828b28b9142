package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"notify/pkg/ledger"
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
				UNION ALL SELECT d.account, c.day, -1, -m.segments, -m.segments * c.price FROM message_standing m JOIN claim c ON c.id = m.claim_id
				CROSS JOIN LATERAL (VALUES (c.account), (c.account || '/' || nullif(c.scenario, ''))) d (account)
				WHERE m.attempts > m.over AND d.account IS NOT NULL) u
			GROUP BY account, day HAVING sum(messages) <> 0 OR sum(segments) <> 0 OR sum(cost) <> 0`},
		{
			"verify.tally",
			[]string{"campaign", "channel", "state", "account", "messages", "segments", "cost"},
			`SELECT campaign_id, channel, state, account, sum(messages), sum(segments), sum(cost)
			FROM (SELECT campaign_id, channel, state, account, currency, run_id, messages, segments, cost FROM tally
				UNION ALL SELECT m.campaign_id, m.channel, m.state,
					CASE WHEN m.state = 'pending' OR m.state = 'cancelled' THEN '' ELSE coalesce(c.account, '') END,
					CASE WHEN m.state = 'pending' OR m.state = 'cancelled' THEN '' ELSE coalesce(c.currency, '') END,
					CASE m.state WHEN 'attempting' THEN c.run_id ELSE 0 END, -1,
					CASE WHEN m.attempts > m.over OR m.state = 'pending' THEN -m.segments ELSE 0 END, CASE WHEN m.attempts > m.over THEN -m.segments * c.price ELSE 0 END
				FROM message_standing m LEFT JOIN claim c ON c.id = m.claim_id) u
			GROUP BY campaign_id, channel, state, account, currency, run_id HAVING sum(messages) <> 0 OR sum(segments) <> 0 OR sum(cost) <> 0`,
		},
		{"verify.no-reach", []string{"channel", "campaign"}, `SELECT m.channel, m.campaign_id FROM message m
			WHERE NOT EXISTS (SELECT 1 FROM reach r WHERE r.campaign_id = m.campaign_id AND r.channel = m.channel) GROUP BY m.campaign_id, m.channel`},
		{"verify.over", []string{"key", "over", "recorded"}, `SELECT m.key, m.over, coalesce(a.n, 0)
			FROM message_standing m LEFT JOIN (SELECT campaign_id, message_id, count(*) AS n, max(number) AS last FROM attempt GROUP BY campaign_id, message_id) a
			ON a.campaign_id = m.campaign_id AND a.message_id = m.id WHERE m.over <> coalesce(a.n, 0) OR a.last > m.attempts`},
		{"verify.rejected", []string{"key"}, `SELECT m.key FROM message_standing m
			WHERE m.state = 'rejected' AND NOT EXISTS (SELECT 1 FROM attempt a
				WHERE a.campaign_id = m.campaign_id AND a.message_id = m.id AND a.number = m.attempts AND a.outcome = 'rejected')`},
		{"verify.orphan", []string{"key"}, `SELECT key FROM message m
			WHERE NOT EXISTS (SELECT 1 FROM campaign WHERE id = m.campaign_id AND m.id BETWEEN first_id AND last_id)
			OR NOT EXISTS (SELECT 1 FROM recipient r WHERE r.campaign_id = m.campaign_id AND r.id = m.recipient_id)`},
		{"verify.no-claim", []string{"key"}, `SELECT m.key FROM message_standing m
			WHERE m.attempts > 0 AND NOT EXISTS (SELECT 1 FROM claim WHERE id = m.claim_id)`},
		{"verify.attempt", []string{"number", "message"}, `SELECT a.number, a.message_id FROM attempt a
			WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.campaign_id = a.campaign_id AND m.id = a.message_id) OR NOT EXISTS (SELECT 1 FROM claim WHERE id = a.claim_id)`},
		{"verify.standing", []string{"message"}, `SELECT s.message_id FROM standing s
			WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.campaign_id = s.campaign_id AND m.id = s.message_id AND m.channel = s.channel)`},
		{"verify.reach", []string{"channel", "campaign", "last"}, `SELECT channel, campaign_id, last_id
			FROM reach r WHERE last_id <> coalesce((SELECT max(last_id) FROM claim c
				WHERE c.campaign_id = r.campaign_id AND c.channel = r.channel AND c.last_id IS NOT NULL), 0)`},
		{"verify.passed-over", []string{"key"}, `SELECT m.key FROM reach r JOIN message m
			ON m.id > r.last_id AND m.id < r.next_id AND m.campaign_id = r.campaign_id AND m.channel = r.channel
			WHERE NOT EXISTS (SELECT 1 FROM standing s WHERE s.campaign_id = m.campaign_id AND s.message_id = m.id)`},
		{"verify.no-run", []string{"claim"}, `SELECT c.id FROM claim c WHERE NOT EXISTS (SELECT 1 FROM run WHERE id = c.run_id)`},
		{"verify.run-ended", []string{"key"}, `SELECT m.key FROM message_standing m
			JOIN claim c ON c.id = m.claim_id JOIN run r ON r.id = c.run_id WHERE m.state = 'attempting' AND r.ended IS NOT NULL`},
	}
}

// Verify reads everything: see ledger.Verifier.
func (l *Ledger) Verify(ctx context.Context) ([]words.Text, error) {
	problems, err := l.look(ctx, verifyLimit, false)
	return problems, l.asking(err, "verify")
}

// Glance is Verify as far as the context allows, up to the first kind of problem.
func (l *Ledger) Glance(ctx context.Context) ([]words.Text, error) {
	problems, err := l.look(ctx, 1, true)
	if ctx.Err() != nil && len(problems) == 0 {
		return nil, nil
	}
	return problems, l.asking(err, "look over the ledger")
}

// look asks all questions at one moment; where the first problem is enough, only up to that.
func (l *Ledger) look(ctx context.Context, limit int, first bool) (problems []words.Text, err error) {
	steps := []func(context.Context, reader) ([]words.Text, error){
		l.shapeProblems, chain, l.strangers,
		func(ctx context.Context, db reader) ([]words.Text, error) { return l.broken(ctx, db, limit) },
	}
	for _, q := range questions() {
		steps = append(steps, func(ctx context.Context, db reader) ([]words.Text, error) { return asked(ctx, db, &q) })
	}
	if !first {
		steps = append(steps, unprinted)
	}
	err = l.atOnce(ctx, func(db reader) error {
		for _, step := range steps {
			found, err := step(ctx, db)
			problems = append(problems, found...)
			if err != nil || first && len(problems) > 0 {
				return err
			}
		}
		return nil
	})
	return problems, err
}

// chain is the first entry of the audit that does not fit those before it.
func chain(ctx context.Context, db reader) ([]words.Text, error) {
	var c stored.Chain
	err := each(ctx, db, func(rows pgx.Rows) error { return c.Take(rows) }, stored.ChainQuery)
	return c.Problems(), err
}

// unprinted says of how many attempts the vendor's id is not found.
func unprinted(ctx context.Context, db reader) ([]words.Text, error) {
	return stored.Unprinted(func(row func(stored.Row) error, query string, args ...any) error {
		return each(ctx, db, func(rows pgx.Rows) error { return row(rows) }, query, args...)
	})
}

// asked are the problems that a question finds.
func asked(ctx context.Context, db reader, q *question) (problems []words.Text, err error) {
	err = each(ctx, db, func(rows pgx.Rows) error {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		text := make([]string, len(values))
		for i, v := range values {
			text[i] = fmt.Sprint(v)
		}
		problem, err := stored.Problem(q.id, q.args, text)
		problems = append(problems, problem)
		return err
	}, q.query+fmt.Sprintf(" LIMIT %d", verifyLimit))
	return problems, err
}

// strangers are messages whose key was made for another address.
func (l *Ledger) strangers(ctx context.Context, db reader) (problems []words.Text, err error) {
	err = each(ctx, db, func(rows pgx.Rows) error {
		var key message.Key
		var campaign, recipient string
		var ch message.Channel
		var to message.Address
		err := rows.Scan(&key, &campaign, &ch, &to, &recipient)
		if err == nil && len(problems) < verifyLimit && !stored.Fits(key, campaign, ch, to, recipient) {
			problems = append(problems, words.T("verify.stranger", words.A{"key": string(key)}))
		}
		return err
	}, `SELECT m.key, c.name, m.channel, m.address, r.key FROM campaign c JOIN message m ON m.campaign_id = c.id
		JOIN recipient r ON r.campaign_id = c.id AND r.id = m.recipient_id`)
	return problems, err
}

// shapeProblems holds the tables, triggers and constraints against those that the migrations made.
func (l *Ledger) shapeProblems(ctx context.Context, db reader) (problems []words.Text, err error) {
	var kept string
	if err := each(ctx, db, func(rows pgx.Rows) error { return rows.Scan(&kept) }, "SELECT value FROM meta WHERE name = 'shape'"); err != nil {
		return nil, err
	}
	var want map[string]string
	if err := json.Unmarshal([]byte(kept), &want); err != nil {
		return nil, fmt.Errorf("%w: %w", ledger.Damaged("ledger.damaged.identity", nil), err)
	}
	got, err := shapeOf(ctx, db, l.at.schema)
	if err != nil {
		return nil, err
	}
	same := got[shapeServer] == want[shapeServer] // another major version may tell the same in other words
	for _, name := range stored.SortedKeys(want, strings.Compare) {
		there, ok := got[name]
		if !ok || same && there != want[name] {
			problems = append(problems, words.T("verify.schema-differs", words.A{"name": name}))
		}
		delete(got, name)
	}
	for _, name := range stored.SortedKeys(got, strings.Compare) {
		problems = append(problems, words.T("verify.schema-foreign", words.A{"name": name}))
	}
	return problems, nil
}

const shapeServer = "server"

// shapeOf is what the schema has, by names, and what each of it is.
func shapeOf(ctx context.Context, db reader, schema string) (map[string]string, error) {
	of := make(map[string]string)
	err := each(ctx, db, func(rows pgx.Rows) error {
		var name, what string
		err := rows.Scan(&name, &what)
		of[name] = what
		return err
	}, `WITH s AS (SELECT oid FROM pg_namespace WHERE nspname = $1)
		SELECT $2::text, (current_setting('server_version_num')::int / 10000)::text
		UNION ALL SELECT CASE c.relkind WHEN 'r' THEN 'table ' WHEN 'v' THEN 'view ' WHEN 'S' THEN 'sequence ' WHEN 'i' THEN 'index ' ELSE c.relkind::text END || c.relname,
			CASE c.relkind WHEN 'v' THEN pg_get_viewdef(c.oid) WHEN 'i' THEN pg_get_indexdef(c.oid) || (SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = c.oid)
				ELSE coalesce((SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || a.attnotnull, ', ' ORDER BY a.attnum)
					FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '') END
			FROM pg_class c JOIN s ON s.oid = c.relnamespace
		UNION ALL SELECT 'trigger ' || c.relname || '.' || t.tgname, pg_get_triggerdef(t.oid) || t.tgenabled::text FROM pg_trigger t
			JOIN pg_class c ON c.oid = t.tgrelid JOIN s ON s.oid = c.relnamespace WHERE NOT t.tgisinternal
		UNION ALL SELECT 'constraint ' || c.relname || '.' || k.conname, pg_get_constraintdef(k.oid) || k.convalidated FROM pg_constraint k
			JOIN pg_class c ON c.oid = k.conrelid JOIN s ON s.oid = c.relnamespace WHERE k.contype <> 'n'
		UNION ALL SELECT 'function ' || p.proname, md5(p.prosrc) || coalesce(p.proconfig::text, '') FROM pg_proc p JOIN s ON s.oid = p.pronamespace`, schema, shapeServer)
	return of, err
}
