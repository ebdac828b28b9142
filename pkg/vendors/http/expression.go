package httpvendor

import (
	"errors"
	"math"
	"net/url"
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
	"notify/pkg/diag/yamldoc"
	"notify/pkg/words"
)

// Bounds of an expression; the longest in the shipped files has about 40 nodes and 300 bytes.
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
	Step        map[string]any    `expr:"step"`
	Request     requestParts      `expr:"request"`
	Token       string            `expr:"token"`
	Timestamp   int64             `expr:"timestamp"`    // seconds since 1970
	TimestampMS int64             `expr:"timestamp_ms"` // milliseconds since 1970
	Time        time.Time         `expr:"time"`         // in UTC
	Nonce       string            `expr:"nonce"`        // 32 hexadecimal digits, new for each request
	UUID        string            `expr:"uuid"`         // the same, as a UUID of version 4
	Random      int64             `expr:"random"`       // and as a number from 1 to 2^53-1

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

	Code   string   `expr:"code"`   // of a template that is looked up
	Page   int      `expr:"page"`   // of a list, from 1
	Offset int      `expr:"offset"` // how many items the pages before had
	Next   string   `expr:"next"`   // what the answer before named as the next page; empty for the first
	link   *url.URL // where the next page is, if the answer before said so
}

// requestParts is the request itself, for steps that sign it: see phase for which parts are there when.
type requestParts struct {
	Method  string         `expr:"method"`
	Host    string         `expr:"host"`
	Path    string         `expr:"path"`
	Form    map[string]any `expr:"form"`
	Body    string         `expr:"body"`
	Query   map[string]any `expr:"query"`
	Headers map[string]any `expr:"headers"` // by names in lower case, host and content-type among them
}

// answerEnv is what the expressions of an answer see.
type answerEnv struct {
	Option map[string]string   `expr:"option"`
	Status int                 `expr:"status"`
	Header func(string) string `expr:"header"`
	Body   any                 `expr:"body"` // as its format says; nil where that is text
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
	return scope{names: append([]string{"option", "step", "token", "timestamp", "timestamp_ms", "time", "nonce", "uuid", "random"}, more...)}
}

func sendScope() scope {
	return requestScope("key", "campaign", "to", "name", "text", "template", "vars", "segments", "from", "reply_to", "subject", "html", "headers")
}

func findScope() scope { return requestScope("key", "to", "vendor_id", "since", "until") }

func answerScope(more ...string) scope {
	return scope{names: append([]string{"status", "header", "body", "text", "key", "to", "option"}, more...), answer: true}
}

// expression is a compiled expression, and what it looks at.
type expression struct {
	program *vm.Program
	looks   inspection
}

// uses reports whether an expression looks at a name; one that is not there looks at nothing.
func (x *expression) uses(name string) bool {
	return x != nil && slices.Contains(x.looks.identifiers, name)
}

// compile turns a source into a program. A problem is told at its place; nil means that there was one.
func (l *loader) compile(v yamldoc.Value, src string, sc scope, extra ...expr.Option) *expression {
	complain := func(fault, hint words.Text) {
		v.Problem(words.T("vendor.in-expression", words.A{"fault": fault, "expression": shorten(src)}), hint)
	}
	tree, err := parse(src)
	if err != nil {
		complain(words.T("vendor.expression-said", words.A{"said": exprMessage(err)}), words.T("vendor.do.expression-grammar", nil))
		return nil
	}
	x := &expression{}
	ast.Walk(&tree.Node, &x.looks)
	if fault, hint := l.fault(&x.looks, sc); !fault.IsZero() {
		complain(fault, hint)
		return nil
	}
	if l.language == nil {
		l.language = append([]expr.Option{expr.MaxNodes(maxNodes), expr.DisableAllBuiltins()}, functionOptions()...)
	}
	opts := slices.Clone(l.language)
	if sc.answer {
		opts = append(opts, expr.Env(&answerEnv{}))
	} else {
		opts = append(opts, expr.Env(&requestEnv{}))
	}
	x.program, err = expr.Compile(src, append(opts, extra...)...)
	if err != nil {
		complain(words.T("vendor.expression-said", words.A{"said": exprMessage(err)}), words.T("vendor.do.functions", words.A{"names": words.Names(functionNames(), 0)}))
		return nil
	}
	return x
}

