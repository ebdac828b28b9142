package config

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"notify/pkg/diag/yamldoc"
	"notify/pkg/inuse"
	"notify/pkg/words"
)

// maxSecret is the largest file that can be a secret; private keys and tokens are far smaller.
const maxSecret = 64 << 10

var (
	reference = regexp.MustCompile(`\$\{([^}]*)\}`)
	variable  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	secretish = []string{"password", "passwd", "passphrase", "secret", "token", "key", "apikey", "credential", "auth", "authorization"} //nolint:gochecknoglobals // a constant table
)

// filled is the text of a value with its secrets: ${NAME} anywhere in it is an environment variable, and file:PATH is what
// stands in the file, without the line end behind it. The value of a secret is in no problem.
func (r *reader) filled(v yamldoc.Value) string {
	text := v.Text()
	if path, ok := strings.CutPrefix(text, "file:"); ok {
		return r.secretFile(v, path)
	}
	return r.expanded(v, text)
}

// expanded replaces ${NAME} only, for values that may begin with file: themselves. What an environment variable holds is
// taken as it is: a password may well have a ${ in it.
func (r *reader) expanded(v yamldoc.Value, text string) string {
	if !v.FromFile() {
		return text
	}
	return reference.ReplaceAllStringFunc(text, func(ref string) string {
		name := ref[2 : len(ref)-1]
		if !variable.MatchString(name) {
			v.Problem(words.T("config.secret-syntax", words.A{"reference": ref}), words.T("config.do.secret-name", nil))
			return ""
		}
		r.merged.asked[name] = true
		value, set := os.LookupEnv(name)
		switch {
		case !set:
			v.Problem(words.T("config.secret-unset", words.A{"name": name}), words.T("config.do.secret-set", nil))
		case value == "":
			v.Problem(words.T("config.secret-empty", words.A{"name": name}), words.T("config.do.secret-set", nil))
		}
		return value
	})
}

// warnReadable says of a file with a secret that others may read it.
func warnReadable(v yamldoc.Value, path string, info os.FileInfo) {
	if othersRead(path, info) {
		v.Warn(words.T("config.secret-readable", words.A{"path": path}), words.T("config.do.rights", words.A{"command": closeToOthers(path)}))
	}
}

func (r *reader) secretFile(v yamldoc.Value, path string) string {
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.dir, path)
	}
	info, err := os.Stat(path)
	if err != nil {
		v.Problem(words.T("config.secret-unreadable", words.A{"path": path, "cause": words.Cause(err)}), words.T("config.do.secret-write-safe", nil))
		return ""
	}
	if !info.Mode().IsRegular() || info.Size() > maxSecret {
		v.Problem(words.T("config.secret-no-file", words.A{"path": path}), words.T("config.do.secret-file", nil))
		return ""
	}
	warnReadable(v, path, info)
	data, err := inuse.ReadFile(path)
	if errors.Is(err, inuse.ErrHeld) {
		v.Problem(words.Cause(err), words.HintOf(err))
		return ""
	}
	if err != nil {
		v.Problem(words.T("config.secret-unreadable", words.A{"path": path, "cause": words.Cause(err)}), words.T("yaml.do.right", nil))
		return ""
	}
	r.files = append(r.files, path)
	secret := strings.TrimRight(string(data), "\r\n")
	if secret == "" {
		v.Problem(words.T("config.secret-blank", words.A{"path": path}), words.T("config.do.secret-write", nil))
	}
	return secret
}

// looksSecret reports whether an option holds a secret by its name: auth_token, access_key_secret, password; but not
// access_key_id or key_file.
func looksSecret(key string) bool {
	words := strings.FieldsFunc(strings.ToLower(key), func(c rune) bool { return c == '_' || c == '-' || c == '.' })
	if len(words) == 0 || slices.Contains([]string{"id", "file", "path", "name", "url"}, words[len(words)-1]) {
		return false
	}
	return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(secretish, w) })
}
