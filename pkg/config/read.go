package config

import (
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/words"
)

// MaxWeight is the largest weight of an account on a route.
const MaxWeight = 1_000_000

// The largest figures that are taken for meant; beyond them a unit or a digit was mistaken.
const (
	maxRecipients = 100_000_000
	maxRate       = 100_000
	maxQuota      = 1_000_000_000
	maxInFlight   = 10_000
	year          = 366 * 24 * time.Hour
)

// reader turns the file into a Config.
type reader struct {
	dir      string
	channels channel.Set
	vendors  option.Kinds
	merged   *merged
	files    []string
	declared option.Set // of the account being read
	sandbox  bool       // the account being read is on this machine
}

func read(doc *yamldoc.Document, root *yamldoc.Map, dir string, o LoadOptions) (*Config, error) {
	m, err := merge(root)
	if err != nil {
		return nil, err
	}
	doc.Merged = m.lookup
	r := &reader{dir: dir, channels: o.Channels, vendors: o.Vendors, merged: m}
	c := &Config{Dir: dir, Channels: o.Channels}
	r.installation(root, c)
	c.Capacity = r.capacity(root.Map("capacity"))
	c.Accounts = r.accounts(root.Map("accounts"), c.Environment)
	c.Routes = r.routes(root.Map("routes"), c.Accounts)
	c.Alerts = r.alerts(root.Value("alerts"))
	c.Roles = readRoles(root.Map("roles"))
	c.signers(root.Map("signers"))
	c.ForgetPeople = forgetPeople(root.Map("person"))
	c.Files = r.files
	root.Done()
	m.strangers(doc.Problems)
	if err := doc.Problems.Err(); err != nil {
		return nil, err
	}
	for _, p := range doc.Problems.Kept() {
		c.Warnings = append(c.Warnings, p.Text())
	}
	return c, nil
}

func (r *reader) installation(root *yamldoc.Map, c *Config) {
	if root.Value("environment").Missing() {
		root.Problem("environment", words.T("config.environment-missing", nil), words.T("config.do.environment", nil))
	}
	c.Environment = root.Value("environment").OneOf(Production, Staging, Test)
	c.Country = r.country(root.Value("country"))
	c.Timezone = r.timezone(root, c.Country)
	c.Language = root.Value("language").OneOf("en", "zh")
	c.Ledger = r.ledger(root.Value("ledger"))
	c.Timer = root.Value("timer").Duration(time.Second, year)
	c.ProtectedDomains = r.domains(root.Value("protected_domains"))
	c.DNS = dnsServer(root.Value("dns"))
	if v := root.Value("receivers"); v.Set() {
		if c.Receivers = r.expanded(v, v.Text()); c.Receivers != "" && !filepath.IsAbs(c.Receivers) {
			c.Receivers = filepath.Join(r.dir, c.Receivers)
		}
	}
	r.keeping(root, c)
	c.Hours = hours(root.Map("windows"), c.Timezone)
	c.Unsubscribe = r.unsubscribe(root.Map("unsubscribe"))
	c.Frequency = r.frequency(root.Map("frequency"))
	c.NoSameMX = root.Value("same_mx").OneOf("true", "false") == "false"
	for _, v := range root.Value("allow_list").List() {
		if p, ok := yamldoc.Parsed(v, allowPattern, words.T("config.do.allow", nil)); ok {
			c.AllowList = append(c.AllowList, p)
		}
	}
}

// keeping is what is remembered, where, and for how long.
func (r *reader) keeping(root *yamldoc.Map, c *Config) {
	for _, v := range root.Value("witness").List() {
		dir := r.expanded(v, v.Text())
		if dir != "" && !filepath.IsAbs(dir) {
			dir = filepath.Join(r.dir, dir)
		}
		if dir != "" {
			c.Witness = append(c.Witness, filepath.Clean(dir))
		}
	}
	keep := root.Map("keep")
	c.Keep = make(map[string]time.Duration)
	for _, class := range []string{Notice, Marketing} {
		if d := keep.Value(class).Duration(24*time.Hour, 20*year); d > 0 {
			c.Keep[class] = d
		}
	}
	keep.Done()
}

