package preflight

import (
	"context"
	"strings"

	"notify/pkg/message"
	"notify/pkg/words"
)

// testListShare is the part of rows from which on the list is a test list: some forgotten test rows are a nuisance, a
// whole test list uses the campaign's name up, and the real winners are told nothing.
const testListShare = 0.5

// testRowsCheck asks, in production, whether somebody forgot rows that he typed to try something.
//
// *In production: did somebody forget rows that he typed to try something?* Names such as 测试, test, asdf, xxx; numbers such as
// 13800138000, or that end in 12345678 or eight zeros; domains that are reserved for examples (RFC 2606). Names that real people have
// (张三, John Doe) are let through. WARN with the first rows; FAIL where half of the list is like that: a test list would use up the
// campaign's name, and the real people would never be told.
func testRowsCheck() Check {
	return Check{ID: "test-rows", Group: GroupList, Overrule: "it judges by the looks of names and addresses; who is on the list is the list's own", Run: func(ctx context.Context, s *Subject) Finding {
		if s.guarded() {
			return Finding{Status: Skip, Summary: said("test-rows.wanted", words.A{"environment": words.Of("environment", s.Config.Environment)})}
		}
		v, err := s.survey(ctx)
		if err != nil {
			return broken(err)
		}
		f := Finding{Status: Pass, Summary: said("test-rows.none", nil), Facts: []Fact{{"test_rows", v.Tests.Count}, {"rows", v.Rows}}}
		if v.Tests.Count == 0 {
			return f
		}
		for i, why := range v.Why {
			f.Details = append(f.Details, words.T("preflight.row-says", words.A{"row": row(v.Tests.Rows[i]), "said": why}))
		}
		f.Details = append(f.Details, andMore(v.Tests.Count-len(v.Tests.Rows))...)
		f.Status, f.Summary = Warn, said("test-rows.some", words.A{"tests": v.Tests.Count, "of": words.N(v.Rows, "row"), "rows": rowsOf(v.Tests)})
		f.Remedies = do(words.T("test-rows.delete", nil))
		if float64(v.Tests.Count) >= testListShare*float64(v.Rows) {
			f.Status, f.Remedies = Fail, do(words.T("test-rows.real-list", nil))
		}
		return f
	}}
}

// looksTyped reports a name that is no name. Names that real people have (张三, John Doe) are not on the list.
func looksTyped(name string) bool {
	s := strings.ToLower(strings.TrimSpace(name))
	switch s {
	case "test", "tests", "testing", "tester", "asdf", "asdfgh", "asd", "qwer", "qwerty", "qwe", "foo", "bar", "foobar", "dummy", "sample",
		"example", "demo", "样例", "示例", "演示", "无名", "某某", "某某某":
		return true
	}
	for _, word := range []string{"测试", "測試"} {
		if strings.HasPrefix(s, word) || strings.HasSuffix(s, word) {
			return true
		}
	}
	if rest, ok := strings.CutPrefix(s, "test"); ok && strings.Trim(rest, " _-0123456789") == "" {
		return true
	}
	if strings.HasPrefix(s, "test user") || strings.HasPrefix(s, "test account") {
		return true
	}
	return len(s) > 1 && (strings.Trim(s, "x") == "" || strings.Trim(s, "*") == "" || strings.Trim(s, "?") == "")
}

// testAddress says why an address looks like a test: the domains that are reserved for examples (RFC 2606, RFC 6761), and
// numbers that everybody types. Empty where it does not.
func testAddress(a message.Address) words.Text {
	if domain := a.Domain(); domain != "" {
		last := domain[strings.LastIndexByte(domain, '.')+1:]
		switch last {
		case "test", "example", "invalid", "localhost":
			return words.T("test-rows.domain", words.A{"domain": domain})
		}
		if within(domain, []string{"example.com", "example.net", "example.org"}) != "" {
			return words.T("test-rows.domain", words.A{"domain": domain})
		}
		return words.Text{}
	}
	number := strings.TrimPrefix(string(a), "+")
	national := strings.TrimPrefix(number, "86")
	const line = "13800138000" // China Mobile's line for topping up: the number on every form that shows how to fill it in
	switch {
	case national == line, strings.HasSuffix(number, "12345678"), strings.HasSuffix(number, "00000000"):
		return words.T("test-rows.number", words.A{"number": a.Masked()})
	}
	return words.Text{}
}
