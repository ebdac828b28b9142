package config

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"notify/pkg/diag/yamldoc"
	"notify/pkg/option"
	"notify/pkg/words"
)

// options are passed on to the adapter, which knows them: here secrets are filled in, and literal ones warned of.
func (r *reader) options(account *yamldoc.Map, vendor string) (Options, option.Set) {
	m := account.Map("options")
	options := make(Options)
	r.declared = nil
	if declare := r.vendors[vendor]; declare != nil {
		given := make(map[string]any)
		for _, k := range m.Keys() {
			if v := m.Value(k); v.Set() && !v.IsMapOrList() {
				given[k] = v.Text()
			}
		}
		r.declared = declare(given, r.dir)
	}
	r.sandbox = isLoopback(account.Value("endpoint").Text())
	for _, k := range m.Keys() {
		if v := m.Value(k); v.Set() {
			options[k] = r.option(v, k)
		}
	}
	for _, k := range variablesBelow(append(account.Path(), "options")) {
		known := slices.ContainsFunc(m.Keys(), func(have string) bool {
			return variableName([]string{have}) == variableName([]string{k})
		})
		if !known {
			options[k] = r.option(m.Value(k), k)
		}
	}
	return options, r.declared
}

// isLoopback reports whether an endpoint is on this machine, where the sandbox is: its password is no secret.
func isLoopback(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func (r *reader) option(v yamldoc.Value, key string) any {
	switch {
	case v.IsMap():
		m := v.Map()
		inner := make(map[string]any)
		for _, k := range m.Keys() {
			if below := m.Value(k); below.Set() {
				inner[k] = r.option(below, k)
			}
		}
		return inner
	case v.IsList():
		items := []any{}
		for _, item := range v.List() {
			items = append(items, r.option(item, key))
		}
		return items
	}
	return r.single(v, key)
}

// single is an option that is one value.
func (r *reader) single(v yamldoc.Value, key string) any {
	text := v.Text()
	if o, ok := r.declared.Named(key); ok && o.Secret || !ok && looksSecret(key) {
		if !r.sandbox && v.FromFile() && text != "" && !strings.HasPrefix(text, "file:") && !reference.MatchString(text) {
			v.Warn(words.T("config.secret-literal", nil), words.T("config.do.secret", nil))
		}
		return r.filled(v)
	}
	// The tag is the file's also where the environment sets another value, so that a number stays one.
	switch v.Tag() {
	case "!!int":
		if n, err := strconv.Atoi(text); err == nil {
			return n
		}
	case "!!bool":
		if b, err := strconv.ParseBool(strings.ToLower(text)); err == nil {
			return b
		}
	}
	return r.filled(v)
}
