package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// slip is one change of one file, small enough to be a slip of the pen.
type slip struct {
	file       string // from the top of the project
	in         string // the function, or the first words of the statement of a .sql file
	from, to   int    // bytes of the file that are replaced
	line, last int
	decides    int    // the line of the switch whose case it is; 0 for none: a case itself runs only where it is true
	what       string // "a < b → a <= b"
	with       string
	text       []byte // the file as it was when the slip was found
	body       body   // of the function; none of constants and SQL
}

// body is what stands between the braces of a function, and what the function returns.
type body struct {
	from, to int
	results  string
}

// name finds a slip again when lines have moved: same is which it is of those that look alike in one function.
func (s slip) name(same int) string {
	n := fmt.Sprintf("%s %s: %s", s.file, s.in, s.what)
	if same > 0 {
		n += fmt.Sprintf(" #%d", same+1)
	}
	return n
}

// apply is the file with the slip in it.
func (s slip) apply() []byte {
	return slices.Concat(s.text[:s.from], []byte(s.with), s.text[s.to:])
}

// planter walks over a file and notes what could be done to it.
type planter struct {
	name  string
	text  []byte
	fset  *token.FileSet
	in    string
	body  body
	whole map[*ast.BlockStmt]bool // the bodies of functions: nothing compiles without their last statement
	idle  map[ast.Expr]bool       // what is returned beside an error, which nobody looks at
	cases []deciding
	slips []slip
}

// deciding is a condition of a case.
type deciding struct {
	ast.Expr
	line int // of the switch
}

// plant finds every slip of a Go file.
func plant(name string, text []byte) ([]slip, error) {
	p := &planter{name: name, text: text, fset: token.NewFileSet(), whole: make(map[*ast.BlockStmt]bool), idle: make(map[ast.Expr]bool)}
	file, err := parser.ParseFile(p.fset, name, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			p.in = funcName(d)
			if d.Body != nil && !describes(d) {
				p.whole[d.Body] = d.Type.Results != nil
				p.body = p.bodyOf(d)
				ast.Inspect(d.Body, p.visit)
				p.body = body{}
			}
		case *ast.GenDecl:
			p.values(d)
		}
	}
	return p.slips, nil
}

func (p *planter) bodyOf(d *ast.FuncDecl) body {
	offset := func(at token.Pos) int { return p.fset.Position(at).Offset }
	b := body{from: offset(d.Body.Lbrace) + 1, to: offset(d.Body.Rbrace)}
	if r := d.Type.Results; r != nil {
		b.results = string(p.text[offset(r.Pos()):offset(r.End())])
	}
	return b
}

// describes reports a function that only makes words for people.
func describes(d *ast.FuncDecl) bool {
	return slices.Contains([]string{"String", "Error", "GoString", "Format", "LogValue"}, d.Name.Name)
}

func funcName(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name
	}
	t := d.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if index, ok := t.(*ast.IndexExpr); ok {
		t = index.X
	}
	return fmt.Sprintf("%s.%s", t, d.Name.Name)
}

// values are the numbers of constants and variables of the package.
func (p *planter) values(d *ast.GenDecl) {
	if d.Tok != token.CONST && d.Tok != token.VAR {
		return
	}
	for _, s := range d.Specs {
		v, ok := s.(*ast.ValueSpec)
		if !ok {
			continue
		}
		p.in = v.Names[0].Name
		for _, x := range v.Values {
			ast.Inspect(x, p.visit)
		}
	}
}

func (p *planter) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		p.operator(n)
	case *ast.CallExpr:
		p.extreme(n)
	case *ast.BasicLit:
		p.literal(n)
	case *ast.Ident:
		p.boolean(n)
	case *ast.FuncLit:
		p.whole[n.Body] = n.Type.Results != nil
	case *ast.BlockStmt:
		p.leave(n)
	case *ast.CaseClause:
		for _, x := range n.List {
			if truth(x) {
				p.condition(x)
			}
		}
	case ast.Stmt:
		p.statement(n)
	}
	return true
}

func (p *planter) statement(n ast.Stmt) {
	switch n := n.(type) {
	case *ast.IfStmt:
		p.condition(n.Cond)
		p.failing(n)
	case *ast.SwitchStmt:
		p.decisions(n)
	case *ast.ForStmt:
		if n.Cond != nil {
			p.condition(n.Cond)
		}
	case *ast.ExprStmt:
		p.call(n)
	case *ast.ReturnStmt:
		p.answer(n)
	case *ast.IncDecStmt:
		p.swap(n.TokPos, n.Tok, n)
	case *ast.AssignStmt:
		if !isText(n.Rhs[0]) {
			p.swap(n.TokPos, n.Tok, n)
		}
	case *ast.BranchStmt:
		if n.Label == nil {
			p.swap(n.TokPos, n.Tok, n)
		}
	}
}

func (p *planter) decisions(s *ast.SwitchStmt) {
	for _, c := range s.Body.List {
		if c, ok := c.(*ast.CaseClause); ok {
			for _, x := range c.List {
				p.cases = append(p.cases, deciding{x, p.fset.Position(s.Pos()).Line})
			}
		}
	}
}

