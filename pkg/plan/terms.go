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
	"notify/pkg/template"
	"notify/pkg/words"
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
	// Name is one of the catalogue's set "term": "price". Of is the channel or the account whose it is, and To the domain.
	Name string `json:"name"`
	Of   string `json:"of,omitempty"`
	To   string `json:"to,omitempty"`
	// Value is what it is set to, as files have it: "0.045 CNY"; of a long text its digest.
	Value string `json:"value"`
	// Long says that Value is a digest, of no use to a reader.
	Long bool `json:"long,omitempty"`
}

// Says is the term's name in words: "price of sms".
func (t *Term) Says() words.Text {
	name := words.Of("term", t.Name)
	if t.Of != "" {
		name.Args = words.A{"of": t.Of}
	}
	if t.To != "" {
		name.Args["to"] = t.To
	}
	return name
}

// is reports whether it is the same thing, whatever its value.
func (t *Term) is(other *Term) bool {
	return t.Scope == other.Scope && t.Name == other.Name && t.Of == other.Of && t.To == other.To
}

// Terms writes down what the plan's digest covers.
func Terms(cfg *config.Config, p *Plan) []Term {
	t := &terms{scope: scopeList}
	t.add("recipients", strconv.Itoa(p.Listed))
	t.all = append(t.all, Term{Scope: scopeList, Name: termRows, Value: p.marks.String(), Long: true})
	for _, c := range p.Channels {
		t.of(string(c.Channel)).add("messages", strconv.Itoa(c.Messages))
	}
	t.of("").add("columns", strings.Join(p.Spec.Columns, ", "))
	t.texts(&p.Spec)
	t.campaign(&p.Spec)
	t.in(scopeAccounts).add("installation", cfg.Environment)
	t.in(scopeLimits).add("capacity", whole(cfg.Capacity.Recipients))
	t.add("class-hours", cfg.Hours[p.Spec.Class].String())
	for _, ch := range p.Spec.Channels() {
		t.route(ch, p.Spec.Class, cfg)
	}
	return t.all
}

// Differences says what is different in a part, a few words for each: "price of sms: 0.045 CNY → 0.05 CNY", "row 7". Nothing
// where the terms are the same.
func Differences(part string, before, after []Term) []words.Text {
	var out []words.Text
	for i := range after {
		if now := &after[i]; now.Scope == part {
			out = append(out, now.since(find(before, now))...)
		}
	}
	for i := range before {
		if was := &before[i]; was.Scope == part && find(after, was) == nil {
			out = append(out, words.T("terms.gone", words.A{"term": was.Says()}))
		}
	}
	return out
}

func find(all []Term, t *Term) *Term {
	if i := slices.IndexFunc(all, func(other Term) bool { return t.is(&other) }); i >= 0 {
		return &all[i]
	}
	return nil
}

// since says what is different in a term since it was so; nil where it was not there.
func (t *Term) since(was *Term) []words.Text {
	switch {
	case was == nil:
		return []words.Text{words.T("terms.new", words.A{"term": t.Says()})}
	case was.Value == t.Value:
		return nil
	case t.Name == termRows:
		return rowsChanged(was.Value, t.Value)
	case t.Long || was.Long:
		return []words.Text{t.Says()}
	}
	return []words.Text{words.T("terms.changed", words.A{"term": t.Says(), "was": orNone(was.Value), "now": orNone(t.Value)})}
}

func orNone(s string) any {
	if s == "" {
		return words.T("terms.none", nil)
	}
	return s
}

// terms collects what a plan is made of; scope and whose are those of what is added next.
type terms struct {
	all          []Term
	scope, whose string
}

func (t *terms) in(scope string) *terms {
	t.scope = scope
	return t.of("")
}

func (t *terms) of(whose string) *terms {
	t.whose = whose
	return t
}

func (t *terms) add(name, value string) {
	t.all = append(t.all, Term{Scope: t.scope, Name: name, Of: t.whose, Value: value})
}

func (t *terms) long(name, value string) {
	if value != "" {
		value = digestOf(value)
	}
	t.all = append(t.all, Term{Scope: t.scope, Name: name, Of: t.whose, Value: value, Long: true})
}

func (t *terms) texts(s *Spec) {
	for _, text := range s.Texts {
		t.in(scopeTexts).of(string(text.Channel))
		if short := text.Short; short != nil {
			t.long("text", short.Text)
			t.add("template-codes", pairs(short.TemplateCode))
			t.add("template-variables", pairs(short.TemplateVars))
			t.template(short.Template)
		}
		if text.Mail != nil {
			t.mail(text.Mail)
		}
	}
}

// template is what an approved text was signed as: whose it is, and what its variables may hold.
func (t *terms) template(one *template.Template) {
	if one == nil {
		return
	}
	var limits []string
	for _, v := range one.Variables {
		limits = append(limits, strings.TrimSpace(fmt.Sprintf("%s %s %d %s", v.Name, v.Kind, v.Max, v.Pattern)))
	}
	t.add("template", one.ID)
	t.add("template-owner", strings.TrimSpace(one.Owner+" "+one.Team))
	t.add("template-values", strings.Join(limits, ", "))
}

