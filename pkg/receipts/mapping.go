package receipts

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5" // what vendors sign with
	"crypto/sha1"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"notify/pkg/diag/yamldoc"
	"notify/pkg/message"
	"notify/pkg/words"

	"go.yaml.in/yaml/v3"
)

// Mapping says where in an array of objects, or in the rows of a table, what stands about a message: for a gateway that has no format here, and for the
// exports of vendors' consoles.
type Mapping struct {
	Name string `yaml:"name"`
	// List is where the array stands in what is posted, as keys with dots between; empty: it is the whole.
	List string `yaml:"list"`
	// Columns are the names under which a field stands, the first that is there counts: key, id, to, at, state, code, detail, segments.
	Columns map[string][]string `yaml:"columns"`
	// States are the vendor's words for each state.
	States map[message.ReceiptState][]string `yaml:"states"`
	Zone   string                            `yaml:"zone"` // of times without one
	Answer string                            `yaml:"answer"`
	// Signature is how the vendor signs the body; nil: it does not.
	Signature *struct {
		Header   string `yaml:"header"`
		Hash     string `yaml:"hash"`     // hmac-sha256, hmac-sha1, hmac-md5
		Encoding string `yaml:"encoding"` // hex, base64
	} `yaml:"signature"`

	zone *time.Location
}

//go:embed mappings/*.yaml
var mappings embed.FS

func shipped() yamldoc.Shipped { return yamldoc.Shipped{Files: mappings, Folder: "mappings"} }

// LoadMapping reads a mapping: one that is shipped, by its name, or a file.
func LoadMapping(name, dir string) (*Mapping, error) {
	m := new(Mapping)
	err := shipped().Decode(name, dir, m)
	if err == nil {
		err = m.check()
	}
	if err != nil {
		return nil, words.Wrap(err, "receipts.mapping", words.A{"name": name})
	}
	return m, nil
}

// FileMapping reads how the vendor of a vendor file pushes receipts; nil where the file does not say.
func FileMapping(name string, file []byte) (*Mapping, error) {
	var f struct {
		Receipts *Mapping `yaml:"receipts"`
	}
	if err := yaml.Unmarshal(file, &f); err != nil || f.Receipts == nil {
		return nil, err
	}
	f.Receipts.Name = name
	if err := f.Receipts.check(); err != nil {
		return nil, words.Wrap(err, "receipts.mapping", words.A{"name": name})
	}
	return f.Receipts, nil
}

// ShippedMappings are the names of those that are shipped.
func ShippedMappings() []string { return shipped().Names() }

func mappingFields() []string {
	return []string{"key", "id", "to", "at", "state", "code", "detail", "segments"}
}

func (m *Mapping) check() error {
	var err error
	if m.zone, err = time.LoadLocation(m.Zone); err != nil {
		return err
	}
	for name := range m.Columns {
		if !slices.Contains(mappingFields(), name) {
			return fmt.Errorf("columns.%s: %s", name, strings.Join(mappingFields(), ", "))
		}
	}
	for s := range m.States {
		if !slices.Contains(message.ReceiptStates(), s) {
			return fmt.Errorf("states.%s: %v", s, message.ReceiptStates())
		}
	}
	if len(m.Columns["state"]) == 0 || len(m.Columns["key"])+len(m.Columns["id"])+len(m.Columns["to"]) == 0 {
		return errors.New("columns: state, and one of key, id, to")
	}
	if s := m.Signature; s != nil && (s.Header == "" || hashes()[s.Hash] == nil) {
		return errors.New("signature: header, and hash: hmac-sha256, hmac-sha1 or hmac-md5")
	}
	return nil
}

func hashes() map[string]func() hash.Hash {
	return map[string]func() hash.Hash{"hmac-sha256": sha256.New, "hmac-sha1": sha1.New, "hmac-md5": md5.New}
}

// event is what one object or row says; false where its state is no word of the mapping.
func (m *Mapping) event(get func(name string) string) (message.Event, bool) {
	of := func(field string) string {
		for _, name := range m.Columns[field] {
			if v := strings.TrimSpace(get(name)); v != "" {
				return v
			}
		}
		return ""
	}
	e := message.Event{Key: keyIn(of("key")), VendorID: of("id"), At: m.time(of("at")), Code: of("code"), Detail: said(of("detail"))}
	if to := of("to"); strings.Contains(to, "@") {
		e.To = mailbox(to)
	} else {
		e.To = home(to)
	}
	e.Segments, _ = strconv.Atoi(of("segments")) // zero where it does not say
	state := of("state")
	for s, known := range m.States {
		if slices.ContainsFunc(known, func(w string) bool { return strings.EqualFold(w, state) }) {
			e.State = s
		}
	}
	return e, e.State != ""
}

// time reads a time in one of the forms that vendors write.
func (m *Mapping) time(s string) time.Time {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 1e9 {
		if n > 1e12 {
			return time.UnixMilli(n).UTC()
		}
		return time.Unix(n, 0).UTC()
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, "2006/01/02 15:04:05", "2006/1/2 15:04:05", "2006-01-02 15:04", "2006/1/2 15:04", "20060102150405", time.RFC1123Z} {
		if t, err := time.ParseInLocation(layout, s, m.zone); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// Format is how a gateway pushes that a mapping describes.
func (m *Mapping) Format() *Format {
	return &Format{Name: m.Name, Signs: m.Signature != nil, Answer: m.Answer, Verify: m.verify, Read: func(_ *Account, p *Posted) (Told, error) {
		events, err := m.events(p.Body)
		return Told{Events: events}, err
	}}
}

func (m *Mapping) verify(a *Account, p *Posted) error {
	mac := hmac.New(hashes()[m.Signature.Hash], []byte(a.Secret))
	mac.Write(p.Body)
	decode := hex.DecodeString
	if m.Signature.Encoding == "base64" {
		decode = base64.StdEncoding.DecodeString
	}
	given, err := decode(p.Header.Get(m.Signature.Header))
	if err != nil || !hmac.Equal(mac.Sum(nil), given) {
		return errSignature
	}
	return nil
}

// events reads JSON, or a form.
func (m *Mapping) events(body []byte) ([]message.Event, error) {
	var whole any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&whole); err != nil {
		form, formErr := url.ParseQuery(string(body))
		if formErr != nil || !bytes.ContainsRune(body, '=') {
			return nil, errForm(err)
		}
		e, ok := m.event(form.Get)
		if !ok {
			return nil, nil
		}
		return []message.Event{e}, nil
	}
	at := below(whole, m.List)
	items, many := at.([]any)
	if !many {
		items = []any{at}
	}
	var out []message.Event
	for _, item := range items {
		e, ok := m.event(func(name string) string {
			switch v := below(item, name).(type) {
			case string:
				return v
			case json.Number:
				return v.String()
			case bool:
				return strconv.FormatBool(v)
			}
			return ""
		})
		if ok {
			out = append(out, e)
		}
	}
	return out, nil
}

// below is what stands under keys with dots between.
func below(v any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		if key == "" {
			continue
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}
