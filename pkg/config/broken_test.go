package config_test

import (
	"strings"
	"testing"
	"unicode"

	"notify/pkg/config"
	"notify/pkg/words"
)

// account is a file whose only account has these further lines.
func account(lines ...string) string {
	return "environment: test\naccounts:\n  sms:\n    vendor: http\n    class: notice\n    " + strings.Join(lines, "\n    ") + "\n"
}

func TestBrokenConfigurations(t *testing.T) {
	t.Setenv("EMPTY_VARIABLE", "")
	for _, c := range []struct{ name, text, place, says, hint string }{
		{"an empty file", "", "notify.yaml", "the file is empty", "notify init"},
		{"comments only", "# nothing\n", "notify.yaml", "comments only", "notify init"},
		{"a list at the top", "- a\n", "notify.yaml, line 1", "a list, and should hold keys", "keys and values"},
		{"a word at the top", "hello\n", "notify.yaml, line 1", "a single value", "keys and values"},
		{"full-width colons", "environment：test\n", "notify.yaml, line 1", "a single value", "full-width"},
		{"not YAML", "environment: test\naccounts: {a: [\n", "notify.yaml", "not YAML", "indentation"},
		{"a tab", "environment: test\naccounts:\n\tsms: {}\n", "notify.yaml, line 3", "indented with a tab", "spaces"},
		{"two documents", "environment: test\n---\nenvironment: test\n", "notify.yaml, line 2", "second document", "one document"},
		{"UTF-16", "\xff\xfee\x00", "notify.yaml", "UTF-16", "UTF-8"},
		{"GB18030", "environment: test\n# \xc4\xe3\xba\xc3\n", "notify.yaml, line 2", "not UTF-8", "GB18030"},
		{"too large", "# " + strings.Repeat("x", 1<<20) + "\n", "notify.yaml", "more than", "hardly"},
		{"a key twice", "environment: test\ncountry: CN\ncountry: US\n", "notify.yaml, line 3, country", "stands twice, first in line 2", "keep one"},
		{"a key that is a list", "environment: test\n? [a]\n: b\n", "notify.yaml, line 2", "the key is a list", "one word"},
		{"an alias", "environment: &e test\ncountry: CN\n", "notify.yaml, line 1, environment", "anchors", "write the value out"},
		{"a tag", "environment: !!str test\n", "notify.yaml, line 1, environment", "tags", "leave out"},
		{"no environment", "country: CN\n", "notify.yaml, line 1, environment", "not set", "production, staging or test"},
		{"an environment without a value", "environment:\n", "notify.yaml, line 1, environment", "not set", "production, staging or test"},
		{"an unknown environment", "environment: prod\n", "notify.yaml, line 1, environment", `"prod" is not known`, "production, staging or test"},
		{"a misspelt environment", "environment: productio\n", "notify.yaml, line 1, environment", "not known", "did you mean production?"},
		{"an unknown key", "environment: test\ntimezon: UTC\n", "notify.yaml, line 2, timezon", "not known", "did you mean timezone?"},
		{"an unknown time zone", "environment: test\ntimezone: Asia/Peking\n", "notify.yaml, line 2, timezone", "no time zone", "Asia/Shanghai"},
		{"the zone of the machine", "environment: test\ntimezone: Local\n", "notify.yaml, line 2, timezone", "another zone", "Asia/Shanghai"},
		{"another country without a zone", "environment: test\ncountry: SG\n", "notify.yaml, line 1, timezone", "for country CN only", "Asia/Singapore"},
		{"an unknown country", "environment: test\ntimezone: UTC\ncountry: China\n", "notify.yaml, line 3, country", "no country code", "ISO 3166"},
		{"an unknown language", "environment: test\nlanguage: de\n", "notify.yaml, line 2, language", "not known", "en or zh"},
		{"a ledger of an unknown kind", "environment: test\nledger: mysql://x\n", "notify.yaml, line 2, ledger", "mysql://", "a file like notify.db"},
		{"a ledger in memory", "environment: test\nledger: \":memory:\"\n", "notify.yaml, line 2, ledger", "forgets", "notify.db"},
		{"an empty ledger", "environment: test\nledger: \"\"\n", "notify.yaml, line 2, ledger", "not named", "notify.db"},
		{"a list where a map is expected", "environment: test\ncapacity: [1]\n", "notify.yaml, line 2, capacity", "a list stands where keys", "keys below"},
		{"a map where a value is expected", "environment: test\nledger: {a: b}\n", "notify.yaml, line 2, ledger", "keys stands where a single value", "one value"},
		{"a value where a list is expected", "environment: test\nallow_list: +8613800138000\n", "notify.yaml, line 2, allow_list", "where a list", "[+8613800138000]"},
		{"a quoted number that is none", "environment: test\ncapacity: {recipients: \"30k\"}\n", "notify.yaml, line 2, capacity.recipients", "not a whole number", "digits"},
		{"a negative number", "environment: test\ncapacity: {recipients: -5}\n", "notify.yaml, line 2, capacity.recipients", "out of range", "from 1"},
		{"an absurd number", "environment: test\ncapacity: {recipients: 99999999999}\n", "notify.yaml, line 2, capacity.recipients", "out of range", "100,000,000"},
		{"a time span without a unit", "environment: test\ncapacity: {require_rehearsal: 720}\n", "notify.yaml, line 2, capacity.require_rehearsal", "not a time span", "72h or 30d"},
		{"a protected domain that is none", "environment: test\nprotected_domains: [\"a b\"]\n", "notify.yaml, line 2, protected_domains[1]", "no domain", "example.com"},
		{"everybody allowed", "environment: test\nallow_list: [\"*\"]\n", "notify.yaml, line 2, allow_list[1]", "too many", "*@example.test"},
		{"every mail allowed", "environment: test\nallow_list: [\"*@*\"]\n", "notify.yaml, line 2, allow_list[1]", "too many", "*@example.test"},
		{"a country allowed", "environment: test\nallow_list: [\"+86*\"]\n", "notify.yaml, line 2, allow_list[1]", "too many", "+86138001*"},
		{"a top-level domain allowed", "environment: test\nallow_list: [\"*@*.com\"]\n", "notify.yaml, line 2, allow_list[1]", "too many", "*@example.test"},
		{"a number without its country", "environment: test\nallow_list: [13800138000]\n", "notify.yaml, line 2, allow_list[1]", "country code", "+8613800138000"},
		{"an account without a vendor", "environment: test\naccounts:\n  a: {class: notice}\n", "notify.yaml, line 3, accounts.a.vendor", "no vendor", "vendor:"},
		{"an unknown vendor", "environment: test\naccounts:\n  a: {class: notice, vendor: smpt}\n", "notify.yaml, line 3, accounts.a.vendor", "no vendor \"smpt\"", "did you mean smtp?"},
		{"an account without a class", "environment: test\naccounts:\n  a: {vendor: http}\n", "notify.yaml, line 3, accounts.a.class", "not set", "class: notice"},
		{"an unknown class", "environment: test\naccounts:\n  a: {vendor: http, class: market}\n", "notify.yaml, line 3, accounts.a.class", "not known", "notice or marketing"},
		{"an account that is no map", "environment: test\naccounts:\n  a: smtp\n", "notify.yaml, line 3, accounts.a", "where keys are expected", "keys below"},
		{"an account with capitals", "environment: test\naccounts:\n  SMS: {vendor: http, class: notice}\n", "notify.yaml, line 3, accounts.SMS", "cannot be the name", "a-z"},
		{"accounts that share their variables", "environment: test\naccounts:\n  a-b: {vendor: http, class: notice}\n  a_b: {vendor: http, class: notice}\n", "notify.yaml, line 4, accounts.a_b", "the same environment variables", "differ"},
		{"an unknown key of an account", account("rat: 5/s"), "notify.yaml, line 6, accounts.sms.rat", "not known", "did you mean rate?"},
		{"a rate of zero", account("rate: 0"), "notify.yaml, line 6, accounts.sms.rate", "nothing would ever be sent", "100/s"},
		{"a rate by day", account("rate: 100/d"), "notify.yaml, line 6, accounts.sms.rate", "not a rate", "1000/h"},
		{"a negative rate", account("rate: -1/s"), "notify.yaml, line 6, accounts.sms.rate", "not a rate", "100/s"},
		{"an absurd rate", account("rate: 900000/s"), "notify.yaml, line 6, accounts.sms.rate", "more than", "100/s"},
		{"a quota of zero", account("daily_quota: 0"), "notify.yaml, line 6, accounts.sms.daily_quota", "out of range", "leave the key out"},
		{"a price without a currency", account("price: 0.045"), "notify.yaml, line 4, accounts.sms.currency", "without a currency", "currency: CNY"},
		{"a currency that is none", account("currency: yuan"), "notify.yaml, line 6, accounts.sms.currency", "no currency", "ISO 4217"},
		{"a price with seven decimals", account("price: 0.0450001", "currency: CNY"), "notify.yaml, line 6, accounts.sms.price", "six decimals", "0.045"},
		{"a price with an exponent", account("price: 4.5e-2", "currency: CNY"), "notify.yaml, line 6, accounts.sms.price", "not a decimal", "0.045"},
		{"a negative price", account("price: -1", "currency: CNY"), "notify.yaml, line 6, accounts.sms.price", "below zero", "0.045"},
		{"a budget of zero", account("budget: {day: 0}", "currency: CNY"), "notify.yaml, line 6, accounts.sms.budget.day", "nothing would ever", "leave the key out"},
		{"a budget without its time", account("budget: 2000", "currency: CNY"), "notify.yaml, line 6, accounts.sms.budget", "for which time", "{day: 2000"},
		{"a day's budget above the month's", account("budget: {day: 5, month: 4}", "currency: CNY"), "notify.yaml, line 6, accounts.sms.budget.day", "above", "larger"},
		{"an absurd budget", account("budget: {day: 90000000000}", "currency: CNY"), "notify.yaml, line 6, accounts.sms.budget.day", "absurdly", "decimal"},
		{"too many at a time", account("concurrency: 100000"), "notify.yaml, line 6, accounts.sms.concurrency", "out of range", "10,000"},
		{"a time-out of a day", account("timeout: 1d"), "notify.yaml, line 6, accounts.sms.timeout", "out of range", "to `10m`"},
		{"a rule of segments that is none", account("segments: ucs2"), "notify.yaml, line 6, accounts.sms.segments", "not known", "gsm or mainland"},
		{"a login in the endpoint", account("endpoint: https://u:p@x.test/"), "notify.yaml, line 6, accounts.sms.endpoint", "holds a login", "options"},
		{"a ramp that does not grow", account("ramp: {start: 500, factor: 1}"), "notify.yaml, line 6, accounts.sms.ramp.factor", "no factor", "factor: 1.5"},
		{"a ramp without a beginning", account("ramp: {factor: 2}"), "notify.yaml, line 6, accounts.sms.ramp.start", "first day", "start: 500"},
		{"a pace for a domain that is none", account("domain_rate: {q q: 5/s}"), "notify.yaml, line 6, accounts.sms.domain_rate.q q", "no domain", "qq.com"},
		{"a secret that is not set", account(`options: {token: "${NO_SUCH_VARIABLE_HERE}"}`), "notify.yaml, line 6, accounts.sms.options.token", "NO_SUCH_VARIABLE_HERE is not set", "file:PATH"},
		{"a secret that is empty", account(`options: {token: "${EMPTY_VARIABLE}"}`), "notify.yaml, line 6, accounts.sms.options.token", "EMPTY_VARIABLE is empty", "file:PATH"},
		{"a variable with a blank in its name", account(`options: {token: "${A B}"}`), "notify.yaml, line 6, accounts.sms.options.token", "names no environment variable", "${NAME}"},
		{"a secret file that is missing", account("options: {token: file:none}"), "notify.yaml, line 6, accounts.sms.options.token", "none cannot be read", "write the secret into it"},
		{"a secret file that is a folder", account("options: {token: \"file:.\"}"), "notify.yaml, line 6, accounts.sms.options.token", "is a folder", "name a file"},
		{"a route to an unknown account", account("rate: 1") + "routes:\n  sms: {accounts: [smss]}\n", "notify.yaml, line 8, routes.sms.accounts[1]", "no account \"smss\"", "did you mean sms?"},
		{"a stand-in that is unknown", account("rate: 1") + "routes:\n  sms: {accounts: [sms], failover: [edm]}\n", "notify.yaml, line 8, routes.sms.failover[1]", "no account \"edm\"", "known here: sms"},
		{"a route of an unknown channel", account("rate: 1") + "routes:\n  mail: {accounts: [sms]}\n", "notify.yaml, line 8, routes.mail", "not known", "email"},
		{"a route without accounts", account("rate: 1") + "routes:\n  sms: {failover: [sms]}\n", "notify.yaml, line 8, routes.sms.accounts", "no accounts", "accounts: [name]"},
		{"a negative weight", account("rate: 1") + "routes:\n  sms: {accounts: [sms: -1]}\n", "notify.yaml, line 8, routes.sms.accounts[1].sms", "no weight", "from 0"},
		{"a weight in one word that is no number", account("rate: 1") + "routes:\n  sms: {accounts: [\"sms: many\"]}\n", "notify.yaml, line 8, routes.sms.accounts[1]", "no weight", "from 0"},
		{"a weight that is missing", account("rate: 1") + "routes:\n  sms: {accounts: [sms: ]}\n", "notify.yaml, line 8, routes.sms.accounts[1]", "no weight", "colon"},
		{"nothing but weights of zero", account("rate: 1") + "routes:\n  sms: {accounts: [sms: 0]}\n", "notify.yaml, line 8, routes.sms.accounts", "every weight is 0", "a weight"},
		{"an account twice on a route", account("rate: 1") + "routes:\n  sms: {accounts: [sms, sms]}\n", "notify.yaml, line 8, routes.sms.accounts[2]", "stands twice", "keep one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := load(t, c.text)
			got := problems(t, err)
			if len(got) != 1 {
				t.Fatalf("got %d problems, want one: %v", len(got), got)
			}
			p := got[0]
			if p.Place.String() != c.place && (p.Place.Line == 0 || !strings.HasPrefix(p.Place.String(), c.place+", line ")) {
				t.Errorf("the place is %q, want %q", p.Place, c.place)
			}
			if zh := (words.Printer{Lang: words.Chinese}).Say(p.Text()); !strings.ContainsFunc(strings.TrimPrefix(zh, p.Place.File), func(c rune) bool { return unicode.Is(unicode.Han, c) }) {
				t.Errorf("in Chinese it is %q", zh)
			}
			if !strings.Contains(p.Summary.String(), c.says) || !strings.Contains(p.Hint.String(), c.hint) {
				t.Errorf("the problem is %q, hint %q; want %q and %q", p.Summary.String(), p.Hint.String(), c.says, c.hint)
			}
		})
	}
}

func TestAFileOfWindows(t *testing.T) {
	c, err := load(t, "\ufeffenvironment: test\r\ncountry: CN\r\n")
	if err != nil {
		t.Fatal(err)
	}
	if c.Environment != config.Test || c.Country != "CN" {
		t.Errorf("read %v", c)
	}
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	_, err := load(t, "environment: prod\nledgr: x\naccounts:\n  a: {vendor: http, class: notice, rate: 0, price: x}\nroutes: {sms: {accounts: [b]}}\n")
	if got := problems(t, err); len(got) != 5 {
		t.Errorf("got %d problems, want 5: %v", len(got), got)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(whole)
	f.Add(config.Starter())
	f.Add("environment: test\naccounts: {a: {options: [[{b: 1}]]}}\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := load(t, text)
		if err == nil {
			if c.Timezone == nil || c.Environment == "" || c.Ledger == "" {
				t.Errorf("a configuration that was taken is not complete: %v", c)
			}
			return
		}
		if got := problems(t, err); len(got) == 0 || got[0].Place.File == "" {
			t.Errorf("a configuration was refused without a place: %v", err)
		}
	})
}
