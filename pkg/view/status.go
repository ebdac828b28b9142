package view

import (
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/send"
	"notify/pkg/words"
)

// ShowStatus draws how far campaigns are.
func ShowStatus(p *Printer, asJSON bool, ss []report.Status) error {
	if asJSON {
		if ss == nil {
			ss = []report.Status{}
		}
		return JSON(p.Out, p.Words(), "notify.status/1", struct {
			Campaigns []report.Status `json:"campaigns"`
		}{ss})
	}
	if len(ss) == 0 {
		p.sentence("", words.T("status.none", words.A{"command": "notify preflight LIST"}))
		return p.Flush()
	}
	for i := range ss {
		if i > 0 {
			p.Blank()
		}
		p.status(&ss[i])
	}
	return p.Flush()
}

func (p *Printer) status(s *report.Status) {
	state := s.State
	if state == "finished" && s.NeverStaged > 0 {
		state = "part"
	}
	if p.Terminal {
		p.Wrapped("", p.Paint(Strong, Safe(s.Campaign))+"  "+p.Paint(campaignTone(state), p.word("campaign", state))+"  "+Safe(s.Owner))
	} else {
		p.Line("campaign\t%s\t%s\t%s", Safe(s.Campaign), state, Safe(s.Owner))
	}
	p.byChannel(s)
	if len(s.Accounts) > 0 {
		p.Blank()
		p.spent(s.Accounts, s.Costs, s.Unpriced, 2)
	}
	p.receipts(s.Receipts, 2)
	p.Blank()
	switch {
	case s.Rate > 0 && s.Remaining >= 0:
		p.sentence("  ", words.T("status.rate", words.A{"rate": words.Rate(s.Rate), "time": s.Remaining}))
	case s.Rate > 0:
		p.sentence("  ", words.T("status.rate-only", words.A{"rate": words.Rate(s.Rate)}))
	}
	for i := range s.Set {
		p.trouble(&report.AccountStatus{Account: s.Set[i].Account, State: ledger.AccountState{Weight: s.Set[i].Weight, Off: s.Set[i].Off}})
	}
	p.wave(s)
	p.neverStaged(s.NeverStaged)
	if state == "part" {
		p.next("notify send " + words.Typed(s.List))
	}
	p.atWork(s)
	p.later(s.Checklist)
}

func campaignTone(state string) Tone {
	switch state {
	case "paused", "unfinished", "part":
		return Unwell
	case "aborted":
		return Bad
	case "finished":
		return Good
	}
	return Strong
}

// byChannel are the messages by channel and state.
func (p *Printer) byChannel(s *report.Status) {
	t := NewTable("channel", ">messages")
	for _, st := range message.States() {
		t.Column(p.word("state", string(st)))
	}
	row := func(name string, n int, by map[message.State]int) []string {
		cells := []string{name, words.Num(n)}
		for _, st := range message.States() {
			cells = append(cells, words.Num(by[st]))
		}
		return cells
	}
	for _, c := range s.Channels {
		t.Row(row(p.word("channel", string(c.Channel)), c.Messages, c.ByState)...)
	}
	if len(s.Channels) > 1 {
		t.Footer(row(p.together(), s.Messages, s.ByState)...)
	}
	p.Table(t, 2)
}

// spent are the accounts with what they carried and cost.
func (p *Printer) spent(accounts []report.Account, costs []report.Sum, unpriced []string, indent int) {
	t := NewTable("account", ">messages", ">segments", ">cost")
	shown := make([]*words.Amount, len(accounts))
	var messages, segments int64
	for i, a := range accounts {
		if a.Cost != nil {
			shown[i] = &words.Amount{Money: *a.Cost, Currency: a.Currency}
		}
		messages, segments = messages+a.Messages, segments+a.Segments
	}
	for i, cost := range p.amounts(shown) {
		t.Row(accounts[i].Account, words.Num(accounts[i].Messages), words.Num(accounts[i].Segments), cost)
	}
	if len(accounts) > 1 {
		t.Footer(p.together(), words.Num(messages), words.Num(segments), p.total(costs, unpriced))
	}
	p.Table(t, indent)
}