func (t *terms) mail(m *campaign.Mail) {
	t.add("subject", m.Subject)
	t.add("sender", m.From)
	t.add("reply-to", m.ReplyTo)
	t.long("text", m.Text)
	t.long("html", m.HTML)
	headers := pairs(m.Headers)
	if m.OneClick {
		headers += "one click"
	}
	t.long("headers", headers)
	var all strings.Builder
	for _, a := range m.Attachments {
		fmt.Fprintf(&all, "%s %s %s\n", a.Name, a.Type, digestOf(string(a.Data)))
	}
	t.long("attachments", all.String())
}

func (t *terms) campaign(s *Spec) {
	t.in(scopeCampaign)
	for _, c := range [][2]string{
		{"name", s.Name},
		{"owner", s.Owner},
		{"team", s.Team},
		{"class", s.Class},
		{"environment", s.Environment},
		{"window", window(s.Window)},
		{"deadline", day(s.Deadline)},
		{"stop-failed", share(s.StopWhen.Failed)},
		{"stop-unknown", share(s.StopWhen.Unknown)},
		{"stop-window", whole(s.StopWhen.Window)},
		{"waves", waves(s.Waves)},
		{"budget", amount(s.Budget)},
		{"shared-address", s.Shared},
		{"order", s.Order},
		{"checklist", s.Checklist},
		{"dedupe-window", words.Span(s.Dedupe)},
		{"told-lately", words.Span(s.Lately)},
		{"expect", whole(s.Expect)},
		{"name-column", s.NameColumn},
	} {
		t.add(c[0], c[1])
	}
}

func (t *terms) route(ch message.Channel, class string, cfg *config.Config) {
	route := RouteFor(cfg, ch, class, false)
	var shares []string
	for _, s := range route.Accounts {
		shares = append(shares, fmt.Sprintf("%s %d", s.Account, s.Weight))
	}
	names := RouteAccounts(route)
	t.in(scopeAccounts).of(string(ch)).add("accounts", strings.Join(names, ", "))
	t.in(scopeLimits).of(string(ch)).add("weights", strings.Join(shares, ", "))
	t.add("frequency", cfg.Often(class, ch).String())
	for _, n := range names {
		a := cfg.Accounts[n]
		t.in(scopeAccounts).of(n)
		for _, c := range [][2]string{
			{"vendor", a.Vendor},
			{"account-environment", a.Environment},
			{"account-class", a.Class},
			{"endpoint", place(a.Endpoint)},
			{"way-out", strings.Join(wayOut(a), " ")},
			{"segments", a.Segments},
			{"signature", a.Signature},
		} {
			t.add(c[0], c[1])
		}
		price := ""
		if a.Price != nil {
			price = strings.TrimSpace(a.Price.String() + " " + a.Currency)
		}
		t.in(scopeLimits).of(n)
		for _, c := range [][2]string{
			{"price", price},
			{"rate", perSecond(a.Rate)},
			{"burst", whole(a.Burst)},
			{"daily-quota", whole(int(a.DailyQuota))},
			{"ramp", ramp(a.Ramp)},
			{"scenario-rate", perSecond(a.Scenarios[class].Rate)},
			{"scenario-quota", whole(int(a.Scenarios[class].DailyQuota))},
			{"day-budget", amount(a.DayBudget)},
			{"month-budget", amount(a.MonthBudget)},
		} {
			t.add(c[0], c[1])
		}
		for _, c := range slices.Sorted(maps.Keys(a.Prices)) {
			t.all = append(t.all, Term{Scope: scopeLimits, Name: "country-price", Of: n, To: c, Value: a.Prices[c].String() + " " + a.Currency})
		}
		for _, d := range slices.Sorted(maps.Keys(a.DomainRate)) {
			t.all = append(t.all, Term{Scope: scopeLimits, Name: "domain-rate", Of: n, To: d, Value: perSecond(a.DomainRate[d])})
		}
		for _, d := range slices.Sorted(maps.Keys(a.DomainSlots)) {
			t.all = append(t.all, Term{Scope: scopeLimits, Name: "domain-slots", Of: n, To: d, Value: whole(a.DomainSlots[d])})
		}
		for _, d := range slices.Sorted(maps.Keys(a.DomainQuota)) {
			t.all = append(t.all, Term{Scope: scopeLimits, Name: "domain-quota", Of: n, To: d, Value: whole(int(a.DomainQuota[d]))})
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
	return words.Clock(w.From) + "–" + words.Clock(w.To)
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

func waves(w campaign.Waves) string {
	if len(w.Sizes) == 0 {
		return ""
	}
	said := []string{fmt.Sprint(w.Sizes), words.Span(w.Hold)}
	for _, s := range []string{share(w.StopWhen.Failed), share(w.StopWhen.Unknown)} {
		said = append(said, cmp.Or(s, "-"))
	}
	if w.Wait {
		said = append(said, "wait")
	}
	return strings.Join(said, " ")
}

func amount(m message.Money) string {
	if m == 0 {
		return ""
	}
	return m.String()
}

func share(s float64) string {
	if s == 0 {
		return ""
	}
	return words.Printer{}.Percent(words.Percent(100 * s))
}

func perSecond(r float64) string {
	if r == 0 {
		return ""
	}
	return words.Printer{}.Rate(words.Rate(r))
}

// ramp is a quota that grows, in figures.
func ramp(r *config.Ramp) string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("%d × %g", r.Start, r.Factor)
}