func (r *reader) country(v yamldoc.Value) string {
	s := strings.ToUpper(v.Text())
	if v.Set() && !v.IsMapOrList() && (len(s) != 2 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		v.Problem(words.T("config.country-invalid", words.A{"value": v.Text()}), words.T("config.do.country", nil))
	}
	return s
}

// timezone has a default for the default country only: elsewhere a guess would move quotas and windows by hours.
func (r *reader) timezone(root *yamldoc.Map, country string) *time.Location {
	v := root.Value("timezone")
	name := v.Text()
	switch {
	case name == "" && v.IsMapOrList():
		return nil
	case name == "" && country != "CN":
		root.Problem("timezone", words.T("config.timezone-missing", nil), words.T("config.do.timezone-name", nil))
		return nil
	case name == "":
		name = "Asia/Shanghai"
	case name == "Local":
		v.Problem(words.T("config.timezone-local", nil), words.T("config.do.timezone", nil))
		return nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		v.Problem(words.T("config.timezone-invalid", words.A{"value": name}), words.T("config.do.timezone", nil))
	}
	return loc
}

func (r *reader) ledger(v yamldoc.Value) Place {
	s := r.expanded(v, v.Text())
	if s == "" {
		if !v.IsMapOrList() {
			v.Problem(words.T("config.ledger-missing", nil), words.T("config.do.ledger", nil))
		}
		return ""
	}
	if err := CheckLedger(s); err != nil {
		v.Problem(words.Cause(err), words.T("config.do.ledger", nil))
		return ""
	}
	at := Place(s).below(r.dir)
	if path := at.passwordFile(); path != "" {
		if info, err := os.Stat(path); err == nil { // one that is not there is found out by who opens the ledger
			warnReadable(v, path, info)
		}
	}
	return at
}

// databaseScheme begins the address of a database; a letter before a colon is a drive.
var databaseScheme = regexp.MustCompile(`^(?i:([a-z][a-z0-9+.-]*)://|(postgres|postgresql|mysql|mariadb|sqlserver):)`)

// CheckLedger reports a ledger that is neither a file nor on a server that is known. Whatever else its name holds may be a password, and is not in the error.
func CheckLedger(name string) error {
	m := databaseScheme.FindStringSubmatch(name)
	switch {
	case Place(name).Server():
		if u, err := url.Parse(name); err != nil || u.Host == "" && u.Query().Get("host") == "" || cutShort(u) {
			return words.Err("config.ledger-url", nil)
		}
	case m != nil:
		return words.Err("config.ledger-scheme", words.A{"scheme": strings.ToLower(m[1] + m[2])})
	case strings.Contains(name, "://"), strings.Contains(strings.ToLower(name), "password="):
		return words.Err("config.ledger-database", nil)
	case strings.HasPrefix(name, ":memory:"):
		return words.Err("config.ledger-memory", nil)
	}
	return nil
}

// cutShort reports that what was to be a password ended the server's name before its time: by a / ? or # in it.
func cutShort(u *url.URL) bool {
	return strings.Contains(u.Path, "@") || u.Fragment != "" || strings.Contains(u.RawQuery, "@") && !strings.Contains(u.RawQuery, "=")
}

func (r *reader) domains(v yamldoc.Value) []string {
	var domains []string
	for _, item := range v.List() {
		d := strings.TrimSuffix(strings.ToLower(item.Text()), ".")
		if d == "" && item.IsMapOrList() {
			continue
		}
		if !domainPattern().MatchString(d) {
			item.Problem(words.T("config.domain-invalid", words.A{"value": item.Text()}), words.T("config.do.domain", nil))
			continue
		}
		domains = append(domains, d)
	}
	return domains
}

