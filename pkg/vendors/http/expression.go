package httpvendor

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"notify/pkg/diag"
	"notify/pkg/words"
)

// Bounds of an expression; the longest in the shipped files has about 15 nodes and 80 bytes.
const (
	maxNodes = 200
	maxBytes = 2000
)

func parse(src string) (*parser.Tree, error) {
	if len(src) > maxBytes {
		return nil, words.Err("vendor.expression-long", words.A{"most": maxBytes})
	}
	return parser.Parse(src)
}

// requestEnv is what the expressions of a request see. Which of the names are allowed depends on the request: see scope.
type requestEnv struct {
	Option      map[string]string `expr:"option"`
	Timestamp   int64             `expr:"timestamp"`    // seconds since 1970
	TimestampMS int64             `expr:"timestamp_ms"` // milliseconds since 1970
	Time        time.Time         `expr:"time"`         // in UTC
	Nonce       string            `expr:"nonce"`        // 32 hexadecimal digits, new for each request
	Method      string            `expr:"method"`
	Path        string            `expr:"path"`
	Body        string            `expr:"body"`
	Signature   string            `expr:"signature"`

	Key      string            `expr:"key"`
	Campaign string            `expr:"campaign"`
	To       string            `expr:"to"`
	Name     string            `expr:"name"`
	Text     string            `expr:"text"`
	Template string            `expr:"template"`
	Vars     map[string]string `expr:"vars"`
	Segments int               `expr:"segments"`
	From     string            `expr:"from"`
	ReplyTo  string            `expr:"reply_to"`
	Subject  string            `expr:"subject"`
	HTML     string            `expr:"html"`
	Headers  map[string]string `expr:"headers"` // a mail's further headers

	VendorID string    `expr:"vendor_id"`
	Since    time.Time `expr:"since"`
	Until    time.Time `expr:"until"`

	Code string `expr:"code"` // of a template that is looked up
	Page int    `expr:"page"` // of a list, from 1
}

// answerEnv is what the expressions of an answer see.
type answerEnv struct {
	Status int                 `expr:"status"`
	Header func(string) string `expr:"header"`
	Body   any                 `expr:"body"` // parsed JSON; nil where the format is text
	Text   string              `expr:"text"` // the body as it came
	Key    string              `expr:"key"`
	To     string              `expr:"to"`
	Item   any                 `expr:"item"` // one of a list
}

// scope is which names an expression may use, and whether they are those of an answer.
type scope struct {
	names  []string
	answer bool
}

func requestScope(more ...string) scope {
	return scope{names: append([]string{"option", "timestamp", "timestamp_ms", "time", "nonce"}, more...)}
}

func sendScope(more ...string) scope {
	return requestScope(append([]string{
		"key", "campaign", "to", "name", "text", "template", "vars", "segments", "from", "reply_to", "subject", "html", "headers",
	}, more...)...)
}

func findScope(more ...string) scope {
	return requestScope(append([]string{"key", "to", "vendor_id", "since", "until"}, more...)...)
}

func answerScope(more ...string) scope {
	return scope{names: append([]string{"status", "header", "body", "text", "key", "to"}, more...), answer: true}
}

// functions are what expressions may call. None has a side effect, none reads the clock, and those that loop go once over an
// answer of at most a megabyte: an expression ends, soon.
func functions() []string {
	return []string{
		"len", "lower", "upper", "trim", "trimPrefix", "trimSuffix", "split", "join", "replace", "indexOf",
		"hasPrefix", "hasSuffix", "int", "float", "string", "type", "toJSON", "fromJSON", "toBase64", "fromBase64",
		"keys", "values", "first", "last", "get", "any", "all", "none", "one", "find", "filter", "map", "count",
	}
}

// compile turns a source into a program. A problem is told at its line; nil means that there was one.
func (l *loader) compile(src text, key string, sc scope, options map[string]fileOption, extra ...expr.Option) *vm.Program {
	complain := func(fault, hint words.Text) {
		l.errorf(src.Line, key, words.T("vendor.in-expression", words.A{"fault": fault, "expression": shorten(src.Value)}), hint)
	}
	tree, err := parse(src.Value)
	if err != nil {
		complain(words.T("vendor.expression-said", words.A{"said": exprMessage(err)}), words.T("vendor.do.expression-grammar", nil))
		return nil
	}
	look := inspection{}
	ast.Walk(&tree.Node, &look)
	if fault, hint := look.fault(sc, options); !fault.IsZero() {
		complain(fault, hint)
		return nil
	}
	opts := []expr.Option{expr.MaxNodes(maxNodes), expr.DisableAllBuiltins()}
	for _, f := range functions() {
		opts = append(opts, expr.EnableBuiltin(f))
	}
	if sc.answer {
		opts = append(opts, expr.Env(&answerEnv{}))
	} else {
		opts = append(opts, expr.Env(&requestEnv{}))
	}
	p, err := expr.Compile(src.Value, append(opts, extra...)...)
	if err != nil {
		complain(words.T("vendor.expression-said", words.A{"said": exprMessage(err)}), words.T("vendor.do.functions", words.A{"names": words.Names(functions(), 0)}))
		return nil
	}
	return p
}

