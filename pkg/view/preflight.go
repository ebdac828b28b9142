package view

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"notify/pkg/campaign"
	"notify/pkg/preflight"
	"notify/pkg/words"
)

// Preflight shows a preflight's result.
type Preflight interface {
	Result(r preflight.Result) error
}

// NewPreflight draws for people, or writes JSON.
func NewPreflight(p *Printer, asJSON bool) Preflight {
	if asJSON {
		return preflightJSON{p}
	}
	return preflightHuman{p}
}

type preflightJSON struct{ p *Printer }

// Result writes the result as it is.
func (v preflightJSON) Result(r preflight.Result) error {
	return JSON(v.p.Out, v.p.Words(), preflight.Schema, r)
}

type preflightHuman struct{ p *Printer }

// Result draws the checks by group, what stops the campaign first, then the plan, and last the verdict with what to do next.
func (v preflightHuman) Result(r preflight.Result) error {
	p := v.p
	if !p.Terminal {
		v.lines(r)
		v.plan(r.Plan)
		v.since(r.Since)
		v.verdict(r)
		return p.Flush()
	}
	p.Wrapped("", p.Paint(Strong, p.Say(words.T("pre.title", words.A{"campaign": r.Campaign, "list": r.Plan.List, "at": r.At}))))
	column := 0
	for _, f := range r.Findings {
		column = max(column, width(v.title(f)))
	}
	group := preflight.Group("")
	for _, f := range worstFirst(r.Findings) {
		if f.Group != group {
			group = f.Group
			p.Blank()
			p.Line("%s", p.Paint(Strong, p.word("group", string(group))))
		}
		v.finding(f, column)
	}
	p.Blank()
	v.plan(r.Plan)
	p.Blank()
	v.since(r.Since)
	v.verdict(r)
	return p.Flush()
}

// What an operator must see before the rest.
const (
	stops = iota
	warns
	rest
)

func weight(s preflight.Status) int {
	switch {
	case s.Stops():
		return stops
	case s == preflight.Warn:
		return warns
	}
	return rest
}

// worstFirst puts the groups with the worst findings first, and within each of them the worst; the rest stays in its order.
func worstFirst(all []preflight.Finding) []preflight.Finding {
	place, worst := make(map[preflight.Group]int), make(map[preflight.Group]int)
	for i, f := range all {
		if _, known := place[f.Group]; !known {
			place[f.Group], worst[f.Group] = i, rest
		}
		worst[f.Group] = min(worst[f.Group], weight(f.Status))
	}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(x, y preflight.Finding) int {
		return cmp.Or(
			cmp.Compare(worst[x.Group], worst[y.Group]), cmp.Compare(place[x.Group], place[y.Group]), cmp.Compare(weight(x.Status), weight(y.Status)),
		)
	})
	return all
}

// finding is one line with its evidence; under it, for what did not pass, the rows concerned and what to do.
func (v preflightHuman) finding(f preflight.Finding, column int) {
	word, tone := v.p.verdictWord(f.Status)
	title, summary := pad(v.title(f), column), v.p.Words().Value(f.Says())
	if weight(f.Status) == rest {
		title, summary = v.p.Paint(Dim, title), v.p.Paint(Dim, summary)
	}
	head := "  " + v.p.Paint(tone, pad(word, statusWidth)) + "  "
	if v.p.Width > 0 && 2+statusWidth+2+column+2 > v.p.Width/2 { // beside its title it would be a narrow strip
		v.p.Wrapped(head, strings.TrimRight(title, " "))
		head, title = strings.Repeat(" ", 2+statusWidth+2), ""
	} else {
		title += "  "
	}
	v.p.Wrapped(head+title, summary)
	indent := strings.Repeat(" ", 2+statusWidth+2)
	for _, d := range f.Details {
		v.p.Wrapped(indent+"  · ", v.p.Say(d))
	}
	for _, d := range f.Remedies {
		v.p.Wrapped(indent+"  → ", v.p.Say(d.Says()))
	}
	if f.Override != nil {
		v.p.Wrapped(indent+"  ! ", v.p.Say(overriddenBy(f)))
	}
}