// amounts is a column of money: all with as many decimals as one of them needs. What is not known is said to be.
func (p *Printer) amounts(all []*words.Amount) []string {
	decimals := 2
	for _, a := range all {
		if a != nil {
			decimals = max(decimals, report.Decimals(a.Money))
		}
	}
	out := make([]string, len(all))
	for i, a := range all {
		if a == nil {
			out[i] = p.Say(words.T("words.not-known", nil))
			continue
		}
		out[i] = p.Words().FixedMoney(*a, decimals)
	}
	return out
}

// total is what all of them cost; what is not known of some is not left out in silence.
func (p *Printer) total(costs []report.Sum, unpriced []string) string {
	sum := words.List{Join: words.Plus}
	for _, c := range costs {
		sum.Items = append(sum.Items, words.Money(c.Cost, c.Currency))
	}
	switch {
	case len(unpriced) > 0 && len(costs) == 0:
		return p.Say(words.T("words.not-known", nil))
	case len(unpriced) > 0:
		sum.Items = append(sum.Items, words.T("words.not-known", nil))
	}
	return p.Words().Value(sum)
}

// atWork says who works on it, or why nobody does, and what to do.
func (p *Printer) atWork(s *report.Status) {
	if s.Aborted != nil {
		p.sentence("  ", words.T("status.aborted", words.A{"who": s.Aborted.Who, "at": s.Aborted.At, "why": s.Aborted.Reason}))
	} else {
		for _, r := range s.Running {
			p.sentence("  ", p.running(s, &r))
			if !r.Waiting.IsZero() {
				p.sentence("  ", words.T("progress.waiting", words.A{"for": r.Waiting}))
			}
		}
	}
	if s.Paused != nil {
		p.sentence("  ", pausedBy(s.Paused))
	}
	if len(s.Running) == 0 && s.Aborted == nil && s.State != "finished" {
		if s.Last != nil {
			p.sentence("  ", lastRun(s))
		}
		p.sentence("  ", words.T("run.next", words.A{"said": nextAfter(s.Campaign, stopped(s))}))
	}
	if s.ByState[message.Unknown] > 0 {
		p.next("notify resolve " + words.Typed(s.Campaign))
	}
}

// wave says which wave is out, and what it waits for.
func (p *Printer) wave(s *report.Status) {
	w := s.Wave
	if w == nil || s.State == "finished" || s.State == "aborted" {
		return
	}
	args := words.A{"wave": w.Number, "size": words.N(w.Sizes[w.Number-1], "message")}
	switch {
	case w.Asked:
		p.sentence("  ", words.T("status.wave.asked", args))
	case w.Until.IsZero():
		p.sentence("  ", words.T("status.wave.out", args))
	default:
		args["at"] = w.Until
		p.sentence("  ", words.T("status.wave.held", args))
	}
}

func (p *Printer) running(s *report.Status, r *report.AtWork) words.Text {
	done := 0.0
	if s.Messages > 0 {
		done = 100 * float64(s.Messages-s.ByState[message.Pending]-s.ByState[message.Attempting]) / float64(s.Messages)
	}
	return words.T("status.running", words.A{
		"at": r.Started, "who": r.User, "pid": plainInt(r.PID), "host": r.Host, "share": words.Percent(done),
		"sent": words.N(int(r.Sent), "message"), "rate": words.Rate(r.Rate), "beat": p.Words().Second(r.Beat),
	})
}

// stopped is why nobody works on a campaign; empty where its last run says nothing of it, or there was none.
func stopped(s *report.Status) send.PauseReason {
	switch by := s.Paused; {
	case by != nil && by.What == send.ActWave:
		return send.PauseWave
	case by != nil && by.Who == ledger.Itself:
		return send.PauseStopWhen
	case by != nil:
		return send.PauseByPerson
	case s.Last == nil:
		return ""
	}
	return reasonIn(s.Last.Why)
}

func pausedBy(a *ledger.Act) words.Text {
	return words.T("status.paused", words.A{"who": a.Who, "at": a.At, "why": a.Why()})
}

func lastRun(s *report.Status) words.Text {
	if s.Last.Why.IsZero() || s.Last.Why.ID == "run.why.lost" {
		if s.ByState[message.Attempting] == 0 {
			return words.T("status.last-run-lost-idle", nil)
		}
		return words.T("status.last-run-lost", words.A{"n": s.ByState[message.Attempting]})
	}
	return words.T("status.last-run", words.A{"at": s.Last.Ended, "why": s.Last.Why})
}

// next names the command to type.
func (p *Printer) next(command string) {
	p.sentence("  ", words.T("status.next", words.A{"command": command}))
}
