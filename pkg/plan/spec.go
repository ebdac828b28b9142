package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"hash"
	"net/mail"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/list"
	"notify/pkg/message"
	"notify/pkg/words"
)

// SpecSchema names the form of a frozen campaign in the ledger.
const SpecSchema = "notify.spec/1"

// Spec is a campaign as it is frozen in the ledger: all that a run needs beside the rows and the accounts. Once it is
// staged, neither the campaign file nor the texts are needed.
type Spec struct {
	Schema      string            `json:"schema"`
	Name        string            `json:"name"`
	Owner       string            `json:"owner"`
	Team        string            `json:"team,omitempty"`
	Class       string            `json:"class"`
	Environment string            `json:"environment"`
	List        string            `json:"list"`
	Columns     []string          `json:"columns"`
	NameColumn  string            `json:"name_column,omitempty"`
	Texts       campaign.Texts    `json:"texts"`
	Window      campaign.Window   `json:"window,omitzero"`
	Deadline    time.Time         `json:"deadline,omitzero"`
	StopWhen    campaign.StopWhen `json:"stop_when,omitzero"`
	Waves       campaign.Waves    `json:"waves,omitzero"`
	Budget      message.Money     `json:"budget,omitempty"`
	Shared      string            `json:"shared_address"`
	Order       string            `json:"order,omitempty"`
	Checklist   string            `json:"checklist,omitempty"`
	Dedupe      time.Duration     `json:"dedupe_window,omitempty"`
	Lately      time.Duration     `json:"told_lately,omitempty"`
	Expect      int               `json:"expect,omitempty"`
	// Files are what the campaign was made of, the list and what the campaign file names, as absolute paths: nothing may be written
	// over them. They are no part of the digest.
	Files []string `json:"files,omitempty"`
	// Source is the hash of everything that this was made of, empty where that is not known. It is no part of the digest.
	Source string `json:"source,omitempty"`
	// Listed is how many recipients the whole list had when this was staged, and Part what of it was staged. They are no part of
	// the digest.
	Listed int  `json:"listed,omitempty"`
	Part   Part `json:"part,omitzero"`
}

func newSpec(c *campaign.Campaign, h list.Header) Spec {
	return Spec{
		Schema: SpecSchema, Name: c.Name, Owner: c.Owner, Team: c.Team, Class: c.Class, Environment: c.Environment,
		List: h.File, Columns: slices.Clone(h.Columns), NameColumn: h.Mapped["name"], Texts: c.Texts,
		Window: c.Window, Deadline: c.Deadline, StopWhen: c.StopWhen, Waves: c.Waves, Budget: c.Budget, Shared: c.Shared, Order: c.Order,
		Checklist: c.Checklist, Dedupe: c.DedupeWindow, Lately: c.ToldLately, Expect: c.Expect, Files: append(slices.Clone(c.Files), absolute(h.File)),
	}
}

// absolute is a path as any working folder has it; empty for none.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil && path != "" {
		return abs
	}
	return path
}

// Sender is the domain in whose name messages of a channel are sent: of a mail, that of its sender.
func (s *Spec) Sender(ch message.Channel) string {
	t := s.Texts.On(ch)
	if t == nil || t.Mail == nil {
		return ""
	}
	from, err := mail.ParseAddress(t.Mail.From)
	if err != nil {
		return ""
	}
	return message.Address(strings.ToLower(from.Address)).Domain()
}

// Channels are the channels of the campaign.
func (s *Spec) Channels() []message.Channel { return s.Texts.Channels() }

// Encode is the spec as it is kept in the ledger.
func (s *Spec) Encode() ([]byte, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, words.Wrap(err, "plan.freeze", words.A{"campaign": s.Name})
	}
	return b, nil
}

// DecodeSpec reads a spec from the ledger.
func DecodeSpec(b []byte) (Spec, error) {
	var s Spec
	if err := json.Unmarshal(b, &s); err != nil {
		return s, words.Wrap(err, "plan.frozen-read", nil)
	}
	if s.Schema != SpecSchema {
		return s, words.Err("plan.frozen-form", words.A{"has": s.Schema, "reads": SpecSchema})
	}
	return s, nil
}

// Digests are the parts of a plan's digest, so that it can be said which part changed.
type Digests struct {
	List     string `json:"list"`     // rows: keys, addresses, fields
	Texts    string `json:"texts"`    // texts, subjects, senders, attachments
	Campaign string `json:"campaign"` // the other rules of the campaign
	Accounts string `json:"accounts"` // which accounts carry it: vendor, class, environment, endpoint
	Limits   string `json:"limits"`   // rates, quotas, prices, budgets
}

func (d Digests) total() string {
	return digestOf("plan", d.List, d.Texts, d.Campaign, d.Accounts, d.Limits)
}

// digestOf hashes its parts one by one, each with its length.
func digestOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		writePart(h, p)
	}
	return sum(h)
}

func writePart[T ~string | ~[]byte](h hash.Hash, p T) {
	n := len(p)
	h.Write([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
	h.Write([]byte(p))
}

// sum is a digest's text: 32 hexadecimal digits, 128 bits.
func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:16]) }

// digests hashes what signatures are compared by, part by part; of the list that is its rows, which are hashed as they are read.
func (p *Plan) digests(cfg *config.Config, rows string) Digests {
	parts := make(map[string][]string)
	for _, t := range Terms(cfg, p) {
		parts[t.Scope] = append(parts[t.Scope], t.Name, t.Value)
	}
	return Digests{
		List:     rows,
		Texts:    digestOf(parts[scopeTexts]...),
		Campaign: digestOf(parts[scopeCampaign]...),
		Accounts: digestOf(parts[scopeAccounts]...),
		Limits:   digestOf(parts[scopeLimits]...),
	}
}

// wayOut is through what, and as whom, an account's messages leave: what its vendor declares to be public, and how mail is signed.
func wayOut(a config.Account) []string {
	out := a.Declared.Signed(a.Options)
	if a.DKIM.Selector != "" || a.DKIM.Domain != "" {
		out = append(out, "dkim="+a.DKIM.Selector+"@"+a.DKIM.Domain)
	}
	for _, ip := range a.SendsFrom {
		out = append(out, "sends_from="+ip.String())
	}
	return out
}

// RouteFor is a channel's route as campaigns of a class may use it: accounts of the other class carry nothing, and stand in behind all
// others in an emergency only. One whose class is not known is left in.
func RouteFor(cfg *config.Config, ch message.Channel, class string, emergency bool) config.Route {
	var out, other config.Route
	fits := func(name string) bool {
		a := cfg.Accounts[name]
		return class == "" || a.Class == "" || a.Class == class
	}
	for _, s := range cfg.Routes[ch].Accounts {
		if fits(s.Account) {
			out.Accounts = append(out.Accounts, s)
		} else {
			other.Failover = append(other.Failover, s.Account)
		}
	}
	for _, name := range cfg.Routes[ch].Failover {
		switch {
		case fits(name):
			out.Failover = append(out.Failover, name)
		case !slices.Contains(other.Failover, name):
			other.Failover = append(other.Failover, name)
		}
	}
	if emergency {
		out.Failover = append(out.Failover, other.Failover...)
	}
	return out
}

// RouteAccounts are all accounts of a route, those that share the traffic first, each once.
func RouteAccounts(r config.Route) []string {
	var names []string
	for _, s := range r.Accounts {
		if !slices.Contains(names, s.Account) {
			names = append(names, s.Account)
		}
	}
	for _, n := range r.Failover {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}