// title is what a check is called, with its id, which --override needs.
func (v preflightHuman) title(f preflight.Finding) string {
	return v.p.Say(words.T("pre.check", words.A{"title": f.Title, "check": f.ID}))
}

func overriddenBy(f preflight.Finding) words.Text {
	return words.T("pre.overridden", words.A{"who": f.Override.Who, "why": f.Override.Reason})
}

const statusWidth = 8

// verdictWord is a verdict as it stands on the screen; off a terminal in English, for scripts.
func (p *Printer) verdictWord(s preflight.Status) (string, Tone) {
	if s == preflight.NotRun {
		return p.mark("status", "not-run"), Bad
	}
	return p.mark("status", string(s)), statusTone(s)
}

func statusTone(s preflight.Status) Tone {
	switch s {
	case preflight.Pass:
		return Good
	case preflight.Warn, preflight.NotLooked:
		return Unwell
	case preflight.Skip:
		return Dim
	case preflight.Fail, preflight.Error, preflight.NotRun:
	}
	return Bad
}

// lines is the result off a terminal: status, group, id and words, one fact a line.
func (v preflightHuman) lines(r preflight.Result) {
	for _, f := range r.Findings {
		word, _ := v.p.verdictWord(f.Status)
		v.p.Line("%s\t%s\t%s\t%s", word, f.Group, f.ID, v.p.Words().Value(f.Says()))
		for _, d := range f.Details {
			v.p.Line("row\t%s\t%s\t%s", f.Group, f.ID, v.p.Say(d))
		}
		for _, d := range f.Remedies {
			v.p.Line("do\t%s\t%s\t%s", f.Group, f.ID, v.p.Say(d.Says()))
		}
		if f.Override != nil {
			v.p.Line("override\t%s\t%s\t%s", f.Group, f.ID, v.p.Say(overriddenBy(f)))
		}
	}
}

// since says what changed since the preflight that people signed.
func (v preflightHuman) since(s *preflight.Since) {
	switch {
	case s == nil:
	case len(s.Changes) == 0:
		v.p.sentence("", words.T("pre.nothing-changed", words.A{"at": s.At}))
	default:
		v.p.sentence("", words.T("pre.changed", words.A{"at": s.At}))
		for _, c := range s.Changes {
			if v.p.Terminal {
				v.p.Wrapped("  · ", v.p.Say(c))
			} else {
				v.p.Line("changed\t%s", v.p.Say(c))
			}
		}
	}
	if s != nil {
		v.p.Blank()
	}
}

func (v preflightHuman) plan(s preflight.Summary) {
	p := v.p
	if p.Terminal {
		p.Line("%s", p.Paint(Strong, p.Say(words.T("pre.plan", nil))))
	}
	if s.Left+s.ToSend != s.Messages {
		// What has left is not known: figures that do not add up are not shown.
		p.sentence(v.indent(), planned(s))
		p.Wrapped(v.indent(), p.Say(s.Unknown))
		return
	}
	p.sentence(v.indent(), planned(s))
	if !s.Unknown.IsZero() {
		p.Wrapped(v.indent(), p.Say(s.Unknown))
	}
	v.channels(s)
	v.accounts(s)
	v.days(s)
	p.sentence(v.indent(), costs(s))
	p.sentence(v.indent(), duration(s))
	if len(s.Waves.Sizes) > 0 && s.ToSend > 0 {
		p.sentence(v.indent(), waves(s.Waves))
	}
}

// planned is how many people and messages; what has left stands in it where that is known.
func planned(s preflight.Summary) words.Text {
	people, messages := words.N(s.Recipients, "recipient"), words.N(s.Messages, "message")
	if s.Left+s.ToSend != s.Messages {
		return words.T("pre.messages-only", words.A{"recipients": people, "messages": messages})
	}
	return words.T("pre.messages", words.A{"recipients": people, "messages": messages, "left": s.Left, "send": s.ToSend})
}

func (v preflightHuman) indent() string {
	if v.p.Terminal {
		return "  "
	}
	return ""
}

