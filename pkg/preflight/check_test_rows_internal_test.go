package preflight

import (
	"strings"
	"testing"

	"notify/pkg/message"
)

// What somebody types who tries something, and names that real people have.
func TestWhatLooksTyped(t *testing.T) {
	for name, want := range map[string]bool{
		"test": true, " Test ": true, "TESTS": true, "testing": true, "tester": true, "asdf": true, "qwerty": true, "foobar": true, "示例": true, "某某某": true,
		"测试": true, "测试用户": true, "王测试": true, "測試": true, "李測試": true, "王测试员": false,
		"test 7": true, "Test_07": true, "test-1": true, "test7b": false, "Testa Rossi": false, "Testino": false,
		"test user": true, "Test User B": true, "test account 3": true, "test drive": false,
		"xx": true, "XXX": true, "x": false, "xxa": false, "**": true, "*": false, "?": false, "??": true, "": false, "张三": false, "John Doe": false, "Max": false,
	} {
		if got := looksTyped(name); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}

// Numbers that everybody types, and domains that are reserved for examples (RFC 2606, RFC 6761).
func TestWhatIsATestAddress(t *testing.T) {
	for address, want := range map[message.Address]string{
		"+8613800138000": "the number +86138****8000 ", "+8613012345678": "+86130****5678", "+447712345678": "+4477****5678", "+8613000000000": "+86130****0000", "+8613100000000": "+86131****0000",
		"+8613010000000": "", "+8613800138001": "", "+8613112345679": "", "+4413800138000": "",
		"a@mail.test": "the domain mail.test ", "a@shop.example": "shop.example", "a@b.invalid": "b.invalid", "a@localhost": "localhost", "a@example.com": "example.com",
		"a@mail.example.org": "mail.example.org", "a@example.net": "example.net", "a@notexample.com": "", "a@example.cn": "", "a@contest.net": "", "test@a.net": "",
	} {
		got := testAddress(address)
		if got.IsZero() != (want == "") || !strings.Contains(got.String(), want) {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}
