package view

import (
	"slices"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/receipts"
	"notify/pkg/report"
	"notify/pkg/words"
)

// receipts draws what is known of messages that were accepted; nothing where no receipt ever came.
func (p *Printer) receipts(rs []report.Receipts, indent int) {
	if !slices.ContainsFunc(rs, func(r report.Receipts) bool { return r.Ended > 0 || !r.Last.IsZero() }) {
		return
	}
	t := NewTable("account", ">accepted", ">delivered", ">not-delivered", ">bounced", ">receipts-missing", "last-receipt", "proof")
	for _, r := range rs {
		bounced := r.ByState[message.SoftBounce] + r.ByState[message.HardBounce]
		t.Row(r.Account, words.Num(r.Accepted), words.Num(r.ByState[message.Delivered]),
			words.Num(r.ByState[message.Undelivered]+r.ByState[message.Dropped]), words.Num(bounced),
			p.Words().Value(words.Percent(r.Missing)), p.when(r.Last), p.proofs(r.ByGrade))
	}
	p.Blank()
	p.Table(t, indent)
	for _, r := range rs {
		p.further(&r, indent)
	}
}

// further names what recipients said.
func (p *Printer) further(r *report.Receipts, indent int) {
	var facts []words.Text
	for _, s := range message.ReceiptStates() {
		if n := r.ByState[s]; !s.Final() && n > 0 {
			facts = append(facts, words.T("receipts.fact", words.A{"state": words.Of("receipt", s), "count": n}))
		}
	}
	if len(facts) > 0 {
		p.sentence(blanks(indent), words.T("receipts.further", words.A{"account": r.Account, "facts": words.Texts(words.Commas, facts...)}))
	}
}

func blanks(n int) string { return "        "[:min(n, 8)] }

func (p *Printer) when(at time.Time) string {
	if at.IsZero() {
		return words.Unknown
	}
	return p.Words().Value(at)
}

// proofs are the grades of what is known, the best first.
func (p *Printer) proofs(by map[message.Grade]int) string {
	var said []words.Text
	for _, g := range slices.Backward(message.Grades()) {
		if n := by[g]; n > 0 {
			said = append(said, words.T("receipts.fact", words.A{"state": words.Of("grade", g), "count": n}))
		}
	}
	if len(said) == 0 {
		return words.Unknown
	}
	return p.Words().Value(words.Texts(words.Commas, said...))
}

// ReceiptPath is where an account's vendor is to post.
type ReceiptPath struct {
	Account string `json:"account"`
	Vendor  string `json:"vendor"`
	Path    string `json:"path"`
	// Signed says that only what is signed is believed.
	Signed bool `json:"signed"`
}

// ShowReceiptPaths draws them.
func ShowReceiptPaths(p *Printer, asJSON bool, paths []ReceiptPath) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.receipts-paths/1", struct {
			Paths []ReceiptPath `json:"paths"`
		}{paths})
	}
	t := NewTable("account", "vendor", "path", "proof")
	for _, one := range paths {
		grade := message.GradeUnsigned
		if one.Signed {
			grade = message.GradeSigned
		}
		t.Row(one.Account, one.Vendor, one.Path, p.word("grade", string(grade)))
	}
	p.Table(t, 0)
	return p.Flush()
}

// Inbox is what came, and what of it is odd.
type Inbox struct {
	Inboxes []ledger.Inbox
	Odd     []ledger.Receipt
	InFile  int // how many wait in a file for the ledger
}

// oddReceipt is a receipt that somebody may want to look at.
type oddReceipt struct {
	ID       int64              `json:"id"`
	Account  string             `json:"account"`
	Format   string             `json:"format"`
	Source   string             `json:"source"`
	At       time.Time          `json:"at"`
	Fate     ledger.ReceiptFate `json:"fate"`
	Grade    message.Grade      `json:"grade"`
	Why      words.Text         `json:"why,omitzero"`
	Repeats  int                `json:"repeats"`
	Ours     int                `json:"ours"`
	Foreign  int                `json:"foreign"`
	Late     int                `json:"late"`
	Contrary int                `json:"contrary"`
	Held     int                `json:"held"`
}

