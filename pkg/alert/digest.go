package alert

import (
	"strings"
	"time"

	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/words"
)

// digest is several notices as one message.
type digest struct {
	title string
	lines []string
	more  int // notices that have no line
}

func (d digest) text() string { return strings.Join(append([]string{d.title}, d.lines...), "\n") }

// write makes one message of the notices that is at most so many bytes long. What is worst comes first; what has no room is counted.
func write(p words.Printer, environment, host string, notices []ledger.Notice, most int) digest {
	title := words.T("alert.title", words.A{"environment": words.Of("environment", environment), "host": host, "n": words.N(len(notices), "alert")})
	d := digest{title: p.Say(title)}
	room := most - len(d.title) - len(more(p, len(notices))) - 1
	for _, severity := range []ledger.Severity{ledger.SeverityCritical, ledger.SeverityWarning, ledger.SeverityInfo} {
		for i := range notices {
			if n := &notices[i]; n.Severity == severity {
				text := line(p, n)
				if room -= len(text) + 1; room < 0 {
					d.more++
					continue
				}
				d.lines = append(d.lines, text)
			}
		}
	}
	if d.more > 0 {
		d.lines = append(d.lines, more(p, d.more))
	}
	return d
}

func more(p words.Printer, n int) string { return p.Say(words.T("alert.more", words.A{"n": n})) }

func line(p words.Printer, n *ledger.Notice) string {
	args := words.A{"severity": words.Of("severity", n.Severity), "said": n.Said}
	text := words.T("alert.line-began", args)
	switch n.Change {
	case ledger.Began:
	case ledger.Holds:
		text = words.T("alert.line-holds", words.A{"severity": args["severity"], "said": n.Said, "since": n.Since})
	case ledger.Over:
		return p.Say(words.T("alert.line-over", words.A{"said": n.Said, "since": n.Since}))
	}
	if n.Next == "" {
		return p.Say(text)
	}
	return p.Say(text) + "\n  " + p.Say(words.T("alert.next", words.A{"command": n.Next}))
}

// printer is in the language and the zone of a target.
func printer(cfg *config.Config, t config.AlertTarget) words.Printer {
	lang := words.English
	if t.Language == "zh" || t.Language == "" && cfg.Language == "zh" {
		lang = words.Chinese
	}
	zone := cfg.Timezone
	if zone == nil {
		zone = time.UTC
	}
	return words.Printer{Lang: lang, Zone: zone}
}