// truth reports a case that is a condition, as in a switch without a value.
func truth(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.BinaryExpr:
		return x.Op.Precedence() <= token.EQL.Precedence()
	case *ast.UnaryExpr:
		return x.Op == token.NOT
	case *ast.CallExpr:
		return true // where it is no condition, the slip does not compile and is not counted
	}
	return false
}

// condition is turned round, unless its operator is: that is the same slip.
func (p *planter) condition(x ast.Expr) {
	if b, ok := x.(*ast.BinaryExpr); ok && (b.Op == token.EQL || b.Op == token.NEQ) {
		return
	}
	p.replace(x, "!("+p.source(x)+")")
}

// other is what an operator is taken for, or a step, or a leap.
func other(op token.Token) (token.Token, bool) {
	pairs := [][2]token.Token{
		{token.LSS, token.LEQ},
		{token.GTR, token.GEQ},
		{token.EQL, token.NEQ},
		{token.LAND, token.LOR},
		{token.ADD, token.SUB},
		{token.MUL, token.QUO},
		{token.INC, token.DEC},
		{token.ADD_ASSIGN, token.SUB_ASSIGN},
		{token.BREAK, token.CONTINUE},
	}
	for _, pair := range pairs {
		for i := range pair {
			if pair[i] == op {
				return pair[1-i], true
			}
		}
	}
	return op, false
}

func (p *planter) operator(b *ast.BinaryExpr) {
	if b.Op == token.ADD && (isText(b.X) || isText(b.Y)) || unit(b) {
		return
	}
	if op, ok := other(b.Op); ok {
		p.put(b.OpPos, len(b.Op.String()), op.String(), b, p.source(b.X)+" "+op.String()+" "+p.source(b.Y))
	}
}

func isText(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.BasicLit:
		return x.Kind == token.STRING
	case *ast.BinaryExpr:
		return isText(x.X) || isText(x.Y)
	}
	return false
}

// unit reports a length of time as it is written: 10 * time.Second. Its number is a slip of its own.
func unit(b *ast.BinaryExpr) bool {
	s, ok := b.Y.(*ast.SelectorExpr)
	return ok && b.Op == token.MUL && fmt.Sprint(s.X) == "time"
}

// call is left out; everything that it uses stays in use.
func (p *planter) call(s *ast.ExprStmt) {
	c, ok := s.X.(*ast.CallExpr)
	if !ok || harmless(c) {
		return
	}
	p.put(s.Pos(), int(s.End()-s.Pos()), "if false { "+p.source(s)+" }", s, "left out")
}

// harmless are calls without which a program says less or keeps a thing longer, and locks, without which no test ends well.
func harmless(c *ast.CallExpr) bool {
	name := ""
	switch f := c.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	return slices.Contains([]string{
		"Debug", "Info", "Warn", "Error", "Log", "LogError", "Close", "Stop", "Lock", "Unlock", "RLock", "RUnlock", "Helper", "panic", "Done", "Grow",
	}, name)
}

// failing leaves out the call of `if err := call(); err != nil`, and takes it for done.
func (p *planter) failing(n *ast.IfStmt) {
	a, ok := n.Init.(*ast.AssignStmt)
	if !ok || len(a.Lhs) != 1 || len(a.Rhs) != 1 || fmt.Sprint(a.Lhs[0]) != "err" {
		return
	}
	c, ok := a.Rhs[0].(*ast.CallExpr)
	if !ok || harmless(c) {
		return
	}
	p.put(c.Pos(), int(c.End()-c.Pos()), "func() (err error) { if false { err = "+p.source(c)+" }; return }()", c, "left out")
}

// leave goes on where a block ends early.
func (p *planter) leave(b *ast.BlockStmt) {
	if len(b.List) == 0 || p.whole[b] {
		return
	}
	switch s := b.List[len(b.List)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		p.put(s.Pos(), int(s.End()-s.Pos()), "if false { "+p.source(s)+" }", s, "left out")
	}
}

// answer returns nil for an error.
func (p *planter) answer(r *ast.ReturnStmt) {
	if len(r.Results) == 0 {
		return
	}
	last := r.Results[len(r.Results)-1]
	if i, ok := last.(*ast.Ident); ok && i.Name == "err" {
		p.replace(last, "nil")
	}
	if fails(last) {
		for _, x := range r.Results[:len(r.Results)-1] {
			p.idle[x] = true
		}
	}
}

// fails reports what is an error by its name, or by that of the function that makes it.
func fails(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return strings.HasPrefix(x.Name, "err")
	case *ast.CallExpr:
		s, ok := x.Fun.(*ast.SelectorExpr)
		return ok && slices.Contains([]string{"Err", "Errorf", "Wrap", "noLedger"}, s.Sel.Name)
	}
	return false
}

func (p *planter) swap(at token.Pos, op token.Token, n ast.Node) {
	if with, ok := other(op); ok {
		p.put(at, len(op.String()), with.String(), n, with.String())
	}
}