func (r *reader) capacity(m *yamldoc.Map) Capacity {
	defer m.Done()
	return Capacity{
		Recipients:       int(m.Value("recipients").Int(1, maxRecipients)),
		RequireRehearsal: m.Value("require_rehearsal").Duration(time.Minute, 5*year),
	}
}

func (r *reader) routes(m *yamldoc.Map, accounts map[string]Account) map[message.Channel]Route {
	routes := make(map[message.Channel]Route)
	names := slices.Sorted(maps.Keys(accounts))
	for _, ch := range r.channels.Names() {
		v := m.Map(string(ch))
		if route := r.route(v, names); len(route.Accounts) > 0 {
			routes[ch] = route
		} else if len(v.Keys()) > 0 && v.Value("accounts").Missing() {
			v.Problem("accounts", words.T("config.route-missing", nil), words.T("config.do.route-accounts", nil))
		}
	}
	m.Done()
	return routes
}

func (r *reader) route(m *yamldoc.Map, names []string) Route {
	defer m.Done()
	var route Route
	total := 0
	for _, item := range m.Value("accounts").List() {
		s, ok := share(item)
		if !ok || !known(item, s.Account, names) {
			continue
		}
		if slices.ContainsFunc(route.Accounts, func(have Share) bool { return have.Account == s.Account }) {
			item.Problem(words.T("config.route-twice", words.A{"account": s.Account}), words.T("yaml.do.keep-one", nil))
			continue
		}
		total += s.Weight
		route.Accounts = append(route.Accounts, s)
	}
	if len(route.Accounts) > 0 && total == 0 {
		m.Problem("accounts", words.T("config.route-weight", nil), words.T("config.do.weight", nil))
	}
	for _, item := range m.Value("failover").List() {
		name := item.Text()
		if name == "" || !known(item, name, names) {
			continue
		}
		if slices.Contains(route.Failover, name) {
			item.Problem(words.T("config.failover-twice", words.A{"account": name}), words.T("yaml.do.keep-one", nil))
			continue
		}
		route.Failover = append(route.Failover, name)
	}
	return route
}

// share reads "sms-marketing: 80", as a map or in one word, and "sms-marketing".
func share(v yamldoc.Value) (Share, bool) {
	if v.IsMap() {
		m := v.Map()
		if len(m.Keys()) != 1 {
			v.Problem(words.T("config.route-invalid", words.A{"n": len(m.Keys())}), words.T("config.do.route", nil))
			return Share{}, false
		}
		name := m.Keys()[0]
		weight := m.Value(name)
		if weight.Missing() {
			v.Problem(words.T("config.weight-missing", words.A{"account": name}), words.T("config.do.weight-missing", nil))
		}
		n, ok := yamldoc.Parsed(weight, parseWeight, words.T("config.do.weight-number", nil))
		return Share{Account: name, Weight: n}, ok
	}
	name, weight, weighted := strings.Cut(v.Text(), ":")
	s := Share{Account: strings.TrimSpace(name), Weight: 1}
	if weighted {
		n, err := parseWeight(strings.TrimSpace(weight))
		if err != nil {
			v.Problem(words.Cause(err), words.T("config.do.weight-number", nil))
			return Share{}, false
		}
		s.Weight = n
	}
	return s, s.Account != ""
}

func parseWeight(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > MaxWeight {
		return 0, words.Err("config.weight-invalid", words.A{"value": s})
	}
	return n, nil
}

// known reports an account that is not configured.
func known(v yamldoc.Value, name string, names []string) bool {
	if slices.Contains(names, name) {
		return true
	}
	hint := diag.Known(name, names)
	if len(names) == 0 {
		hint = words.T("config.do.account", nil)
	}
	v.Problem(words.T("config.account-unknown", words.A{"account": name}), hint)
	return false
}
