package view_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"notify/pkg/ledger"
	"notify/pkg/plan"
	"notify/pkg/report"
	"notify/pkg/send"
	"notify/pkg/view"
	"notify/pkg/words"
)

// pauses are the reasons that package send ends a run for, by the sentence that it says then, as its code has them.
func pauses(t *testing.T) map[string]send.PauseReason {
	t.Helper()
	paths, err := filepath.Glob("../send/*.go")
	if err != nil {
		t.Fatal(err)
	}
	values, names := make(map[string]string), make(map[string]string)
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if is, ok := n.Type.(*ast.Ident); ok && is.Name == "PauseReason" {
					values[n.Names[0].Name] = literal(n.Values[0])
				}
			case *ast.CompositeLit:
				if is, ok := n.Type.(*ast.Ident); ok && is.Name == "Pause" {
					why, said := pauseOf(n)
					names[said] = why
				}
			}
			return true
		})
	}
	delete(names, "") // what another said
	all := make(map[string]send.PauseReason, len(names))
	for said, name := range names {
		all[said] = send.PauseReason(values[name])
	}
	return all
}

// pauseOf is the name of a pause's reason, and the id of its sentence; empty where that is not written there.
func pauseOf(n *ast.CompositeLit) (why, said string) {
	for _, e := range n.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		switch v := kv.Value.(type) {
		case *ast.Ident:
			if kv.Key.(*ast.Ident).Name == "Why" {
				why = v.Name
			}
		case *ast.CallExpr:
			if len(v.Args) == 2 && kv.Key.(*ast.Ident).Name == "Detail" {
				said = literal(v.Args[0])
			}
		}
	}
	return why, said
}

func literal(e ast.Expr) string {
	b, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	s, _ := strconv.Unquote(b.Value) // empty for what is no string
	return s
}

// What a run says at its end is to be done next is what the status says afterwards, of which it knows the sentence only. A person's pause stands
// beside the run, and is lifted there.
func TestTheStatusSaysToDoWhatTheRunSaid(t *testing.T) {
	all := pauses(t)
	if len(all) < 10 || all["send.deadline"] != send.PauseDeadline {
		t.Fatalf("the reasons are not found: %v", all)
	}
	for id, why := range all {
		if why == send.PauseByPerson {
			continue
		}
		if why == "" {
			t.Errorf("%s is said for no reason", id)
		}
		said := words.Text{ID: id}
		end := view.NewRunEnd("a", plan.Spec{}, 0, send.Result{Pause: &send.Pause{Why: why, Detail: said}}, ledger.Counts{}, report.Prices{})
		p := &view.Printer{Out: new(bytes.Buffer)}
		want := p.Say(words.T("run.next", words.A{"said": end.Next}))
		s := report.Status{Campaign: "a", State: "unfinished", Messages: 1, Remaining: -1, Last: &ledger.Run{ID: 6, Ended: then, Why: said}}
		if err := view.ShowStatus(p, false, []report.Status{s}); err != nil || !strings.Contains(p.Out.(*bytes.Buffer).String(), want) {
			t.Errorf("%s: the run says %q, and the status: %s (%v)", id, want, p.Out, err)
		}
	}
}
