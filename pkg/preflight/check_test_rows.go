package preflight

import (
	"context"
	"fmt"
	"strings"

	"notify/pkg/message"
)

// testListShare is the part of rows from which on the list is a test list: some forgotten test rows are a nuisance, a
// whole test list uses the campaign's name up, and the real winners are told nothing.
const testListShare = 0.5

// testRowsCheck asks, in production, whether somebody forgot rows that he typed to try something.
func testRowsCheck() Check {
	return Check{ID: "test-rows", Group: GroupList, Run: func(ctx context.Context, s *Subject) Finding {
		if s.guarded() {
			return Finding{Status: Skip, oldSummary: fmt.Sprintf(textTestsAreWanted, s.Config.Environment)}
		}
		v, err := s.survey(ctx)
		if err != nil {
			return broken(err)
		}
		f := Finding{Status: Pass, oldSummary: textNoTests, Facts: []Fact{{"test_rows", v.Tests.Count}, {"rows", v.Rows}}}
		if v.Tests.Count == 0 {
			return f
		}
		for i, row := range v.Tests.Rows {
			f.oldDetails = append(f.oldDetails, fmt.Sprintf("row %d: %s", row, v.Why[i]))
		}
		f.Status, f.oldSummary = Warn, fmt.Sprintf(textTests, count(v.Tests.Count, "row"), num(v.Rows), rowsOf(v.Tests))
		f.oldRemedies = []string{textDeleteTests}
		if float64(v.Tests.Count) >= testListShare*float64(v.Rows) {
			f.Status, f.oldRemedies = Fail, []string{textRealList}
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
func testAddress(a message.Address) string {
	if domain := a.Domain(); domain != "" {
		last := domain[strings.LastIndexByte(domain, '.')+1:]
		switch last {
		case "test", "example", "invalid", "localhost":
			return fmt.Sprintf(textTestDomain, domain)
		}
		if within(domain, []string{"example.com", "example.net", "example.org"}) != "" {
			return fmt.Sprintf(textTestDomain, domain)
		}
		return ""
	}
	number := strings.TrimPrefix(string(a), "+")
	national := strings.TrimPrefix(number, "86")
	const line = "13800138000" // China Mobile's line for topping up: the number on every form that shows how to fill it in
	switch {
	case national == line, strings.HasSuffix(number, "12345678"), strings.HasSuffix(number, "00000000"):
		return fmt.Sprintf(textTestNumber, a.Masked())
	}
	return ""
}

const (
	textTestsAreWanted = "%s: test rows are what is wanted here"
	textNoTests        = "no row looks like a test"
	textTests          = "%s of %s look like a test: %s"
	textTestName       = "the name is %q"
	textTestDomain     = "the domain %s is reserved for examples: no mail arrives there"
	textTestNumber     = "the number %s is one that people type to try something"
	textDeleteTests    = "delete these rows; or, if they are real, go on"
	textRealList       = "this is a test list: take the real one, or run the test from an installation with environment: test, where the name is not used up"
)
