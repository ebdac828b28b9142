package view

import (
	"fmt"
	"runtime"
	"strings"

	"notify/pkg/console"
	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/send"
	"notify/pkg/words"
)

// ShowDid says in a sentence what a command did; as JSON, its figures under "notify.<command>/1".
func ShowDid(p *Printer, asJSON bool, command, text string, figures map[string]any) error {
	if asJSON {
		if figures == nil {
			figures = map[string]any{}
		}
		figures["text"] = text
		return JSON(p.Out, p.Words(), "notify."+command+"/1", figures)
	}
	p.Wrapped("", text)
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
	Problems []string `json:"problems"`
}

// ShowLedgerCheck draws it.
func ShowLedgerCheck(p *Printer, asJSON bool, v LedgerCheck) error {
	if asJSON {
		if v.Problems == nil {
			v.Problems = []string{}
		}
		return JSON(p.Out, p.Words(), "notify.ledger-check/1", v)
	}
	p.field("ledger", v.Place)
	p.field("identity", v.ID)
	p.field("schema", fmt.Sprintf("%d (%s)", v.Schema, v.Driver))
	p.field("size", Bytes(v.Bytes))
	p.field("created", p.Time(v.Created))
	durable := "a commit survives power loss"
	if !v.Durable {
		durable = "NOT: a commit may be lost with the power"
	}
	p.field("durable", durable)
	for _, problem := range v.Problems {
		p.Wrapped(p.Paint(Bad, "PROBLEM")+"  ", Safe(problem))
	}
	if len(v.Problems) == 0 {
		p.Line("%s  it agrees with itself: integrity, sums, states and attempts", p.Paint(Good, "PASS"))
	}
	return p.Flush()
}

// ShowResolved says what came of unknown messages.
func ShowResolved(p *Printer, asJSON bool, campaign string, r send.Resolved) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.resolve/1", struct {
			Campaign string `json:"campaign"`
			send.Resolved
		}{campaign, r})
	}
	p.Line("%s: %s accepted, %s not sent, %s rejected, %s still unknown", Safe(campaign), Num(r.Accepted), Num(r.NotSent),
		Num(r.Rejected), Num(r.Left))
	if r.NotAsked > 0 {
		p.Wrapped("  ", fmt.Sprintf("%s went through %s, which cannot be asked: look into its own log, then `notify resolve %s "+
			"--as accepted|not-sent --key KEY --reason …` (the keys: `notify report %s`)", Num(r.NotAsked),
			Safe(strings.Join(r.CannotAsk, ", ")), Safe(campaign), Safe(campaign)))
	}
	if r.Early > 0 {
		p.Wrapped("  ", fmt.Sprintf("%s were tried a moment ago, and the vendor may still get them; ask again after %s", Num(r.Early),
			r.Again.In(p.zone()).Format("15:04:05")))
	}
	if len(r.NotUnknown) > 0 {
		p.Wrapped("  ", "no unknown message has the key "+Safe(strings.Join(r.NotUnknown, ", "))+"; `notify report "+Safe(campaign)+"` lists them")
	}
	if r.NotSent > 0 {
		p.Wrapped("  ", fmt.Sprintf("`notify resume %s` sends those that were not sent", Safe(campaign)))
	}
	return p.Flush()
}

// Problems are what is wrong with operator's input, as JSON.
type problemsJSON struct {
	Errors   int            `json:"errors"`
	Warnings int            `json:"warnings"`
	First    []diag.Problem `json:"first"`
}

// ErrorJSON writes an error as an object on stdout: whoever asked for JSON reads it there.
func ErrorJSON(c *console.Console, say words.Printer, code int, text, hint string, input *diag.InputError) {
	v := struct {
		Code     int           `json:"exit"`
		Error    string        `json:"error"`
		Hint     string        `json:"hint,omitempty"`
		Problems *problemsJSON `json:"problems,omitempty"`
	}{Code: code, Error: text, Hint: hint}
	if input != nil {
		v.Problems = &problemsJSON{Errors: input.Problems.Errors(), Warnings: input.Problems.Warnings(), First: input.Problems.Kept()}
	}
	_ = JSON(c.Out, say, "notify.error/1", v) // a console takes everything
}

// ErrorHuman writes an error for people on stderr: what is wrong, and the next thing to do.
func ErrorHuman(c *console.Console, say words.Printer, text, hint string, input *diag.InputError) {
	if input == nil {
		fmt.Fprintf(c.Err, "notify: error: %s\n", SafeText(text))
	} else {
		for _, problem := range input.Problems.Kept() {
			word := words.T("problem.error", nil)
			if !problem.Stops() {
				word = words.T("problem.warning", nil)
			}
			fmt.Fprintf(c.Err, "notify: %s: %s\n", say.Say(word), say.Say(problem.Headline()))
			if !problem.Hint.IsZero() {
				fmt.Fprintf(c.Err, "        %s\n", say.Say(problem.Hint))
			}
		}
		if more := input.Problems.Len() - len(input.Problems.Kept()); more > 0 {
			fmt.Fprintf(c.Err, "notify: %s: %s\n", say.Say(words.T("problem.error", nil)), say.Say(words.T("problem.more", words.A{"n": more})))
		}
	}
	if hint != "" {
		fmt.Fprintf(c.Err, "notify: hint: %s\n", SafeText(hint))
	}
}
