package config_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/words"
)

// write puts files into a new folder and returns it.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// configHome is the user's configuration folder, which is in an empty folder from now on.
func configHome(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	for _, name := range []string{"XDG_CONFIG_HOME", "HOME", "APPDATA"} { // each system has its own
		t.Setenv(name, home)
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func load(t *testing.T, text string) (*config.Config, error) {
	t.Helper()
	dir := write(t, map[string]string{"notify.yaml": text})
	return config.Load(config.LoadOptions{Dir: dir, Vendors: kinds()})
}

const whole = `
environment: production
timezone: Asia/Shanghai
country: CN
language: zh
ledger: data/notify.db
capacity:
  recipients: 30000
  require_rehearsal: 30d
protected_domains: [Example.com]
allow_list: [+8613800138000, "*@example.test"]
accounts:
  sms-marketing:
    vendor: http
    environment: production
    class: marketing
    rate: 100/s
    burst: 5
    timeout: 10s
    daily_quota: 100000
    ramp: {start: 500}
    price: 0.045
    currency: cny
    budget: {day: 2000, month: 20000.10}
    low_balance: 500
    endpoint: ""
    segments: mainland
    options: {access_key_id: "${ALIYUN_ID}", access_key_secret: "a ${ALIYUN_SECRET} b", sign_name: 示例, pool: 4, strict: true, headers: {X-Api: v}, list: [1, a]}
  sms-backup: {vendor: http, class: marketing, rate: 30/m}
  edm:
    vendor: smtp
    class: marketing
    rate: 7200/h
    domain_rate: {default: 5/s, gmail.test: {concurrency: 4}, QQ.com: 20/s, example-customer.com: 30/m}
    options: {password: file:edm.password}
routes:
  sms:   {accounts: [sms-marketing: 80, sms-backup: 20], failover: [sms-backup]}
  email: {accounts: [edm]}
`

// kinds are two kinds of vendor, as adapters declare them.
func kinds() option.Kinds {
	return option.Kinds{
		"http": func(map[string]any, string) option.Set {
			return option.Set{{Name: "sign_name", Role: option.Signature}, {Name: "pin", Secret: true}, {Name: "key_of_region"}}
		},
		"smtp": func(map[string]any, string) option.Set { return option.Set{{Name: "address", Role: option.Server}} },
	}
}

// undeclared compares configurations by all but what adapters declare.
func undeclared() cmp.Option { return cmpopts.IgnoreFields(config.Account{}, "Declared") }

func TestTheWholeFile(t *testing.T) {
	t.Setenv("ALIYUN_ID", "id")
	t.Setenv("ALIYUN_SECRET", "s3cret")
	dir := write(t, map[string]string{"notify.yaml": whole, "edm.password": "pa ss\n", "below/deep/x": ""})
	got, err := config.Load(config.LoadOptions{Dir: filepath.Join(dir, "below", "deep"), Vendors: kinds()})
	if err != nil {
		t.Fatal(err)
	}
	price := message.Money(45000)
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Path: filepath.Join(dir, "notify.yaml"), Dir: dir, Files: []string{filepath.Join(dir, "edm.password"), filepath.Join(dir, "notify.yaml")},
		Environment: "production", Timezone: shanghai, Country: "CN", Language: "zh", Ledger: config.Place(filepath.Join(dir, "data", "notify.db")),
		Capacity: config.Capacity{Recipients: 30000, RequireRehearsal: 720 * time.Hour},
		Keep:     map[string]time.Duration{}, ForgetPeople: 1,
		ProtectedDomains: []string{"example.com"}, AllowList: []string{"+8613800138000", "*@example.test"},
		Accounts: map[string]config.Account{
			"sms-marketing": {
				Name: "sms-marketing", Vendor: "http", Environment: "production", Class: "marketing", Rate: 100, Burst: 5,
				Concurrency: 16, Timeout: 10 * time.Second, DailyQuota: 100000, Ramp: &config.Ramp{Start: 500, Factor: 1.5}, Price: &price, Currency: "CNY",
				DayBudget: 2000_000000, MonthBudget: 20000_100000, LowBalance: 500_000000, Segments: "mainland", Signature: "示例",
				Options: config.Options{
					"access_key_id": "id", "access_key_secret": "a s3cret b", "sign_name": "示例", "pool": 4, "strict": true,
					"headers": map[string]any{"X-Api": "v"}, "list": []any{1, "a"},
				},
			},
			"sms-backup": {
				Name: "sms-backup", Vendor: "http", Environment: "production", Class: "marketing", Rate: 0.5,
				Concurrency: 16, Timeout: 30 * time.Second, Options: config.Options{},
			},
			"edm": {
				Name: "edm", Vendor: "smtp", Environment: "production", Class: "marketing", Rate: 2,
				Concurrency: 16, Timeout: 30 * time.Second, Options: config.Options{"password": "pa ss"},
				DomainSlots: map[string]int{"gmail.test": 4}, DomainRate: map[string]float64{"default": 5, "qq.com": 20, "example-customer.com": 0.5},
			},
		},
		Routes: map[message.Channel]config.Route{
			message.SMS: {
				Accounts: []config.Share{{Account: "sms-marketing", Weight: 80}, {Account: "sms-backup", Weight: 20}},
				Failover: []string{"sms-backup"},
			},
			message.Email: {Accounts: []config.Share{{Account: "edm", Weight: 1}}},
		},
	}
	if runtime.GOOS == "windows" {
		got.Warnings = nil // the file has the rights of its folder there, which may be open: rights_windows_test.go
	}
	sameZone := cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
	if diff := cmp.Diff(want, got, sameZone, undeclared()); diff != "" {
		t.Error(diff)
	}
}

func TestEnvironmentVariablesWinOverTheFile(t *testing.T) {
	for _, name := range []string{"ALIYUN_ID", "ALIYUN_SECRET"} {
		t.Setenv(name, "x")
	}
	t.Setenv("ALERT_URL", "https://hooks.example.test/")
	elsewhere := filepath.Join(t.TempDir(), "l.db")
	for name, value := range map[string]string{
		"NOTIFY_ENVIRONMENT": "staging", "NOTIFY_LEDGER": elsewhere, "NOTIFY_CAPACITY_RECIPIENTS": "8000",
		"NOTIFY_ALLOW_LIST":                      "+8610012345678, *@a.test",
		"NOTIFY_ACCOUNTS_SMS_MARKETING_RATE":     "1/s",
		"NOTIFY_ACCOUNTS_SMS_MARKETING_PRICE":    "0.123456",
		"NOTIFY_ACCOUNTS_SMS_MARKETING_CURRENCY": "EUR", "NOTIFY_ACCOUNTS_SMS_MARKETING_BUDGET_DAY": "7",
		"NOTIFY_ACCOUNTS_SMS_MARKETING_OPTIONS_POOL": "9", "NOTIFY_ACCOUNTS_SMS_MARKETING_OPTIONS_EXTRA": "1",
		"NOTIFY_ACCOUNTS_EDM_OPTIONS_PASSWORD":    "from ${outside}",
		"NOTIFY_ACCOUNTS_EDM_DOMAIN_RATE_DEFAULT": "60/m",
		"NOTIFY_ACCOUNTS_EDM_DOMAIN_RATE_QQ_COM":  "2",
		"NOTIFY_ROUTES_SMS_ACCOUNTS":              "sms-backup:3,sms-marketing",
		"NOTIFY_CONTRY":                           "US", "NOTIFY_SERVICE_HOST": "10.0.0.1",
	} {
		t.Setenv(name, value)
	}
	c, err := load(t, whole)
	if err != nil {
		t.Fatal(err)
	}
	m, edm := c.Accounts["sms-marketing"], c.Accounts["edm"]
	got := []any{
		c.Environment, c.Ledger, c.Capacity.Recipients, c.AllowList, m.Rate, m.Price.String(), m.Currency, m.DayBudget.String(),
		m.MonthBudget.String(), m.Options["pool"], m.Options["extra"], edm.Options["password"], edm.DomainRate["default"], edm.DomainRate["qq.com"],
		c.Routes[message.SMS].Accounts,
	}
	want := []any{
		"staging", config.Place(elsewhere), 8000,
		[]string{"+8610012345678", "*@a.test"},
		1.0, "0.123456", "EUR", "7.00",
		"20000.10", 9, "1", "from ${outside}", 1.0, 2.0,
		[]config.Share{{Account: "sms-backup", Weight: 3}, {Account: "sms-marketing", Weight: 1}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"environment variable NOTIFY_CONTRY: it sets no key of the configuration; did you mean NOTIFY_COUNTRY?"}, said(c.Warnings)); diff != "" {
		t.Error(diff)
	}
}

func TestAWrongEnvironmentVariableIsNamed(t *testing.T) {
	t.Setenv("NOTIFY_CAPACITY_RECIPIENTS", "many")
	_, err := load(t, "environment: test\ncapacity: {recipients: 5}\n")
	if err == nil || !strings.HasPrefix(err.Error(), "environment variable NOTIFY_CAPACITY_RECIPIENTS, capacity.recipients: ") {
		t.Errorf("error is %v", err)
	}
}

func TestSearch(t *testing.T) {
	const text = "environment: test\ncapacity: {recipients: %d}\n"
	own := filepath.Join(configHome(t), "notify", "notify.yaml")
	if err := os.MkdirAll(filepath.Dir(own), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(own, fmt.Appendf(nil, text, 4), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := write(t, map[string]string{
		"flag.yaml": fmt.Sprintf(text, 1), "env.yaml": fmt.Sprintf(text, 2), "work/notify.yaml": fmt.Sprintf(text, 3),
		"work/a/b/x": "", "empty/x": "",
	})
	for _, c := range []struct {
		name, path, variable, dir string
		want                      int
	}{
		{"the flag comes first", "flag.yaml", filepath.Join(dir, "env.yaml"), dir, 1},
		{"then the variable", "", filepath.Join(dir, "env.yaml"), filepath.Join(dir, "work"), 2},
		{"then the working folder", "", "", filepath.Join(dir, "work"), 3},
		{"then the folders above it", "", "", filepath.Join(dir, "work", "a", "b"), 3},
		{"then the user's configuration folder", "", "", filepath.Join(dir, "empty"), 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("NOTIFY_CONFIG", c.variable)
			got, err := config.Load(config.LoadOptions{Path: c.path, Dir: c.dir})
			if err != nil {
				t.Fatal(err)
			}
			if got.Capacity.Recipients != c.want {
				t.Errorf("read the file of %d recipients (%s), want %d", got.Capacity.Recipients, got.Path, c.want)
			}
		})
	}
	t.Run("without any file the built-in configuration is for the sandbox", func(t *testing.T) {
		configHome(t)
		t.Setenv("NOTIFY_CAPACITY_RECIPIENTS", "7")
		empty := t.TempDir()
		got, err := config.Load(config.LoadOptions{Dir: empty, Vendors: kinds()})
		if err != nil {
			t.Fatal(err)
		}
		if got.Path != "" || got.Environment != config.Test || got.Ledger != config.Place(filepath.Join(empty, "notify.db")) || got.Capacity.Recipients != 7 {
			t.Errorf("the built-in configuration is %v", got)
		}
		if len(got.Warnings) > 0 || len(got.Routes) != 2 {
			t.Errorf("warnings %q, routes %v", got.Warnings, got.Routes)
		}
	})
}

// TestASecretIsWhatTheVendorDeclares and, of what nobody declared, what sounds like one.
func TestASecretIsWhatTheVendorDeclares(t *testing.T) {
	c, err := load(t, "environment: test\naccounts:\n  a: {vendor: http, class: notice, options: {pin: 1234, key_of_region: eu, strange_token: x}}\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"notify.yaml, line 3, accounts.a.options.pin: the secret stands in the file itself; write ${ENV_VAR} or file:PATH",
		"notify.yaml, line 3, accounts.a.options.strange_token: the secret stands in the file itself; write ${ENV_VAR} or file:PATH",
	}
	got := said(c.Warnings)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestALedgerInADatabaseIsRefusedByNameAndWithoutItsPassword(t *testing.T) {
	for _, c := range []struct{ dsn, says string }{
		{"postgres://u:hunter2@db.example.test:x/n", "no URL"},
		{"postgresql:///n?password=hunter2", "no URL"},
		{"postgres://u:12/hunter2@db.example.test/n", "no URL"}, // the password ends the name of the server
		{"postgres://u:12#hunter2@db.example.test/n", "no URL"},
		{"postgres://u:12?hunter2@db.example.test/n", "no URL"},
		{"POSTGRES:u:hunter2@db", "postgres://"},
		{"mysql://u:hunter2@db.example.test/n", "mysql://"},
		{"host=db.example.test password=hunter2", "in a database"},
		{"x y://u:hunter2@db", "in a database"},
	} {
		for how, err := range map[string]error{
			"in the file": func() error { _, err := load(t, "environment: test\nledger: \""+c.dsn+"\"\n"); return err }(),
			"on its own":  config.CheckLedger(c.dsn),
		} {
			if err == nil || !strings.Contains(fmt.Sprintf("%v %+v", err, err), c.says) || strings.Contains(fmt.Sprintf("%v %+v", err, err), "hunter2") {
				t.Errorf("%s, %s: got %v", c.dsn, how, err)
			}
		}
		t.Setenv("NOTIFY_LEDGER", c.dsn)
		if _, err := load(t, "environment: test\n"); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "NOTIFY_LEDGER") {
			t.Errorf("%s in the environment: got %v", c.dsn, err)
		}
		t.Setenv("NOTIFY_LEDGER", "")
	}
	for _, file := range []string{"notify.db", `C:\notify\notify.db`, "/var/lib/notify.db", "a:b.db", "postgres.db"} {
		if err := config.CheckLedger(file); err != nil {
			t.Errorf("%s: got %v", file, err)
		}
	}
}

func TestALedgerOnAServerIsShownWithoutItsPassword(t *testing.T) {
	t.Setenv("PW", "hunter2")
	for _, url := range []string{"postgres://u:${PW}@db.example.test/n", "postgres://u@db.example.test/n?password=${PW}&schema=award"} {
		c, err := load(t, "environment: test\nledger: \""+url+"\"\n")
		if err != nil {
			t.Fatal(err)
		}
		if !c.Ledger.Server() || c.Ledger.File() != "" || !strings.Contains(c.Ledger.Reveal(), "hunter2") {
			t.Error(c.Ledger.File())
		}
		b, err := json.Marshal(c)
		if said := fmt.Sprintf("%v %+v %#v %s %q %s", c, c, c.Ledger, c.Ledger, c.Ledger, b); err != nil || strings.Contains(said, "hunter2") || !strings.Contains(said, "u@db.example.test/n") {
			t.Errorf("%s, %v", said, err)
		}
	}
	c, err := load(t, "environment: test\nledger: \"postgres://u@db.example.test/n?password=file:pw\"\n")
	if err != nil || !strings.Contains(c.Ledger.Reveal(), url.QueryEscape(c.Dir)) {
		t.Errorf("%s, %v", c.Ledger.Reveal(), err)
	}
}

func TestAnAlertTargetIsKnownByItsAddress(t *testing.T) {
	t.Setenv("ALERT_URL", "https://oapi.dingtalk.com/robot/send?access_token=T0KEN")
	c, err := load(t, `environment: test
alerts:
  - {url: "${ALERT_URL}", secret: S3C, severity: critical, language: zh}
  - "https://hooks.example.test/T0KEN"
  - {url: "https://hooks.example.test/other"}
  - {name: ops, kind: feishu, url: "http://127.0.0.1:1/T0KEN"}
  - {url: "slack://hook:T0KEN@webhook"}
`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range c.Alerts {
		got = append(got, strings.Join([]string{a.Name, a.Kind, a.Severity, a.Language}, " "))
	}
	if diff := cmp.Diff([]string{"dingtalk dingtalk critical zh", "webhook webhook warning ", "webhook-2 webhook warning ", "ops feishu warning ", "service service warning "}, got); diff != "" {
		t.Error(diff)
	}
	if s := fmt.Sprintf("%v %+v %s", c.Alerts, c.Alerts[0], c.Alerts[0]); strings.Contains(s, "T0KEN") || strings.Contains(s, "S3C") {
		t.Errorf("printed %s", s)
	}
	t.Setenv("NOTIFY_ALERTS", "https://hooks.example.test/T0KEN")
	if c, err = load(t, "environment: test\n"); err != nil || len(c.Alerts) != 1 || c.Alerts[0].Kind != config.Webhook {
		t.Errorf("from the environment: %v, %v", c, err)
	}
	t.Setenv("NOTIFY_ALERTS", "")
	for text, want := range map[string]string{
		"[{severity: warning}]": "nothing says where this alert goes",
		"[T0KEN]":               "this is no address",
		"[{kind: wecom, url: \"slack://T0KEN@hook\"}]":                             "an alert of the kind wecom does not go to",
		"[{name: a, url: \"http://h/T0KEN\"}, {name: a, url: \"http://h/T0KEN\"}]": "two alert targets are called a",
	} {
		if _, err := load(t, "environment: test\nalerts: "+text+"\n"); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "T0KEN") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	t.Setenv("ALIYUN_ID", "id-S3CRET")
	t.Setenv("ALIYUN_SECRET", "S3CRET")
	dir := write(t, map[string]string{"notify.yaml": whole, "edm.password": "S3CRET"})
	c, err := config.Load(config.LoadOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if c.Accounts["edm"].Options["password"] != "S3CRET" {
		t.Fatal("the secrets were not filled in")
	}
	for _, v := range []any{c, *c, c.Accounts, c.Accounts["edm"], c.Accounts["edm"].Options, struct{ C config.Config }{*c}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, "S3CRET") || strings.Contains(out, "533343524554") {
				t.Errorf("%s of %T shows a secret: %s", verb, v, out)
			}
		}
		out, err := json.Marshal(v)
		if err != nil || strings.Contains(string(out), "S3CRET") {
			t.Errorf("JSON of %T shows a secret or fails: %s %v", v, out, err)
		}
	}
}

func TestAllows(t *testing.T) {
	c := &config.Config{Environment: config.Test, AllowList: []string{"+8613800138000", "+86100*", "Wang@example.test", "*@a.test", "*@*.b.test"}}
	for _, tt := range []struct {
		addr message.Address
		want bool
	}{
		{"+8613800138000", true},
		{"+86138001380001", false},
		{"+8610012345678", true},
		{"+8611012345678", false},
		{"wang@example.test", true},
		{"li@example.test", false},
		{"li@a.test", true},
		{"li@x.a.test", false},
		{"li@xa.test", false},
		{"li@x.b.test", true},
		{"li@x.y.b.test", true},
		{"li@b.test", false},
		{"li@xb.test", false},
		{"a.test", false},
		{"@a.test", false},
		{"*@a.test", false},
		{"x@evil.test@a.test", true},
		{"", false},
	} {
		t.Run(string(tt.addr), func(t *testing.T) {
			if got := c.Allows(tt.addr); got != tt.want {
				t.Errorf("Allows(%q) = %v, want %v", tt.addr, got, tt.want)
			}
		})
	}
	c.Environment = config.Production
	if !c.Allows("li@b.test") {
		t.Error("in production the allow list does not hold anybody back")
	}
}

func problems(t *testing.T, err error) []diag.Problem {
	t.Helper()
	var input *diag.InputError
	if !errors.As(err, &input) {
		t.Fatalf("error is %v, want problems for the operator", err)
	}
	var stops []diag.Problem
	for _, p := range input.Problems.Kept() {
		if p.Stops() {
			stops = append(stops, p)
		}
	}
	return stops
}

func said(texts []words.Text) []string {
	var out []string
	for _, t := range texts {
		out = append(out, t.String())
	}
	return out
}
