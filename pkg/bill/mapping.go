package bill

import (
	"embed"
	"slices"
	"strconv"
	"strings"
	"time"

	"notify/pkg/diag/yamldoc"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Mapping says under which headers a vendor's tables have what: the export of what was sent, line by line, and the bill by day.
type Mapping struct {
	Name string `yaml:"name"`
	Zone string `yaml:"zone"` // of times and days
	// Currency is that of amounts beside which none stands; empty: the account's.
	Currency string `yaml:"currency"`
	// Line are the columns of an export: id, to, at, segments, price (of the whole message), currency.
	Line map[string][]string `yaml:"line"`
	// Bill are those of a bill: day, type, messages, segments, price (of a segment), amount, currency.
	Bill map[string][]string `yaml:"bill"`
	// Types are the vendor's words for what is billed on each channel; a row of another type is none of ours.
	Types map[message.Channel][]string `yaml:"types"`

	zone *time.Location
}

//go:embed mappings/*.yaml
var mappings embed.FS

func shipped() yamldoc.Shipped { return yamldoc.Shipped{Files: mappings, Folder: "mappings"} }

// Shipped are the names of the mappings that are shipped.
func Shipped() []string { return shipped().Names() }

// LoadMapping reads a mapping: one that is shipped, by its name, or a file.
func LoadMapping(name, dir string) (*Mapping, error) {
	m := new(Mapping)
	err := shipped().Decode(name, dir, m)
	if err == nil {
		m.zone, err = time.LoadLocation(m.Zone)
	}
	if err != nil {
		return nil, words.Wrap(err, "bill.mapping", words.A{"name": name})
	}
	return m, nil
}

// ForVendor is the mapping that is shipped for a kind of vendor.
func ForVendor(vendor string) string {
	for _, name := range Shipped() {
		if strings.HasPrefix(vendor, name) {
			return name
		}
	}
	return "generic"
}

// columns finds the fields among the headers of a table.
func columns(fields map[string][]string, header []string) map[string]int {
	at := make(map[string]int)
	for field, names := range fields {
		for _, name := range names {
			if i := slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) }); i >= 0 {
				at[field] = i
				break
			}
		}
	}
	return at
}

// level is what a table is, by its headers: its columns as an export, or as a bill; nil for neither.
func (m *Mapping) level(header []string) (line, bill map[string]int) {
	bill = columns(m.Bill, header)
	_, day := bill["day"]
	_, segments := bill["segments"]
	line = columns(m.Line, header)
	_, id := line["id"]
	_, to := line["to"]
	switch {
	case id || to:
		return line, nil
	case day && segments:
		return nil, bill
	}
	return nil, nil
}

// channel is the one that a type of a bill is about; false for something else.
func (m *Mapping) channel(kind string) (message.Channel, bool) {
	for ch, known := range m.Types {
		for _, k := range known {
			if strings.EqualFold(k, strings.TrimSpace(kind)) {
				return ch, true
			}
		}
	}
	return "", kind == ""
}

// time reads a time in one of the forms that vendors write; the zero time where it is none.
func (m *Mapping) time(s string) time.Time {
	for _, layout := range []string{
		time.RFC3339, time.DateTime, "2006/01/02 15:04:05", "2006/1/2 15:04:05", "2006-01-02 15:04", "2006/1/2 15:04", "20060102150405", time.RFC1123Z,
		time.DateOnly, "2006/1/2", "20060102", "1/2/06 15:04",
	} {
		if t, err := time.ParseInLocation(layout, strings.TrimSpace(s), m.zone); err == nil {
			return t
		}
	}
	return time.Time{}
}

// amount reads money as vendors write it; nil where it is not there yet.
func amount(s string) (*message.Money, error) {
	s = strings.TrimLeft(strings.ReplaceAll(strings.TrimSpace(s), ",", ""), "¥￥$€")
	if s == "" || s == "-" || s == "–" || s == "--" {
		return nil, nil // not known is an answer
	}
	m, err := message.ParseMoney(strings.TrimPrefix(s, "-"))
	return &m, err
}

// number reads how many; 0 where it does not say.
func number(s string) (int64, error) {
	s = strings.ReplaceAll(strings.TrimSpace(s), ",", "")
	if s == "" {
		return 0, nil
	}
	return strconv.ParseInt(strings.TrimSuffix(s, ".0"), 10, 64)
}
