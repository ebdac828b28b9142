//go:build unix

package postgres_test

import (
	"context"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

var update = flag.Bool("update", false, "add statements that are new to testdata/statements.sql")

// testdata/statements.sql has every statement that the driver sends, each in a line behind the pool that sends it. Three tests keep it whole:
// the suite sends nothing else, no statement in the source is missing, and each is explained on large tables.
const statementsFile = "testdata/statements.sql"

// statement is one, and whether it is sent in a transaction that writes.
type statement struct {
	writing bool
	text    string
}

func (s statement) line() string {
	if s.writing {
		return "/* write */ " + s.text
	}
	return "/* read */ " + s.text
}

func statements(t *testing.T) []statement {
	t.Helper()
	b, err := os.ReadFile(statementsFile)
	if err != nil && (!*update || !os.IsNotExist(err)) {
		t.Fatal(err)
	}
	var all []statement
	for line := range strings.Lines(string(b)) {
		pool, text, _ := strings.Cut(strings.TrimSpace(line), " */ ")
		all = append(all, statement{pool == "/* write", text})
	}
	return all
}

// collector is a tracer that gathers statements.
type collector struct {
	mu  sync.Mutex
	all map[statement]bool
}

// listed is held by who looks into the list and adds to it.
var listed sync.Mutex

// newCollector compares what was gathered with the list, when the test is over.
func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{all: make(map[statement]bool)}
	t.Cleanup(func() {
		listed.Lock()
		defer listed.Unlock()
		known := make(map[statement]bool)
		for _, s := range statements(t) {
			known[s] = true
		}
		missing := false
		for s := range c.all {
			if !known[s] {
				missing = true
				if !*update {
					t.Errorf("%s lacks, and -update adds it:\n%s", statementsFile, s.line())
				}
			}
			known[s] = true
		}
		if !missing || !*update {
			return
		}
		var lines []string
		for s := range known {
			lines = append(lines, s.line()+"\n")
		}
		slices.Sort(lines)
		if err := os.WriteFile(statementsFile, []byte(strings.Join(lines, "")), 0o600); err != nil {
			t.Error(err)
		}
	})
	return c
}

var (
	begins = regexp.MustCompile(`^(SELECT|INSERT|UPDATE|DELETE|WITH)\b`)
	blanks = regexp.MustCompile(`\s+`)
	values = regexp.MustCompile(`\(VALUES (\([^()]*\), )*(\([^()]*\))\)`)
	rows   = regexp.MustCompile(`VALUES (\(\$1(?:, \$\d+)*\))(?:, \(\$\d+(?:, \$\d+)*\))+`)
	counts = regexp.MustCompile(`\(VALUES \([\d, ]+`)
	ids    = regexp.MustCompile(`IN \(\d+(?:,\d+)*\)`)
	digits = regexp.MustCompile(`\d+`)
	quoted = regexp.MustCompile(`'[0-9a-z]{16,26}(~?)'`)
)

func (c *collector) saw(conn *pgx.Conn, text string) {
	text = strings.TrimSpace(blanks.ReplaceAllString(text, " "))
	text = quoted.ReplaceAllString(values.ReplaceAllString(text, "(VALUES $2)"), "'0000000000000000$1'") // one stands for all of its kind
	text = ids.ReplaceAllString(rows.ReplaceAllString(text, "VALUES $1"), "IN (1)")
	text = counts.ReplaceAllStringFunc(text, func(ids string) string { return digits.ReplaceAllString(ids, "1") })
	if !begins.MatchString(text) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[statement{conn.PgConn().ParameterStatus("default_transaction_read_only") != "on", text}] = true
}

func (c *collector) TraceQueryStart(ctx context.Context, conn *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	c.saw(conn, d.SQL)
	return ctx
}

func (c *collector) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (c *collector) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (c *collector) TraceBatchQuery(_ context.Context, conn *pgx.Conn, d pgx.TraceBatchQueryData) {
	c.saw(conn, d.SQL)
}

func (c *collector) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// elsewhere are statements that no promise of the suite sends.
func elsewhere() map[string]string {
	return map[string]string{}
}

// A statement that is new in the source is in the list, or nobody would ask how it goes on a large table. Where parts are put together each part
// is looked for.
func TestEveryStatementInTheSourceIsInTheList(t *testing.T) {
	var all strings.Builder
	for _, s := range statements(t) {
		all.WriteString(s.text + "\n")
	}
	listed := all.String()
	found := 0
	for place, text := range literals(t, ".", "../stored") {
		for part := range strings.SplitSeq(regexp.MustCompile(`%(\[\d+\])?[sdq]`).ReplaceAllString(text, "%"), "%") {
			part = strings.TrimSpace(part)
			if len(part) < 16 || elsewhere()[part] != "" {
				continue
			}
			found++
			if !strings.Contains(listed, part) {
				t.Errorf("%s: %s lacks what has: %s", place, statementsFile, part)
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d statements were found", found)
	}
}

var sql = regexp.MustCompile(`^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|FROM|WHERE|JOIN|AND|ORDER BY)\b[^.]`)

// literals are the pieces of SQL in the source of these folders, by place.
func literals(t *testing.T, folders ...string) map[string]string {
	t.Helper()
	out := make(map[string]string)
	for _, dir := range folders {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				lit, ok := n.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				if sql.MatchString(text) {
					out[fset.Position(lit.Pos()).String()] = blanks.ReplaceAllString(text, " ")
				}
				return true
			})
		}
	}
	return maps.Clone(out)
}
