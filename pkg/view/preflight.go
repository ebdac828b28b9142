package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"notify/pkg/preflight"
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
	p.Wrapped("", p.Paint(Strong, fmt.Sprintf(txtTitle, Safe(r.Campaign), Safe(r.Plan.List), p.Time(r.At))))
	width := 0
	for _, f := range r.Findings {
		width = max(width, len(p.Say(f.Title)))
	}
	group := preflight.Group("")
	for _, f := range worstFirst(r.Findings) {
		if f.Group != group {
			group = f.Group
			p.Blank()
			p.Line("%s", p.Paint(Strong, string(group)))
		}
		v.finding(f, width)
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
	switch s {
	case preflight.Fail, preflight.Error, preflight.NotRun:
		return stops
	case preflight.Warn:
		return warns
	case preflight.Pass, preflight.Skip, preflight.NotLooked:
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
func (v preflightHuman) finding(f preflight.Finding, width int) {
	word, tone := statusWord(f.Status)
	title, summary := pad(v.p.Say(f.Title), width), v.p.Words().Value(f.Says())
	if weight(f.Status) == rest {
		title, summary = v.p.Paint(Dim, title), v.p.Paint(Dim, summary)
	}
	v.p.Wrapped("  "+v.p.Paint(tone, pad(word, statusWidth))+"  "+title+"  ", summary)
	indent := strings.Repeat(" ", 2+statusWidth+2)
	for _, d := range f.Details {
		v.p.Wrapped(indent+"  · ", v.p.Say(d))
	}
	for _, d := range f.Remedies {
		v.p.Wrapped(indent+"  → ", v.p.Say(d.Says()))
	}
	if f.Override != nil {
		v.p.Wrapped(indent+"  ! ", fmt.Sprintf(txtOverridden, Safe(f.Override.Who), Safe(f.Override.Reason)))
	}
}

const statusWidth = 7

func statusWord(s preflight.Status) (string, Tone) {
	switch s {
	case preflight.Pass:
		return "PASS", Good
	case preflight.Warn:
		return "WARN", Unwell
	case preflight.Fail:
		return "FAIL", Bad
	case preflight.Skip:
		return "SKIP", Dim
	case preflight.NotLooked:
		return "UNSEEN", Unwell
	case preflight.Error:
		return "ERROR", Bad
	case preflight.NotRun:
		return "NOT RUN", Bad
	}
	return strings.ToUpper(string(s)), Bad
}

// lines is the result off a terminal: status, group, id and words, one fact a line.
func (v preflightHuman) lines(r preflight.Result) {
	for _, f := range r.Findings {
		word, _ := statusWord(f.Status)
		v.p.Line("%s\t%s\t%s\t%s", word, f.Group, f.ID, v.p.Words().Value(f.Says()))
		for _, d := range f.Details {
			v.p.Line("row\t%s\t%s\t%s", f.Group, f.ID, v.p.Say(d))
		}
		for _, d := range f.Remedies {
			v.p.Line("do\t%s\t%s\t%s", f.Group, f.ID, v.p.Say(d.Says()))
		}
		if f.Override != nil {
			v.p.Line("override\t%s\t%s\t%s", f.Group, f.ID, fmt.Sprintf(txtOverridden, Safe(f.Override.Who), Safe(f.Override.Reason)))
		}
	}
}

// since says what changed since the preflight that people signed.
func (v preflightHuman) since(s *preflight.Since) {
	switch {
	case s == nil:
	case len(s.Changes) == 0:
		v.p.Wrapped("", fmt.Sprintf(txtNothingChanged, v.p.Time(s.At)))
	default:
		v.p.Wrapped("", fmt.Sprintf(txtChanged, v.p.Time(s.At)))
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
		p.Line("%s", p.Paint(Strong, txtPlan))
	}
	if s.Left+s.ToSend != s.Messages {
		// What has left is not known: figures that do not add up are not shown.
		p.Wrapped(v.indent(), fmt.Sprintf(txtMessagesOnly, Num(s.Recipients), Num(s.Messages)))
		p.Wrapped(v.indent(), p.Say(s.Unknown))
		return
	}
	p.Wrapped(v.indent(), fmt.Sprintf(txtMessages, Num(s.Recipients), Num(s.Messages), Num(s.Left), Num(s.ToSend)))
	if !s.Unknown.IsZero() {
		p.Wrapped(v.indent(), p.Say(s.Unknown))
	}
	v.channels(s)
	v.accounts(s)
	v.days(s)
	p.Wrapped(v.indent(), v.cost(s))
	p.Wrapped(v.indent(), v.duration(s))
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
		t.Row(string(c.Channel), Num(c.Messages), Num(c.Segments), Num(c.Left), Num(c.ToSend), Num(c.SegmentsToSend))
		toSend += c.SegmentsToSend
	}
	if len(s.Channels) > 1 {
		t.Footer(txtTogether, Num(s.Messages), Num(s.Segments), Num(s.Left), Num(s.ToSend), Num(toSend))
	}
	v.p.Blank()
	v.p.Table(t, 2)
}

func (v preflightHuman) accounts(s preflight.Summary) {
	if len(s.Accounts) == 0 {
		return
	}
	t := NewTable("account", "channel", ">messages", ">segments", ">price", ">cost", ">rate", "held-by", "done")
	messages, segments := 0, 0
	for _, a := range s.Accounts {
		t.Row(a.Account, string(a.Channel), Num(a.Messages), Num(a.Segments), Price(a.Price, ""), Price(a.Cost, a.Currency),
			Rate(a.Rate), orDash(v.p.Say(a.Limit)), v.p.Time(a.Done))
		messages, segments = messages+a.Messages, segments+a.Segments
	}
	if len(s.Accounts) > 1 {
		t.Footer(txtTogether, "", Num(messages), Num(segments), "", "", "", "", "")
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
			cells = append(cells, Num(n))
		}
		if several {
			cells = append(cells, Num(sum))
		}
		t.Row(cells...)
	}
	v.p.Blank()
	v.p.Table(t, 2)
	if more > 0 {
		v.p.Line("  "+txtMoreDays, Num(more))
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

func (v preflightHuman) cost(s preflight.Summary) string {
	var parts []string
	for _, c := range s.Costs {
		parts = append(parts, Money(c.Amount, c.Currency))
	}
	for _, name := range s.Unpriced {
		parts = append(parts, fmt.Sprintf(txtUnpriced, Safe(name)))
	}
	if len(parts) == 0 {
		return txtNoCost
	}
	return fmt.Sprintf(txtCost, strings.Join(parts, " + "))
}

func (v preflightHuman) duration(s preflight.Summary) string {
	switch {
	case s.ToSend == 0:
		return txtNothingToSend
	case s.Start.IsZero():
		return txtNoDuration
	case s.Done.IsZero():
		return fmt.Sprintf(txtEndUnknown, v.p.Time(s.Start))
	}
	return fmt.Sprintf(txtDuration, v.p.Time(s.Start), v.p.Time(s.Done), Duration(s.Done.Sub(s.Start)))
}

// verdict is last, so that it stands above the prompt: the word, the reason, and the next command.
func (v preflightHuman) verdict(r preflight.Result) {
	word, tone := statusWord(r.Verdict)
	var stops, warns []string
	for _, f := range r.Findings {
		switch f.Status {
		case preflight.Fail, preflight.Error:
			if f.Override != nil {
				warns = append(warns, f.ID+" (overridden)")
				continue
			}
			stops = append(stops, f.ID)
		case preflight.Warn:
			warns = append(warns, f.ID)
		case preflight.NotLooked:
		case preflight.NotRun:
			stops = append(stops, f.ID)
		case preflight.Pass, preflight.Skip:
		}
	}
	list, next := Safe(r.Plan.List), txtNextSend
	reason := fmt.Sprintf(txtPassed, r.Counts[preflight.Pass], len(r.Findings), r.Counts[preflight.Skip])
	switch {
	case len(stops) > 0:
		reason, next = fmt.Sprintf(txtStopped, len(stops), len(r.Findings), strings.Join(stops, ", ")), txtNextAgain
	case len(warns) > 0:
		reason, next = fmt.Sprintf(txtWarned, len(warns), len(r.Findings), strings.Join(warns, ", ")), txtNextRead
	case r.Verdict != preflight.Pass:
		reason, next = txtNotAll, txtNextOnline
	case r.Plan.ToSend == 0 && r.Plan.Unknown.IsZero():
		next = txtNextStatus
		list = Safe(r.Campaign)
	}
	if v.p.Terminal {
		v.p.Wrapped(v.p.Paint(tone, word)+"  ", reason)
		v.p.Wrapped(strings.Repeat(" ", len(word)+2), fmt.Sprintf(next, list))
		return
	}
	v.p.Line("verdict\t%s\t%s\t%s", word, reason, fmt.Sprintf(next, list))
}

func orDash(s string) string {
	if s == "" {
		return Unknown
	}
	return s
}

const (
	txtOverridden     = "overridden by %s: %s"
	txtNothingChanged = "nothing changed since the preflight of %s, which was signed"
	txtChanged        = "changed since the preflight of %s, which was signed:"
	txtTitle          = "preflight of %s  ·  %s  ·  %s"
	txtPlan           = "plan"
	txtTogether       = "together"
	txtMessages       = "%s recipients; %s messages = %s left before + %s to send"
	txtMessagesOnly   = "%s recipients; %s messages"
	txtCost           = "cost: %s"
	txtNoCost         = "cost: nothing"
	txtUnpriced       = "%s, whose price is not known"
	txtDuration       = "from %s to %s: %s"
	txtEndUnknown     = "from %s; when it ends cannot be known"
	txtNoDuration     = "how long it takes cannot be known"
	txtNothingToSend  = "nothing is left to send"
	txtMoreDays       = "and %s more days"
	txtPassed         = "all is well: %d of %d checks passed, %d had nothing to look at"
	txtWarned         = "nothing stops it; %d of %d checks warn: %s"
	txtStopped        = "nothing will be sent; %d of %d checks stop it: %s"
	txtNotAll         = "what only vendors know was left out"
	txtNextSend       = "next: notify send %s"
	txtNextStatus     = "all of it has been sent before: notify status %s"
	txtNextRead       = "next: read the warnings; then notify send %s"
	txtNextAgain      = "next: do what stands under each; then notify preflight %s"
	txtNextOnline     = "next: notify preflight %s, without --offline"
)
