package plan

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/message"
)

// Scopes are the digests by the names of their parts: list, texts, campaign, accounts, limits.
func (d Digests) Scopes() map[string]string {
	return map[string]string{
		scopeList: d.List, scopeTexts: d.Texts, scopeCampaign: d.Campaign, scopeAccounts: d.Accounts, scopeLimits: d.Limits,
	}
}

const (
	scopeList     = "list"
	scopeTexts    = "texts"
	scopeCampaign = "campaign"
	scopeAccounts = "accounts"
	scopeLimits   = "limits"
)

// termRows is the term that tells which rows of the list changed.
const termRows = "rows"

// Term is one thing that a digest covers, by a name and a value that a person knows, so that it can be said what changed.
// The rows of the list are too many: of them there are figures, and marks that tell which of them changed.
type Term struct {
	Scope string `json:"scope"` // as in Digests.Scopes
	Name  string `json:"name"`  // "price of sms"
	// Value is what it is set to: "0.045 CNY"; of a long text its digest.
	Value string `json:"value"`
	// Long says that Value is a digest, of no use to a reader.
	Long bool `json:"long,omitempty"`
}

// Terms writes down what the plan's digest covers.
func Terms(cfg *config.Config, p *Plan) []Term {
	t := &terms{}
	t.add(scopeList, "recipients", strconv.Itoa(p.Listed))
	t.all = append(t.all, Term{Scope: scopeList, Name: termRows, Value: p.marks.String(), Long: true})
	for _, c := range p.Channels {
		t.add(scopeList, "messages by "+string(c.Channel), strconv.Itoa(c.Messages))
	}
	t.add(scopeList, "columns", strings.Join(p.Spec.Columns, ", "))
	t.texts(&p.Spec)
	t.campaign(&p.Spec)
	t.add(scopeAccounts, "environment of the installation", cfg.Environment)
	t.add(scopeLimits, "design capacity", whole(cfg.Capacity.Recipients))
	for _, ch := range p.Spec.Channels() {
		t.route(ch, cfg)
	}
	return t.all
}

