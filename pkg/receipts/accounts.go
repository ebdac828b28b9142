package receipts

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/words"
)

// Accounts are those of the configuration, as their receipts are read. One whose vendor pushes nothing that is known has no Format.
// file reads the vendor file that an account of kind http names.
func Accounts(cfg *config.Config, file func(definition, dir string) ([]byte, error), fetch func(address string) ([]byte, error)) (map[string]*Account, *words.Error) {
	formats := Formats()
	out := make(map[string]*Account)
	for name, a := range cfg.Accounts {
		one := &Account{
			Name: name, Kind: a.Vendor, Secret: a.Receipts.Secret, Topic: a.Receipts.Topic, URL: a.Receipts.URL, Sources: a.Receipts.Sources, Local: a.Local(), Fetch: fetch,
		}
		format := a.Receipts.Format
		if format == "" {
			format = formatOf(&a)
		} else if m, err := LoadMapping(format, cfg.Dir); formats[format] == nil && err == nil {
			formats[format] = m.Format()
		} else if formats[format] == nil {
			unknown := words.Err("receipts.format-unknown", words.A{"account": name, "format": words.Typed(format)})
			unknown.Hint = diag.Known(format, slices.Sorted(maps.Keys(formats)))
			return nil, unknown
		}
		one.Format = formats[format]
		if definition, _ := a.Options["definition"].(string); one.Format == nil && a.Vendor == "http" {
			m, err := pushedBy(format, definition, cfg.Dir, file)
			if err != nil {
				return nil, words.Wrap(err, "receipts.account", words.A{"account": name})
			}
			if m != nil {
				one.Format = m.Format()
			}
		}
		if a.Vendor == "twilio" && one.Secret == "" {
			one.Secret, _ = a.Options["auth_token"].(string)
		}
		out[name] = one
	}
	return out, nil
}

// formatOf is the format of an account's vendor: that of its kind, or of its file.
func formatOf(a *config.Account) string {
	switch a.Vendor {
	case "http":
		file, _ := a.Options["definition"].(string)
		return strings.TrimSuffix(filepath.Base(strings.TrimPrefix(file, "builtin:")), filepath.Ext(file))
	case "smtp":
		return "dsn"
	}
	return a.Vendor
}

// Pushes reports whether the account's vendor calls us.
func (a *Account) Pushes() bool {
	return a.Format != nil && a.Format.Name != "dsn" && a.Format.Name != formatEvents
}

// Signed reports whether only what is signed is believed.
func (a *Account) Signed() bool {
	return a.Format != nil && a.Format.Signs && (a.Secret != "" || a.Topic != "")
}

// pushedBy is what a vendor file says of receipts; nil where it says nothing. What else is wrong with the file is told where it is sent with.
func pushedBy(name, definition, dir string, file func(definition, dir string) ([]byte, error)) (*Mapping, error) {
	if b, err := file(definition, dir); err == nil {
		return FileMapping(name, b)
	}
	return nil, nil
}