func (v preflightHuman) channels(s preflight.Summary) {
	if len(s.Channels) == 0 {
		return
	}
	toSend := 0
	t := NewTable("channel", ">messages", ">segments", ">left", ">to-send", ">segments-to-send")
	for _, c := range s.Channels {
		t.Row(v.p.word("channel", string(c.Channel)), words.Num(c.Messages), words.Num(c.Segments), words.Num(c.Left), words.Num(c.ToSend), words.Num(c.SegmentsToSend))
		toSend += c.SegmentsToSend
	}
	if len(s.Channels) > 1 {
		t.Footer(v.p.together(), words.Num(s.Messages), words.Num(s.Segments), words.Num(s.Left), words.Num(s.ToSend), words.Num(toSend))
	}
	v.p.Blank()
	v.p.Table(t, 2)
	v.countries(s)
}

// countries are where messages go, where that is to more than one country.
func (v preflightHuman) countries(s preflight.Summary) {
	t := NewTable("country", "channel", ">messages", ">segments")
	for _, c := range s.Channels {
		for _, country := range slices.Sorted(maps.Keys(c.Countries)) {
			u := c.Countries[country]
			t.Row(orDash(country), v.p.word("channel", string(c.Channel)), words.Num(u.Messages), words.Num(u.Segments))
		}
	}
	if len(t.rows) > 0 {
		v.p.Blank()
		v.p.Table(t, 2)
	}
}

func (v preflightHuman) accounts(s preflight.Summary) {
	if len(s.Accounts) == 0 {
		return
	}
	t := NewTable("account", "channel", ">messages", ">segments", ">price", ">cost", ">rate", "held-by", "done")
	messages, segments := 0, 0
	for _, a := range s.Accounts {
		price := v.p.price(a.Price, a.Currency)
		if a.Price == nil && a.Cost != nil {
			price = v.p.Say(words.T("pre.by-country", nil))
		}
		t.Row(a.Account, v.p.word("channel", string(a.Channel)), words.Num(a.Messages), words.Num(a.Segments), price, v.p.price(a.Cost, a.Currency),
			v.p.Words().Rate(words.Rate(a.Rate)), orDash(v.p.Say(a.Limit)), v.p.Time(a.Done))
		messages, segments = messages+a.Messages, segments+a.Segments
	}
	if len(s.Accounts) > 1 {
		t.Footer(v.p.together(), "", words.Num(messages), words.Num(segments), "", "", "", "", "")
	}
	v.p.Blank()
	v.p.Table(t, 2)
}

// daysShown is how many days a person looks at; a machine gets all.
const daysShown = 14

// days are the messages of each account on each day.
func (v preflightHuman) days(s preflight.Summary) {
	t := NewTable("day")
	var dates []string
	for _, a := range s.Accounts {
		t.Column(a.Account + " " + v.p.word("channel", string(a.Channel)))
		for _, d := range a.Days {
			dates = append(dates, d.Date)
		}
	}
	slices.Sort(dates)
	dates = slices.Compact(dates)
	if len(dates) == 0 {
		return
	}
	several := len(s.Accounts) > 1
	if several {
		t.Column(v.p.together())
	}
	more := 0
	if v.p.Terminal && len(dates) > daysShown {
		more, dates = len(dates)-daysShown, dates[:daysShown]
	}
	for _, date := range dates {
		cells, sum := []string{date}, 0
		for _, a := range s.Accounts {
			n := messagesOn(a.Days, date)
			sum += n
			cells = append(cells, words.Num(n))
		}
		if several {
			cells = append(cells, words.Num(sum))
		}
		t.Row(cells...)
	}
	v.p.Blank()
	v.p.Table(t, 2)
	if more > 0 {
		v.p.sentence("  ", words.T("pre.more-days", words.A{"n": more}))
	}
	v.p.Blank()
}

func messagesOn(days []preflight.Day, date string) int {
	for _, d := range days {
		if d.Date == date {
			return d.Messages
		}
	}
	return 0
}

// costs is what is still to be paid; whose price is not known is named.
func costs(s preflight.Summary) words.Text {
	sum := words.List{Join: words.Plus}
	for _, c := range s.Costs {
		sum.Items = append(sum.Items, words.Money(c.Amount, c.Currency))
	}
	for _, name := range s.Unpriced {
		sum.Items = append(sum.Items, words.T("pre.unpriced", words.A{"account": name}))
	}
	if len(sum.Items) == 0 {
		return words.T("pre.no-cost", nil)
	}
	return words.T("pre.cost", words.A{"sum": sum})
}

