package httpvendor

import (
	"fmt"
	"slices"
	"strconv"

	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/words"
)

func (l *loader) answering(d *definition, s *spec) {
	if d.Answer == nil {
		l.errorf(0, "answer", words.T("vendor.answer-missing", nil), words.T("vendor.do.answer", nil))
		return
	}
	a := d.Answer
	switch a.Format.Value {
	case "", "json", "text":
	default:
		l.errorf(a.Format.Line, "answer.format", words.T("vendor.format-unknown", words.A{"value": a.Format.Value}), diag.Known(a.Format.Value, []string{"json", "text"}))
	}
	s.answer = &answerPlan{
		json:       a.Format.Value != "text",
		accepted:   l.question(a.Accepted, "answer.accepted", `status == 200 && body.code == "OK"`, d),
		code:       l.optional(a.Code, "answer.code", d),
		id:         l.optional(a.ID, "answer.id", d),
		message:    l.optional(a.Message, "answer.message", d),
		segments:   l.optional(a.Segments, "answer.segments", d),
		retryAfter: l.optional(a.RetryAfter, "answer.retry_after", d),
		table:      map[string][]row{},
	}
	for i := range d.Codes {
		l.row(&d.Codes[i], fmt.Sprintf("codes[%d]", i), s.answer.table)
	}
	if len(d.Codes) > 0 && !a.Code.set() {
		l.errorf(d.Codes[0].Outcome.Line, "answer.code", words.T("vendor.code-place", nil), words.T("vendor.do.code-place", nil))
	}
}

// tableOutcomes are what a vendor's code can mean. Unsent is not among them: what was answered was sent.
func tableOutcomes() []string {
	return wordsOf([]message.OutcomeKind{
		message.OutcomeRejected, message.OutcomeThrottled, message.OutcomeRefused, message.OutcomeUnknown,
	})
}

func reasons() []string {
	return wordsOf([]message.Reason{
		message.ReasonBalance, message.ReasonQuota, message.ReasonAuth, message.ReasonTemplate, message.ReasonBlocked, message.ReasonOther,
	})
}

func (l *loader) row(c *code, key string, table map[string][]row) {
	line := max(c.Outcome.Line, c.Source.Line, c.Reason.Line)
	r := row{outcome: message.OutcomeKind(c.Outcome.Value), reason: message.Reason(c.Reason.Value)}
	if !slices.Contains(tableOutcomes(), c.Outcome.Value) {
		l.errorf(line, join(key, "outcome"), words.T("vendor.outcome-unknown", words.A{"value": c.Outcome.Value}), diag.Known(c.Outcome.Value, tableOutcomes()))
	}
	switch refused := r.outcome == message.OutcomeRefused; {
	case refused && !slices.Contains(reasons(), c.Reason.Value):
		l.errorf(line, join(key, "reason"), words.T("vendor.reason-unknown", words.A{"value": c.Reason.Value}), diag.Known(c.Reason.Value, reasons()))
	case !refused && c.Reason.set():
		l.errorf(c.Reason.Line, join(key, "reason"), words.T("vendor.reason-beside", words.A{"value": c.Outcome.Value}), words.T("vendor.do.reason-remove", nil))
	}
	if !c.Source.set() {
		l.errorf(line, join(key, "source"), words.T("vendor.source-missing", nil), words.T("vendor.do.source", nil))
	}
	for _, t := range c.Status {
		n, err := strconv.Atoi(t.Value)
		if err != nil || n < 200 || n > 599 {
			l.errorf(t.Line, join(key, "status"), words.T("vendor.status-unknown", words.A{"value": t.Value}), words.T("vendor.do.status", nil))
			continue
		}
		r.status = append(r.status, n)
	}
	if len(c.Code) == 0 {
		l.errorf(line, join(key, "code"), words.T("vendor.code-missing", nil), words.T("vendor.do.code", nil))
	}
	for _, t := range c.Code {
		if slices.ContainsFunc(table[t.Value], r.overlaps) {
			l.errorf(t.Line, join(key, "code"), words.T("vendor.code-twice", words.A{"code": t.Value}), words.T("vendor.do.keep-row", nil))
		}
		table[t.Value] = append(table[t.Value], r)
	}
}

