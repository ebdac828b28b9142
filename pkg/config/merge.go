package config

import (
	"fmt"
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
	v.SetDefault("language", "en")
	v.SetDefault("ledger", "notify.db")
	v.SetDefault("country", "CN")
	if err := v.MergeConfigMap(root.Plain()); err != nil {
		return nil, fmt.Errorf("merge the configuration: %w", err)
	}
	return &merged{v: v, asked: map[string]bool{pathVariable: true}}, nil
}

// lookup is the Merged of yamldoc.Document.
func (m *merged) lookup(path []string) (value, origin string, ok bool) {
	key, name := strings.Join(path, separator), variableName(path)
	m.asked[name] = true
	value, ok = m.v.Get(key).(string)
	switch {
	case !ok:
		return "", "", false
	case os.Getenv(name) != "":
		return value, "environment variable " + name, true
	case m.v.InConfig(key):
		return value, "", true
	default:
		return value, "default", true
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
		hint := "unset it, or look up the key's name"
		if near := diag.Nearest(name, known); near != "" {
			hint = "did you mean " + near + "?"
		}
		problems.Add(diag.Problem{
			Severity: diag.Warning, Code: "variable-unknown", Place: diag.Place{File: "environment variable " + name},
			Summary: words.Raw("it sets no key of the configuration"), Hint: words.Raw(hint),
		})
	}
}