// fault is what is wrong with an expression apart from its grammar and types, and what to do about it.
func (l *loader) fault(i *inspection, sc scope) (fault, hint words.Text) {
	if i.nested {
		return words.T("vendor.nested", nil), words.T("vendor.do.one-loop", nil)
	}
	known := slices.Concat(sc.names, i.locals)
	for _, name := range i.identifiers {
		if slices.Contains(known, name) {
			continue
		}
		if slices.Contains(i.calls, name) {
			return words.T("vendor.name-unknown", words.A{"name": name}), diag.Known(name, functionNames())
		}
		return words.T("vendor.name-unknown", words.A{"name": name}), diag.Known(name, known)
	}
	for _, part := range i.parts {
		if _, ok := phaseOf(part); !ok {
			return words.T("vendor.part-unknown", words.A{"part": part}), words.T("vendor.do.parts", nil)
		}
	}
	if i.bare {
		return words.T("vendor.bare", nil), words.T("vendor.do.name-it", nil)
	}
	for _, name := range i.options {
		if _, ok := l.spec.options[name]; !ok && name != optionSignName {
			return words.T("vendor.option-undeclared", words.A{"name": name}), words.T("vendor.do.declare", words.A{"known": diag.Known(name, names(l.spec.options))})
		}
	}
	for _, name := range i.steps {
		if l.spec.step(name) == nil {
			return words.T("vendor.step-undeclared", words.A{"name": name}), words.T("vendor.do.step", words.A{"known": diag.Known(name, l.spec.stepNames())})
		}
	}
	return l.keyFault(i)
}

// keyFault is what is wrong with the keys of keyed digests: a secret in the file, or one that nobody would keep out of a text.
func (l *loader) keyFault(i *inspection) (fault, hint words.Text) {
	if i.literalKey {
		return words.T("vendor.secret-literal", nil), words.T("vendor.do.secret-option", words.A{"example": "option.NAME"})
	}
	for _, name := range i.keys {
		if o, ok := l.spec.options[name]; ok && !o.secret {
			return words.T("vendor.secret-unmarked", words.A{"name": name}), words.T("vendor.do.secret-mark", words.A{"name": name})
		}
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
	options     []string // option.NAME
	steps       []string // step.NAME
	parts       []string // request.NAME
	calls       []string // names that are called
	keys        []string // options that a keyed digest is made with
	literalKey  bool     // a keyed digest whose key stands in the file
	bare        bool     // option, step or request without a name
	nested      bool
	grouped     int // uses of option, step and request
}

// Visit implements ast.Visitor. Children are visited before their parents.
func (i *inspection) Visit(n *ast.Node) {
	switch x := (*n).(type) {
	case *ast.IdentifierNode:
		i.identifiers = append(i.identifiers, x.Value)
		switch x.Value {
		case "option", "step", "request":
			i.grouped++
		}
		i.bare = i.grouped > i.named()
	case *ast.VariableDeclaratorNode:
		i.locals = append(i.locals, x.Name)
	case *ast.MemberNode:
		i.member(x)
	case *ast.CallNode:
		if id, ok := x.Callee.(*ast.IdentifierNode); ok {
			i.calls = append(i.calls, id.Value)
			i.identifiers = slices.DeleteFunc(i.identifiers, func(s string) bool { return s == id.Value && slices.Contains(functionNames(), s) })
			if id.Value == "hmac" && len(x.Arguments) > 1 {
				i.key(&x.Arguments[1])
			}
		}
	case *ast.PredicateNode:
		var inner predicates
		ast.Walk(&x.Node, &inner)
		i.nested = i.nested || inner > 0
	}
}

func (i *inspection) named() int { return len(i.options) + len(i.steps) + len(i.parts) }

// member notes what stands behind option, step and request.
func (i *inspection) member(x *ast.MemberNode) {
	id, ok := x.Node.(*ast.IdentifierNode)
	if !ok {
		return
	}
	if name, ok := x.Property.(*ast.StringNode); ok {
		switch id.Value {
		case "option":
			i.options = append(i.options, name.Value)
		case "step":
			i.steps = append(i.steps, name.Value)
		case "request":
			i.parts = append(i.parts, name.Value)
		}
	}
	i.bare = i.grouped > i.named()
}

// key looks at the key of a keyed digest: what it is made of is an option, a step, a token or another digest.
func (i *inspection) key(n *ast.Node) {
	var within inspection
	ast.Walk(n, &within)
	i.keys = append(i.keys, within.options...)
	i.literalKey = i.literalKey || len(within.options) == 0 && len(within.steps) == 0 && !slices.Contains(within.identifiers, "token")
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

func (e *engine) run(x *expression, env any) (any, error) {
	m, ok := e.machines.Get().(*vm.VM)
	if !ok {
		m = new(vm.VM)
	}
	defer e.machines.Put(m)
	v, err := m.Run(x.program, env)
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
