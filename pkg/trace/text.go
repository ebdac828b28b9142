package trace

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"unicode/utf8"

	"notify/pkg/campaign"
	"notify/pkg/ledger"
	"notify/pkg/plan"
)

// byText finds the campaigns whose text has all its fixed fragments in the pasted one, in their order; and of each the messages that say exactly
// this, by the fingerprint of what was rendered. So no text is indexed: the texts of a thousand campaigns are looked through in milliseconds, and
// the messages of one or two are read.
func byText(ctx context.Context, s Source, pasted string, sought ledger.Sought) (trails []ledger.Trail, fitting []string, err error) {
	all, err := s.Frozen(ctx)
	if err != nil {
		return nil, nil, err
	}
	look := squeezed(pasted)
	for i := range all {
		if !fits(look, all[i].Spec) {
			continue
		}
		fitting = append(fitting, all[i].Name)
		sought.Campaign = all[i].Name
		for _, variant := range variants(pasted) {
			sought.Fingerprint = new(plan.Fingerprint("", variant, ""))
			found, err := s.Trails(ctx, sought)
			if err != nil {
				return nil, nil, err
			}
			if trails = append(trails, found...); len(found) > 0 {
				break
			}
		}
	}
	return trails, named(fitting, trails), nil
}

// named are the campaigns that have the very text, where there are any: the others only look alike.
func named(fitting []string, trails []ledger.Trail) []string {
	if len(trails) > 0 {
		return nil
	}
	return fitting
}

// signature is what stands before or behind a text and is the vendor's.
var signature = regexp.MustCompile(`^【[^】]{1,40}】|【[^】]{1,40}】$`)

// variants are the texts that may have been sent, where this is what arrived.
func variants(pasted string) []string {
	trimmed := strings.TrimSpace(strings.ReplaceAll(pasted, "\r\n", "\n"))
	out := []string{trimmed}
	if bare := strings.TrimSpace(signature.ReplaceAllString(trimmed, "")); bare != trimmed {
		out = append(out, bare)
	}
	return out
}

// fewest is how many letters a text must have that are fixed: one that is all variables fits everything.
const fewest = 4

// texts are those of a frozen campaign, and nothing else of it: all campaigns are looked through.
type texts struct {
	Texts campaign.Texts `json:"texts"`
}

func fits(pasted string, spec []byte) bool {
	var t texts
	if json.Unmarshal(spec, &t) != nil {
		return false // its own commands say what is wrong with it
	}
	for i := range t.Texts {
		switch of := &t.Texts[i]; {
		case of.Short != nil && fitsText(pasted, of.Short.Text), of.Mail != nil && fitsText(pasted, of.Mail.Text):
			return true
		}
	}
	return false
}

var variable = regexp.MustCompile(`\{\{[^{}]*\}\}`)

// fitsText reports whether all fixed fragments of a text are in the pasted one, in order. The longest is looked for first.
func fitsText(pasted, text string) bool {
	fragments := variable.Split(text, -1)
	longest, letters := "", 0
	for i, f := range fragments {
		fragments[i] = squeezed(f)
		letters += utf8.RuneCountInString(fragments[i])
		if len(fragments[i]) > len(longest) {
			longest = fragments[i]
		}
	}
	if letters < fewest || !strings.Contains(pasted, longest) {
		return false
	}
	for _, f := range fragments {
		at := strings.Index(pasted, f)
		if at < 0 {
			return false
		}
		pasted = pasted[at+len(f):]
	}
	return true
}

// squeezed is a text without its blanks: phones and mail programs break lines where they like.
func squeezed(s string) string { return strings.Join(strings.Fields(s), "") }