// ShowInbox draws it.
func ShowInbox(p *Printer, asJSON bool, v Inbox) error {
	if asJSON {
		odd := make([]oddReceipt, 0, len(v.Odd))
		for _, r := range v.Odd {
			odd = append(odd, oddReceipt{r.ID, r.Account, r.Format, r.Source, r.At, r.Fate, r.Grade, r.Why, r.Repeats, r.Ours, r.Foreign, r.Late, r.Contrary, r.Held})
		}
		inboxes := v.Inboxes
		if inboxes == nil {
			inboxes = []ledger.Inbox{}
		}
		return JSON(p.Out, p.Words(), "notify.receipts/1", struct {
			Accounts []ledger.Inbox `json:"accounts"`
			Receipts []oddReceipt   `json:"receipts"`
			InFile   int            `json:"in_file"`
		}{inboxes, odd, v.InFile})
	}
	if v.InFile > 0 {
		p.sentence("", words.T("receipts.in-file", words.A{"receipts": words.N(v.InFile, "receipt")}))
	}
	if len(v.Inboxes) == 0 {
		p.sentence("", words.T("receipts.none", words.A{"command": "notify receipts listen :8080"}))
		return p.Flush()
	}
	t := NewTable("account", ">receipts", ">repeats", ">waiting", ">refused", ">ours", ">foreign", ">late", ">contrary", "last-receipt")
	for _, in := range v.Inboxes {
		t.Row(in.Account, words.Num(in.Receipts), words.Num(in.Repeats), words.Num(in.Waiting), words.Num(in.Refused), words.Num(in.Ours), words.Num(in.Foreign),
			words.Num(in.Late), words.Num(in.Contrary), p.when(in.Last))
	}
	p.Table(t, 0)
	for _, r := range v.Odd {
		p.sentence("  ", oddity(&r))
	}
	return p.Flush()
}

// oddity says what is odd about a receipt.
func oddity(r *ledger.Receipt) words.Text {
	args := words.A{"id": r.ID, "at": r.At, "account": r.Account, "source": r.Source, "format": r.Format}
	switch r.Fate {
	case ledger.ReceiptRefused:
		args["why"] = r.Why
		return words.T("receipts.odd-refused", args)
	case ledger.ReceiptHeld:
		args["held"] = r.Held
		return words.T("receipts.odd-held", args)
	case ledger.ReceiptNew:
		return words.T("receipts.odd-new", args)
	case ledger.ReceiptSettled:
	}
	args["foreign"], args["late"], args["contrary"] = r.Foreign, r.Late, r.Contrary
	return words.T("receipts.odd-settled", args)
}

// ShowSettledReceipts draws what became of receipts.
func ShowSettledReceipts(p *Printer, asJSON bool, command string, s receipts.Settled) error {
	return ShowDid(p, asJSON, command, settledText(s), settledFigures(s))
}

func settledText(s receipts.Settled) words.Text {
	return words.T("receipts.settled", words.A{
		"receipts": words.N(s.Receipts, "receipt"), "ours": s.Ours, "foreign": s.Foreign, "late": s.Late, "contrary": s.Contrary, "held": s.Held,
		"refused": s.Refused,
	})
}

// settledFigures are those of what was settled.
func settledFigures(s receipts.Settled) map[string]any {
	return map[string]any{
		"receipts": s.Receipts, "ours": s.Ours, "foreign": s.Foreign, "late": s.Late, "contrary": s.Contrary, "held": s.Held, "refused": s.Refused,
	}
}

// ShowPulled draws what vendors said when they were asked.
func ShowPulled(p *Printer, asJSON bool, v receipts.Pulled, s receipts.Settled) error {
	figures := settledFigures(s)
	figures["asked"], figures["told"], figures["unasked"] = v.Asked, v.Told, v.Unasked
	said := words.T("receipts.pulled", words.A{"asked": words.N(v.Asked, "message"), "told": v.Told, "unasked": v.Unasked, "settled": settledText(s)})
	return ShowDid(p, asJSON, "receipts-pull", said, figures)
}

// ShowImported draws what stood in a file, or in mails.
func ShowImported(p *Printer, asJSON bool, v receipts.Imported, s receipts.Settled) error {
	figures := settledFigures(s)
	figures["rows"], figures["unread"], figures["kept"] = v.Rows, v.Unread, v.Kept
	said := words.T("receipts.imported", words.A{"rows": words.N(v.Rows, "row"), "unread": v.Unread, "settled": settledText(s)})
	if v.Mails {
		said = words.T("receipts.imported-mails", words.A{"mails": words.N(v.Rows, "mail"), "settled": settledText(s)})
	}
	return ShowDid(p, asJSON, "receipts-import", said, figures)
}
