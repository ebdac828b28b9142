package config

import (
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/option"
	"notify/pkg/words"
)

// FileName is what the search looks for.
const FileName = "notify.yaml"

// pathVariable names the file, for those who do not want to type --config.
const pathVariable = "NOTIFY_CONFIG"

// LoadOptions say where to look.
type LoadOptions struct {
	// Path is the file; empty means the search: $NOTIFY_CONFIG, then notify.yaml in Dir and every folder above it, then
	// notify/notify.yaml in the user's configuration folder.
	Path string
	// Dir is the working folder; empty means the process's.
	Dir string
	// Channels are those that there are; nil are the built-in ones.
	Channels channel.Set
	// Vendors are the kinds of vendor that there are, with what they declare; nil means that any name is taken, and any option.
	Vendors option.Kinds
}

// Load finds and reads the configuration. Where there is none, it is that of Default. Every value can be set by an
// environment variable, which wins over the file: NOTIFY_ and the key in capitals, with _ for what separates its parts:
// accounts.sms-marketing.daily_quota is NOTIFY_ACCOUNTS_SMS_MARKETING_DAILY_QUOTA. Lists are separated by commas. An
// account has to stand in the file to be found; its options need not (NOTIFY_ACCOUNTS_EDM_OPTIONS_PASSWORD is the option
// password). The weights of a route are "a:80,b:20". Domains of domain_rate other than default
// have to stand in the file. A variable that is empty counts as not set, and one that sets nothing is a warning.
//
// What the operator has to mend is a *diag.InputError: every problem at once.
func Load(o LoadOptions) (*Config, error) {
	if o.Dir == "" {
		dir, err := os.Getwd()
		if err != nil {
			return nil, words.Wrap(err, "config.working-folder", nil)
		}
		o.Dir = dir
	}
	path := o.find()
	if path == "" {
		return Default(o)
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(o.Dir, path)
	}
	problems := &diag.List{Keep: 100}
	doc := &yamldoc.Document{Place: diag.Place{File: shown(o.Dir, path)}, Problems: problems}
	root, ok := doc.Read(path)
	if !ok {
		return nil, problems.Err()
	}
	c, err := read(doc, root, filepath.Dir(path), o)
	if err != nil {
		return nil, err
	}
	c.Path, c.Files = path, append(c.Files, path)
	return c, nil
}

// PeekLanguage is what the file that Load would read says under language, read without looking at anything else in it, since
// what is wrong with the rest is told in that language; empty where there is no such word.
func PeekLanguage(o LoadOptions) string {
	if o.Dir == "" {
		o.Dir, _ = os.Getwd()
	}
	path := o.find()
	if path != "" && !filepath.IsAbs(path) {
		path = filepath.Join(o.Dir, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	var only struct {
		Language string `yaml:"language"`
	}
	_ = yaml.Unmarshal(text, &only) // Load says what is wrong with it
	return only.Language
}

// Default is the configuration where there is no file: a test installation whose accounts are at the sandbox on this
// machine, and which reaches invented recipients only. The ledger is notify.db in the working folder. Environment
// variables are read as by Load.
func Default(o LoadOptions) (*Config, error) {
	if o.Dir == "" {
		dir, err := os.Getwd()
		if err != nil {
			return nil, words.Wrap(err, "config.working-folder", nil)
		}
		o.Dir = dir
	}
	problems := &diag.List{Keep: 100}
	doc := &yamldoc.Document{Place: diag.Place{Builtin: true}, Problems: problems}
	root, ok := doc.Parse([]byte(Starter()))
	if !ok {
		return nil, problems.Err()
	}
	return read(doc, root, o.Dir, o)
}

// find is the file that is to be read; empty where there is none.
func (o LoadOptions) find() string {
	if o.Path != "" {
		return o.Path
	}
	if p := os.Getenv(pathVariable); p != "" {
		return p
	}
	for dir := filepath.Clean(o.Dir); ; dir = filepath.Dir(dir) {
		if p := filepath.Join(dir, FileName); isThere(p) {
			return p
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	if dir, err := os.UserConfigDir(); err == nil {
		if p := filepath.Join(dir, "notify", FileName); isThere(p) {
			return p
		}
	}
	return ""
}

func isThere(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// shown is the path as the operator would type it in the working folder.
func shown(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	if err != nil || strings.HasPrefix(rel, ".."+string(filepath.Separator)+"..") {
		return path
	}
	return rel
}
