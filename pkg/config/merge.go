package config

import (
	"os"
	"slices"
	"strings"

	"github.com/spf13/viper"

	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/words"
)

// separator parts keys inside viper; a dot would cut through names of accounts and domains.
const separator = "::"

// merged is the file under the environment and over the defaults. Viper decides which of them is in force; where a value
// stands, and what it looks like to the digit, is kept by package yamldoc.
type merged struct {
	v     *viper.Viper
	asked map[string]bool // environment variables that have a meaning
}

func merge(root *yamldoc.Map) (*merged, error) {
	v := viper.NewWithOptions(
		viper.KeyDelimiter(separator),
		viper.EnvKeyReplacer(strings.NewReplacer(separator, "_", "-", "_", ".", "_")),
	)
	v.SetEnvPrefix("NOTIFY")
	v.AutomaticEnv()
	v.SetDefault("ledger", "notify.db")
	v.SetDefault("country", "CN")
	if err := v.MergeConfigMap(root.Plain()); err != nil {
		return nil, words.Wrap(err, "config.merge", nil)
	}
	return &merged{v: v, asked: map[string]bool{pathVariable: true}}, nil
}

// lookup is the Merged of yamldoc.Document.
func (m *merged) lookup(path []string) (value string, origin diag.Place, ok bool) {
	key, name := strings.Join(path, separator), variableName(path)
	m.asked[name] = true
	value, ok = m.v.Get(key).(string)
	switch {
	case !ok:
		return "", diag.Place{}, false
	case os.Getenv(name) != "":
		return value, diag.Place{Variable: name}, true
	case m.v.InConfig(key):
		return value, diag.Place{}, true
	default:
		return value, diag.Place{Builtin: true}, true
	}
}

// variableName is the environment variable of a key.
func variableName(path []string) string {
	return "NOTIFY_" + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(strings.Join(path, "_")))
}

// variablesBelow are the keys below a path that the environment sets, in lower case: NOTIFY_ACCOUNTS_EDM_OPTIONS_PASSWORD
// is "password" below accounts.edm.options.
func variablesBelow(path []string) []string {
	var keys []string
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if rest, ok := strings.CutPrefix(name, variableName(path)+"_"); ok && rest != "" && value != "" {
			keys = append(keys, strings.ToLower(rest))
		}
	}
	slices.Sort(keys)
	return keys
}

// strangers warns of variables that look like settings and are none: a misspelt one would do nothing, silently. The ones
// that container platforms set for a service called notify are passed over.
func (m *merged) strangers(problems *diag.List) {
	known := make([]string, 0, len(m.asked))
	for name := range m.asked {
		known = append(known, name)
	}
	slices.Sort(known)
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "NOTIFY_") || m.asked[name] ||
			strings.HasPrefix(name, "NOTIFY_SERVICE_") || strings.HasPrefix(name, "NOTIFY_PORT") {
			continue
		}
		hint := words.T("config.do.variable", nil)
		if near := diag.Nearest(name, known); near != "" {
			hint = words.T("config.do.variable-near", words.A{"near": near})
		}
		problems.Add(diag.Err(diag.Place{Variable: name}, "config.variable-unknown", nil).Then(hint).Warns())
	}
}