// waves is how a campaign goes out in waves.
func waves(w campaign.Waves) words.Text {
	sizes := words.List{}
	for _, n := range w.Sizes {
		sizes.Items = append(sizes.Items, words.Num(n))
	}
	args := words.A{"sizes": sizes, "hold": w.Hold}
	if w.Wait {
		return words.T("pre.waves-wait", args)
	}
	return words.T("pre.waves", args)
}

func duration(s preflight.Summary) words.Text {
	switch {
	case s.ToSend == 0:
		return words.T("pre.nothing-to-send", nil)
	case s.Start.IsZero():
		return words.T("pre.no-duration", nil)
	case s.Done.IsZero():
		return words.T("pre.no-end", words.A{"start": s.Start})
	}
	return words.T("pre.duration", words.A{"start": s.Start, "done": s.Done, "took": s.Done.Sub(s.Start)})
}

// verdict is last, so that it stands above the prompt: the word, the reason, and the next command.
func (v preflightHuman) verdict(r preflight.Result) {
	word, tone := v.p.verdictWord(r.Verdict)
	reason, next := verdict(r)
	if v.p.Terminal {
		v.p.sentence(v.p.Paint(tone, word)+"  ", reason)
		v.p.sentence(strings.Repeat(" ", width(word)+2), next)
		return
	}
	v.p.Line("verdict\t%s\t%s\t%s", word, v.p.Say(reason), v.p.Say(next))
}

// verdict says what stops it or what is to be read, what nobody looked at, and what to type next.
func verdict(r preflight.Result) (reason, next words.Text) {
	reason, next = weighed(r)
	var unseen []words.Text
	for i := range r.Findings {
		if r.Findings[i].Status == preflight.NotLooked {
			unseen = append(unseen, words.Raw(r.Findings[i].ID))
		}
	}
	if len(unseen) == 0 {
		return reason, next
	}
	ids := words.Texts(words.Commas, unseen...)
	ids.Most = unseenNamed
	return words.Joined(words.Sentences, reason, words.T("pre.unseen", words.A{"n": len(unseen), "checks": ids})), next
}

// unseenNamed is how many checks that nobody looked at are named in the verdict: each stands above it.
const unseenNamed = 4

func weighed(r preflight.Result) (reason, next words.Text) {
	stops, warns := weigh(r)
	list := words.Typed(r.Plan.List)
	send, again := "notify send "+list, "notify preflight "+list
	all := words.A{"passed": r.Counts[preflight.Pass], "of": len(r.Findings), "skipped": r.Counts[preflight.Skip]}
	switch {
	case len(stops) > 0:
		return words.T("pre.stopped", words.A{"n": len(stops), "of": len(r.Findings), "checks": words.Texts(words.Commas, stops...)}),
			words.T("pre.next-again", words.A{"command": again})
	case len(warns) > 0:
		return words.T("pre.warned", words.A{"n": len(warns), "of": len(r.Findings), "checks": words.Texts(words.Commas, warns...)}),
			words.T("pre.next-read", words.A{"command": send})
	case r.Verdict != preflight.Pass:
		return words.T("pre.not-all", nil), words.T("pre.next-online", words.A{"command": again})
	case r.Plan.ToSend == 0 && r.Plan.Unknown.IsZero():
		return words.T("pre.passed", all), words.T("pre.next-status", words.A{"command": "notify status " + words.Typed(r.Campaign)})
	}
	return words.T("pre.passed", all), words.T("pre.next-send", words.A{"command": send})
}

// weigh is what stops a campaign and what only warns, by the checks' ids.
func weigh(r preflight.Result) (stops, warns []words.Text) {
	for i := range r.Findings {
		f := &r.Findings[i]
		switch {
		case f.Override != nil:
			warns = append(warns, words.T("pre.was-overridden", words.A{"check": f.ID}))
		case f.Stops():
			stops = append(stops, words.Raw(f.ID))
		case f.Status == preflight.Warn:
			warns = append(warns, words.Raw(f.ID))
		}
	}
	return stops, warns
}

func orDash(s string) string {
	if s == "" {
		return words.Unknown
	}
	return s
}