// Differences says what is different in a part, a few words for each: "price of sms: 0.045 CNY → 0.05 CNY", "row 7". Nothing
// where the terms are the same.
func Differences(part string, before, after []Term) []string {
	var out []string
	old := make(map[string]Term)
	for _, t := range before {
		if t.Scope == part {
			old[t.Name] = t
		}
	}
	for _, t := range after {
		if t.Scope != part {
			continue
		}
		was, known := old[t.Name]
		delete(old, t.Name)
		switch {
		case known && was.Value == t.Value:
		case t.Name == termRows:
			if rows := rowsChanged(was.Value, t.Value); rows != "" {
				out = append(out, rows)
			}
		case t.Long || was.Long:
			out = append(out, t.Name)
		case known:
			out = append(out, t.Name+": "+orNone(was.Value)+" → "+orNone(t.Value))
		default:
			out = append(out, t.Name+": new")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(old)) {
		out = append(out, name+": gone")
	}
	return out
}

func orNone(s string) string { return cmp.Or(s, "none") }

// terms collects what a plan is made of.
type terms struct{ all []Term }

func (t *terms) add(part, name, value string) {
	t.all = append(t.all, Term{Scope: part, Name: name, Value: value})
}

func (t *terms) long(part, name, value string) {
	if value != "" {
		value = digestOf(value)
	}
	t.all = append(t.all, Term{Scope: part, Name: name, Value: value, Long: true})
}

func (t *terms) texts(s *Spec) {
	for _, text := range s.Texts {
		of := " of " + string(text.Channel)
		if short := text.Short; short != nil {
			t.long(scopeTexts, "text"+of, short.Text)
			t.add(scopeTexts, "template codes"+of, pairs(short.TemplateCode))
			t.add(scopeTexts, "template variables"+of, pairs(short.TemplateVars))
		}
		if m := text.Mail; m != nil {
			t.mail(m, of)
		}
	}
}

func (t *terms) mail(m *campaign.Mail, of string) {
	t.add(scopeTexts, "subject"+of, m.Subject)
	t.add(scopeTexts, "sender"+of, m.From)
	t.add(scopeTexts, "reply-to"+of, m.ReplyTo)
	t.long(scopeTexts, "text"+of, m.Text)
	t.long(scopeTexts, "HTML"+of, m.HTML)
	t.long(scopeTexts, "headers"+of, pairs(m.Headers))
	var all strings.Builder
	for _, a := range m.Attachments {
		fmt.Fprintf(&all, "%s %s %s\n", a.Name, a.Type, digestOf(string(a.Data)))
	}
	t.long(scopeTexts, "attachments"+of, all.String())
}

func (t *terms) campaign(s *Spec) {
	for _, c := range [][2]string{
		{"name", s.Name},
		{"owner", s.Owner},
		{"team", s.Team},
		{"class", s.Class},
		{"environment", s.Environment},
		{"window", window(s.Window)},
		{"deadline", day(s.Deadline)},
		{"stop_when", fmt.Sprintf("failed %v, unknown %v of %d", s.StopWhen.Failed, s.StopWhen.Unknown, s.StopWhen.Window)},
		{"budget", amount(s.Budget)},
		{"shared_address", s.Shared},
		{"checklist", s.Checklist},
		{"dedupe_window", s.Dedupe.String()},
		{"expect", whole(s.Expect)},
		{"name column", s.NameColumn},
	} {
		t.add(scopeCampaign, c[0], c[1])
	}
}

func (t *terms) route(ch message.Channel, cfg *config.Config) {
	route := cfg.Routes[ch]
	var shares []string
	for _, s := range route.Accounts {
		shares = append(shares, fmt.Sprintf("%s %d", s.Account, s.Weight))
	}
	names := RouteAccounts(route)
	t.add(scopeAccounts, "accounts for "+string(ch), strings.Join(names, ", "))
	t.add(scopeLimits, "weights for "+string(ch), strings.Join(shares, ", "))
	for _, n := range names {
		a := cfg.Accounts[n]
		for _, c := range [][2]string{
			{"vendor", a.Vendor},
			{"environment", a.Environment},
			{"class", a.Class},
			{"endpoint", place(a.Endpoint)},
			{"way out", strings.Join(wayOut(a), " ")},
			{"counting of segments", a.Segments},
			{"signature", a.Signature},
		} {
			t.add(scopeAccounts, c[0]+" of "+n, c[1])
		}
		price := ""
		if a.Price != nil {
			price = strings.TrimSpace(a.Price.String() + " " + a.Currency)
		}
		for _, c := range [][2]string{
			{"price", price},
			{"rate", perSecond(a.Rate)},
			{"burst", whole(a.Burst)},
			{"daily quota", whole(int(a.DailyQuota))},
			{"budget of the day", amount(a.DayBudget)},
			{"budget of the month", amount(a.MonthBudget)},
		} {
			t.add(scopeLimits, c[0]+" of "+n, c[1])
		}
		for _, d := range slices.Sorted(maps.Keys(a.DomainRate)) {
			t.add(scopeLimits, "rate of "+n+" to "+d, perSecond(a.DomainRate[d]))
		}
	}
}

// place is an endpoint without what might be secret in it.
func place(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || endpoint == "" {
		return ""
	}
	if u.User == nil && u.RawQuery == "" {
		return endpoint
	}
	return u.Scheme + "://" + u.Host + u.Path + " (" + digestOf(endpoint)[:8] + ")"
}

func pairs(m map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, k+"="+m[k])
	}
	return strings.Join(out, ", ")
}

func window(w campaign.Window) string {
	if w.From == w.To {
		return ""
	}
	clock := func(d time.Duration) string { return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60) }
	return clock(w.From) + "–" + clock(w.To)
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

func whole(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func amount(m message.Money) string {
	if m == 0 {
		return ""
	}
	return m.String()
}

func perSecond(r float64) string {
	if r == 0 {
		return ""
	}
	return strconv.FormatFloat(r, 'g', -1, 64) + "/s"
}