// fault is what is wrong with an expression apart from its grammar and types, and what to do about it.
func (i *inspection) fault(sc scope, options map[string]fileOption) (fault, hint words.Text) {
	if i.nested {
		return words.T("vendor.nested", nil), words.T("vendor.do.one-loop", nil)
	}
	known := slices.Concat(sc.names, i.locals)
	for _, name := range i.identifiers {
		if !slices.Contains(known, name) {
			return words.T("vendor.name-unknown", words.A{"name": name}), diag.Known(name, known)
		}
	}
	for _, name := range i.options {
		if _, ok := options[name]; !ok && name != optionSignName {
			return words.T("vendor.option-undeclared", words.A{"name": name}), words.T("vendor.do.declare", words.A{"known": diag.Known(name, names(options))})
		}
	}
	if i.bareOption {
		return words.T("vendor.option-bare", nil), words.T("vendor.do.option-name-it", nil)
	}
	return words.Text{}, words.Text{}
}

func exprMessage(err error) string {
	var e *file.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return strings.SplitN(err.Error(), "\n", 2)[0]
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "…"
	}
	return s
}

// inspection is what one walk over an expression finds.
type inspection struct {
	identifiers []string
	locals      []string // names that the expression itself gives with let
	options     []string
	bareOption  bool
	nested      bool
	optionUses  int
}

// Visit implements ast.Visitor. Children are visited before their parents.
func (i *inspection) Visit(n *ast.Node) {
	switch x := (*n).(type) {
	case *ast.IdentifierNode:
		i.identifiers = append(i.identifiers, x.Value)
		if x.Value == "option" {
			i.optionUses++
			i.bareOption = i.optionUses > len(i.options)
		}
	case *ast.VariableDeclaratorNode:
		i.locals = append(i.locals, x.Name)
	case *ast.MemberNode:
		id, ok := x.Node.(*ast.IdentifierNode)
		if !ok || id.Value != "option" {
			return
		}
		if name, ok := x.Property.(*ast.StringNode); ok {
			i.options = append(i.options, name.Value)
		}
		i.bareOption = i.optionUses > len(i.options)
	case *ast.PredicateNode:
		var inner predicates
		ast.Walk(&x.Node, &inner)
		i.nested = i.nested || inner > 0
	}
}

// predicates counts the loops below a node.
type predicates int

// Visit implements ast.Visitor.
func (p *predicates) Visit(n *ast.Node) {
	if _, ok := (*n).(*ast.PredicateNode); ok {
		*p++
	}
}

// engine runs programs; the zero value is ready, and safe for concurrent use.
type engine struct {
	machines sync.Pool
}

func (e *engine) run(p *vm.Program, env any) (any, error) {
	m, ok := e.machines.Get().(*vm.VM)
	if !ok {
		m = new(vm.VM)
	}
	defer e.machines.Put(m)
	v, err := m.Run(p, env)
	if err != nil {
		return nil, words.Err("vendor.expression", words.A{"said": exprMessage(err)})
	}
	return v, nil
}

// plain is a scalar as text; nil is empty. Anything else is not a scalar.
func plain(v any) (string, bool) {
	switch x := v.(type) {
	case nil:
		return "", true
	case string:
		return x, true
	case bool:
		return strconv.FormatBool(x), true
	case int:
		return strconv.Itoa(x), true
	case int64:
		return strconv.FormatInt(x, 10), true
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), true
	}
	return "", false
}

// whole is a count: an integer, or text that is one.
func whole(v any) (int64, bool) {
	switch x := v.(type) {
	case int:
		return int64(x), true
	case int64:
		return x, true
	case float64:
		if x != math.Trunc(x) || math.Abs(x) > 1<<53 {
			return 0, false
		}
		return int64(x), true
	case string:
		n, err := strconv.ParseInt(strings.TrimSpace(x), 10, 64)
		return n, err == nil
	}
	return 0, false
}

// empty reports whether a value counts as left out.
func empty(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return x == ""
	case map[string]string:
		return len(x) == 0
	case map[string]any:
		return len(x) == 0
	case []any:
		return len(x) == 0
	}
	return false
}
