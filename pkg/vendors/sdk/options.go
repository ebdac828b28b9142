package sdk

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"notify/pkg/diag"
	"notify/pkg/option"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// Declared is an option.Declare for a set that does not depend on what is given.
func Declared(set option.Set) option.Declare {
	return func(map[string]any, string) option.Set { return set }
}

// Options reads an account's options, each of which is one value, and its address; everything that is wrong with them is reported
// at once. host is the vendor's own address.
func Options(vendor, host string, s vendors.Settings, set option.Set, rules ...Rule) (given map[string]string, endpoint *url.URL, err error) {
	c := checker{account: s.Account}
	given = make(map[string]string, len(set))
	for _, name := range slices.Sorted(maps.Keys(s.Options)) {
		if _, ok := set.Named(name); !ok {
			c.add("options."+name, words.T("vendor.option-unknown", words.A{"vendor": vendor, "option": name}), diag.Known(name, set.Names()))
			continue
		}
		switch v := s.Options[name].(type) {
		case string, int, int64, bool:
			given[name] = fmt.Sprint(v)
		default:
			c.add("options."+name, words.T("vendor.option-shape", nil), words.T("vendor.do.one-value", nil))
		}
	}
	for _, o := range set {
		c.check(vendor, o, given)
	}
	for _, r := range rules {
		if !r.Keeps(given[r.Option]) {
			c.add("options."+r.Option, r.Says, r.Do)
		}
	}
	endpoint = c.endpoint(host, s.Endpoint)
	return given, endpoint, c.problems.Err()
}

// Rule is what an option's value has to keep, and what is said and done about one that does not.
type Rule struct {
	Option   string
	Keeps    func(value string) bool
	Says, Do words.Text
}

type checker struct {
	account  string
	problems diag.List
}

func (c *checker) add(key string, summary, hint words.Text) {
	c.problems.Add(diag.Of(diag.Place{Column: "accounts." + c.account + "." + key}, summary).Then(hint))
}

// check fills in an option's default, and says where one is missing.
func (c *checker) check(vendor string, o option.Option, given map[string]string) {
	if given[o.Name] == "" {
		given[o.Name] = o.Default
	}
	switch v := given[o.Name]; {
	case v == "" && o.Required:
		c.add("options."+o.Name, words.T("vendor.option-missing", words.A{"vendor": vendor, "option": o.Name}), words.T("vendor.do.set-to", words.A{"about": o.About}))
	case o.Secret && strings.ContainsAny(v, "\r\n"):
		c.add("options."+o.Name, words.T("vendor.secret-line", nil), words.T("vendor.do.secret-line", nil))
	}
}

// endpoint is an address as "host", "host:port" or "https://host:port". Without TLS texts and numbers travel for all to read, so that this
// is for this machine only.
func (c *checker) endpoint(host, given string) *url.URL {
	if given == "" {
		given = host
	}
	if !strings.Contains(given, "://") {
		given = "https://" + given
	}
	u, err := url.Parse(strings.TrimSuffix(given, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Path != "" || u.Scheme != "https" && u.Scheme != "http" {
		c.add("endpoint", words.T("vendor.address-none", nil), words.T("vendor.do.endpoint", nil))
		return nil
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		c.add("endpoint", words.T("vendor.endpoint-plain", nil), words.T("vendor.do.tls-only", nil))
		return nil
	}
	return u
}
