package view

import (
	"runtime"

	"notify/pkg/console"
	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/report"
	"notify/pkg/send"
	"notify/pkg/words"
)

// ShowDid says in a sentence what a command did; as JSON, the sentence as "did" and its figures under "notify.<command>/1".
func ShowDid(p *Printer, asJSON bool, command string, said words.Text, figures map[string]any) error {
	if asJSON {
		if figures == nil {
			figures = map[string]any{}
		}
		figures["did"] = said
		return JSON(p.Out, p.Words(), "notify."+command+"/1", figures)
	}
	p.Wrapped("", p.Say(said))
	return p.Flush()
}

// Version is what notify version says.
type Version struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// NewVersion completes a version with what the program was built with and for.
func NewVersion(version, commit string) Version {
	return Version{Version: version, Commit: commit, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
}

// ShowVersion draws it.
func ShowVersion(p *Printer, asJSON bool, v Version) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.version/1", v)
	}
	line := "notify " + v.Version
	if v.Commit != "" {
		line += " (" + v.Commit[:min(12, len(v.Commit))] + ")"
	}
	p.Line("%s, %s, %s", line, v.Go, v.Platform)
	return p.Flush()
}

// LedgerCheck is what notify ledger check says.
type LedgerCheck struct {
	ledger.Info
	Bytes    int64              `json:"bytes"`
	Audit    *ledger.AuditEntry `json:"audit,omitempty"` // the last entry: it stands for all before it
	Problems []words.Text       `json:"problems"`
}

// ShowLedgerCheck draws it.
func ShowLedgerCheck(p *Printer, asJSON bool, v LedgerCheck) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.ledger-check/1", v)
	}
	p.field(p.heading(words.T("cmd.ledger-check.place", nil)), v.Place)
	p.field(p.heading(words.T("cmd.ledger-check.identity", nil)), v.ID)
	p.field(p.heading(words.T("cmd.ledger-check.schema", nil)), p.Say(words.T("cmd.ledger-check.schema-by", words.A{"schema": v.Schema, "driver": v.Driver})))
	p.field(p.heading(words.T("cmd.ledger-check.size", nil)), p.Words().Bytes(words.Size(v.Bytes)))
	p.field(p.heading(words.T("cmd.ledger-check.created", nil)), p.Time(v.Created))
	durable := words.T("cmd.ledger-check.is-durable", nil)
	if !v.Durable {
		durable = words.T("cmd.ledger-check.not-durable", nil)
	}
	if len(v.Unsafe) > 0 {
		durable = words.T("cmd.ledger-check.unsafe", words.A{"settings": words.Names(v.Unsafe, 0)})
	}
	p.field(p.heading(words.T("cmd.ledger-check.durable", nil)), p.Say(durable))
	if v.Audit != nil {
		p.field(p.heading(words.T("cmd.ledger-check.audit", nil)), p.Say(words.T("cmd.ledger-check.audit-head", words.A{"n": v.Audit.ID, "hash": v.Audit.Hash})))
	}
	for _, problem := range v.Problems {
		p.Wrapped(p.Paint(Bad, p.heading(words.T("cmd.ledger-check.problem", nil)))+"  ", p.Say(problem))
	}
	if len(v.Problems) == 0 {
		p.Wrapped(p.Paint(Good, p.heading(words.T("cmd.ledger-check.pass", nil)))+"  ", p.Say(words.T("cmd.ledger-check.agrees", nil)))
	}
	return p.Flush()
}