// overlaps reports whether two rows of one code could both apply.
func (r row) overlaps(other row) bool {
	if len(r.status) == 0 || len(other.status) == 0 {
		return len(r.status) == len(other.status)
	}
	return slices.ContainsFunc(r.status, func(s int) bool { return slices.Contains(other.status, s) })
}

func (l *loader) queries(d *definition, s *spec) {
	format := s.answer == nil || s.answer.json
	methods := []string{"GET", "POST"}
	if b := d.Balance; b != nil {
		s.balance = &balancePlan{
			queryPlan: queryPlan{
				request: l.request(&b.request, "balance", methods, requestScope(), d),
				ok:      l.question(b.OK, "balance.ok", "status == 200", d),
				json:    format,
			},
			amount:   l.optional(b.Amount, "balance.amount", d),
			currency: l.optional(b.Currency, "balance.currency", d),
			messages: l.optional(b.Messages, "balance.messages", d),
			quota:    l.optional(b.Quota, "balance.quota", d),
			used:     l.optional(b.Used, "balance.used", d),
		}
		if !b.Amount.set() && !b.Messages.set() && !b.Quota.set() && !b.Used.set() {
			l.errorf(b.Path.Line, "balance", words.T("vendor.balance-nothing", nil), words.T("vendor.do.balance", nil))
		}
	}
	if f := d.Find; f != nil {
		l.finding(f, d, s, methods, format)
	}
	if p := d.Probe; p != nil {
		s.probe = &probePlan{queryPlan{
			request: l.request(&p.request, "probe", methods, requestScope(), d),
			ok:      l.question(p.OK, "probe.ok", "status == 200", d),
			json:    format,
		}}
	}
}

func (l *loader) finding(f *find, d *definition, s *spec, methods []string, format bool) {
	s.find = &findPlan{
		queryPlan: queryPlan{
			request: l.request(&f.request, "find", methods, findScope(), d),
			ok:      l.question(f.OK, "find.ok", "status == 200", d),
			json:    format,
		},
		found:    l.question(f.Found, "find.found", "body.found", d),
		id:       l.optional(f.ID, "find.id", d),
		receipt:  l.optional(f.Receipt, "find.receipt", d),
		receipts: map[string]message.ReceiptState{},
		final:    f.NotFound.Final.Value,
		after:    l.duration(f.NotFound.After, "find.not_found.after"),
	}
	if f.NotFound.Final.Value && !f.NotFound.Source.set() {
		l.errorf(f.NotFound.Final.Line, "find.not_found.source", words.T("vendor.final-source", nil), words.T("vendor.do.final-source", nil))
	}
	if f.NotFound.Final.Value && !f.mentions("key") {
		l.errorf(f.NotFound.Final.Line, "find.not_found.final", words.T("vendor.final-key", nil), words.T("vendor.do.final-key", nil))
	}
	for _, group := range []struct {
		state message.ReceiptState
		words texts
	}{
		{message.Delivered, f.Receipts.Delivered}, {message.Undelivered, f.Receipts.Undelivered}, {message.Waiting, f.Receipts.Waiting},
	} {
		for _, w := range group.words {
			if was, ok := s.find.receipts[w.Value]; ok && was != group.state {
				l.errorf(w.Line, "find.receipts", words.T("vendor.word-twice", words.A{"word": w.Value, "one": was, "other": group.state}), words.T("vendor.do.keep-word", nil))
			}
			s.find.receipts[w.Value] = group.state
		}
	}
	if len(s.find.receipts) > 0 && !f.Receipt.set() {
		l.errorf(f.Path.Line, "find.receipt", words.T("vendor.receipt-place", nil), words.T("vendor.do.receipt", nil))
	}
}