// extreme takes the least for the most.
func (p *planter) extreme(c *ast.CallExpr) {
	f, ok := c.Fun.(*ast.Ident)
	if !ok || f.Name != "min" && f.Name != "max" {
		return
	}
	with := map[string]string{"min": "max", "max": "min"}[f.Name]
	p.put(f.Pos(), 3, with, c, with)
}

// literal is one more; and what looks like SQL is changed as SQL.
func (p *planter) literal(l *ast.BasicLit) {
	if p.idle[l] {
		return
	}
	switch { // of token.Token there are a hundred
	case l.Kind == token.INT:
		if n, err := strconv.ParseInt(l.Value, 0, 64); err == nil {
			p.replace(l, strconv.FormatInt(n+1, 10))
		}
	case l.Kind == token.FLOAT:
		p.replace(l, l.Value+" + 1")
	case l.Kind == token.STRING && sqlStart.MatchString(l.Value):
		p.sql(l.Value, p.fset.Position(l.Pos()).Offset)
	}
}

func (p *planter) boolean(i *ast.Ident) {
	if p.idle[i] {
		return
	}
	switch i.Name {
	case "true":
		p.replace(i, "false")
	case "false":
		p.replace(i, "true")
	}
}

func (p *planter) replace(n ast.Node, with string) {
	p.put(n.Pos(), int(n.End()-n.Pos()), with, n, with)
}

// decides is the line of the switch in the condition of whose case a place is; 0 for none.
func (p *planter) decides(at token.Pos) int {
	for _, c := range p.cases {
		if c.Pos() <= at && at < c.End() {
			return c.line
		}
	}
	return 0
}

// put notes a slip: the bytes at a place are replaced; of is what it is shown in, and becomes what is shown of it.
func (p *planter) put(at token.Pos, length int, with string, of ast.Node, becomes string) {
	from := p.fset.Position(at)
	p.slips = append(p.slips, slip{
		file: p.name, text: p.text, in: p.in, body: p.body, from: from.Offset, to: from.Offset + length, with: with,
		line: from.Line, last: p.fset.Position(of.End()).Line, decides: p.decides(at), what: short(p.source(of)) + " → " + short(becomes),
	})
}

func (p *planter) source(n ast.Node) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, p.fset, n); err != nil {
		return err.Error()
	}
	return b.String()
}

// short is text on one line, and cut.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 90 {
		return string(r[:88]) + "…"
	}
	return s
}

var (
	sqlStart = regexp.MustCompile("^[`\"]\\s*(SELECT|UPDATE|INSERT|DELETE|WITH|FROM|WHERE|AND|CREATE)\\b")
	sqlWhere = regexp.MustCompile(`\b(WHERE|ON|WHEN|CHECK|AND|CASE|HAVING)\b`)
	sqlWord  = regexp.MustCompile(`\bAND\b|\bOR\b|\bNOT EXISTS\b| (?:<=|>=|<>|<|>|=|\+|-) `)
)

// sqlOther is what a word of SQL is taken for.
func sqlOther(word string) string {
	return map[string]string{
		"AND": "OR", "OR": "AND", "NOT EXISTS": "EXISTS", " < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > ",
		" = ": " <> ", " <> ": " = ", " + ": " - ", " - ": " + ",
	}[word]
}

// plantSQL finds the slips of a .sql file; each statement is a place of its own.
func plantSQL(name string, text []byte) []slip {
	p := &planter{name: name, text: text}
	at := 0
	for _, statement := range strings.SplitAfter(string(text), ";\n") {
		p.in = short(regexp.MustCompile(`(?m)^--.*$`).ReplaceAllString(statement, ""))
		if r := []rune(p.in); len(r) > 40 {
			p.in = string(r[:40])
		}
		p.sql(statement, at)
		at += len(statement)
	}
	return p.slips
}

// sql changes what stands in conditions; elsewhere = is an assignment.
func (p *planter) sql(text string, offset int) {
	begin := sqlWhere.FindStringIndex(text)
	if begin == nil {
		return
	}
	for _, m := range sqlWord.FindAllStringIndex(text, -1) {
		word := text[m[0]:m[1]]
		if m[0] < begin[0] || strings.Contains(lineBefore(text, m[0]), "--") {
			continue
		}
		line := 1 + bytes.Count(p.text[:offset+m[0]], []byte("\n"))
		around := text[max(0, m[0]-40):m[0]] + "[" + strings.TrimSpace(word) + " → " + strings.TrimSpace(sqlOther(word)) + "]" + text[m[1]:min(len(text), m[1]+25)]
		p.slips = append(p.slips, slip{
			file: p.name, text: p.text, in: p.in, body: p.body, from: offset + m[0], to: offset + m[1], with: sqlOther(word), line: line, last: line,
			what: "SQL " + strings.ToValidUTF8(strings.Join(strings.Fields(around), " "), ""),
		})
	}
}

func lineBefore(text string, at int) string {
	return text[strings.LastIndexByte(text[:at], '\n')+1 : at]
}