// ShowResolved says what came of unknown messages, those that were named or all, and names the first of all those of the campaign that are unknown still.
func ShowResolved(p *Printer, asJSON bool, campaign string, r send.Resolved, u report.Unsettled) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.resolve/1", struct {
			Campaign string `json:"campaign"`
			send.Resolved
			report.Unsettled
		}{campaign, r, u})
	}
	name := words.Typed(campaign)
	sum := "cmd.resolved.sum"
	if r.Named > 0 {
		sum = "cmd.resolved.sum-named"
	}
	p.Wrapped("", p.Say(words.T(sum, words.A{
		"campaign": campaign, "n": r.Named, "accepted": r.Accepted, "unsent": r.NotSent, "rejected": r.Rejected, "left": r.Left,
	})))
	for _, line := range []struct {
		is   bool
		said words.Text
	}{
		{r.Skipped > 0, words.T("cmd.resolved.skipped", words.A{"n": r.Skipped})},
		{r.NotAsked > 0, words.T("cmd.resolved.not-asked", words.A{"n": r.NotAsked, "accounts": words.Names(r.CannotAsk, 0), "campaign": name})},
		{r.Early > 0, words.T("cmd.resolved.early", words.A{"n": r.Early, "at": p.Words().Second(r.Again)})},
		{r.Mute > 0, words.T("cmd.resolved.mute", words.A{"n": r.Mute, "cause": r.Cause})},
		{len(r.NotUnknown) > 0, words.T("cmd.resolved.not-unknown", words.A{"keys": words.Names(r.NotUnknown, 0), "campaign": name})},
		{r.NotSent > 0, words.T("cmd.resolved.resume", words.A{"campaign": name})},
		{r.Named > 0 && u.All > r.Left, words.T("cmd.resolved.others", words.A{"n": u.All - r.Left, "campaign": name})},
		{u.Lost > 0, words.T("cmd.resolved.lost", words.A{"n": u.Lost, "campaign": name})},
	} {
		if line.is {
			p.Wrapped("  ", p.Say(line.said))
		}
	}
	p.people(campaign, words.T("report.unknown", nil), message.Unknown, u.Unknown, u.All)
	return p.Flush()
}

// Problems are what is wrong with operator's input, as JSON.
type problemsJSON struct {
	Errors   int            `json:"errors"`
	Warnings int            `json:"warnings"`
	First    []diag.Problem `json:"first"`
}

// ErrorJSON writes an error as an object on stdout: whoever asked for JSON reads it there.
func ErrorJSON(c *console.Console, say words.Printer, code int, said *words.Error, input *diag.InputError) {
	v := struct {
		Code     int           `json:"exit"`
		Error    words.Text    `json:"error"`
		Hint     words.Text    `json:"hint,omitzero"`
		Problems *problemsJSON `json:"problems,omitempty"`
	}{Code: code, Error: said.Text, Hint: words.HintOf(said)}
	if input != nil {
		v.Problems = &problemsJSON{Errors: input.Problems.Errors(), Warnings: input.Problems.Warnings(), First: input.Problems.Kept()}
	}
	_ = JSON(c.Out, say, "notify.error/1", v) // a console takes everything
}

// ErrorHuman writes an error for people on stderr: what is wrong, all of it where that is an input, and the next thing to do.
func ErrorHuman(c *console.Console, say words.Printer, said *words.Error, input *diag.InputError) {
	p := besides(c, c.Err, say)
	line := func(kind, said words.Text) {
		p.Wrapped("", p.Say(words.T("cmd.line.said", words.A{"kind": kind, "said": said})))
	}
	if input != nil {
		for _, problem := range input.Problems.Kept() {
			kind := words.T("problem.error", nil)
			if !problem.Stops() {
				kind = words.T("problem.warning", nil)
			}
			line(kind, problem.Headline())
			if !problem.Hint.IsZero() {
				p.Wrapped("        ", p.Say(problem.Hint))
			}
		}
		if more := input.Problems.Len() - len(input.Problems.Kept()); more > 0 {
			line(words.T("problem.error", nil), words.T("problem.more", words.A{"n": more}))
		}
	} else {
		line(words.T("problem.error", nil), said.Text)
	}
	if hint := words.HintOf(said); !hint.IsZero() {
		line(words.T("cmd.line.hint", nil), hint)
	}
	_ = p.Flush() // there is nobody else to tell
}
