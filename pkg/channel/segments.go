package channel

import (
	"strings"

	"notify/pkg/message"
)

// Rule is how a text is counted into segments, the units in which SMS are billed.
type Rule string

// The rules.
const (
	// GSM is the rule of most of the world: 160 characters of the GSM alphabet in one segment or 153 in each of several;
	// where any character is outside of it, 70 or 67 UTF-16 units (3GPP TS 23.038 and TS 23.040).
	GSM Rule = "gsm"
	// Mainland is the rule of mainland China: 70 or 67 characters, ASCII too, the signature 【…】 included.
	Mainland Rule = "mainland"
)

// RuleFor is the rule for an address: the configured one, or else Mainland for +86 and GSM for the rest.
func RuleFor(to message.Address, configured string) Rule {
	switch {
	case configured != "":
		return Rule(configured)
	case strings.HasPrefix(string(to), "+86"):
		return Mainland
	default:
		return GSM
	}
}

// WithSignature is the text as it is counted and read: 【sign】 before it, once, however sign and text were written.
func WithSignature(text, sign string) string {
	sign = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(sign), "【"), "】")
	if sign == "" {
		return text
	}
	full := "【" + sign + "】"
	if strings.HasPrefix(text, full) {
		return text
	}
	return full + text
}

// Segments is how many billing units the text is; 0 for an empty text. An escape pair of the GSM alphabet and a surrogate
// pair are never split between two segments. A character outside the BMP counts two under every rule, as it takes two
// units on the air; a vendor that counts it once bills less than was planned, never more.
func Segments(text string, rule Rule) int {
	if rule == GSM && isGSM(text) {
		return count(text, septets, 160, 153)
	}
	return count(text, units, 70, 67)
}

// count packs greedily: what would be split moves to the next segment whole.
func count(text string, size func(rune) int, single, part int) int {
	total, parts, used := 0, 0, part
	for _, r := range text {
		n := size(r)
		total += n
		if used+n > part {
			parts++
			used = 0
		}
		used += n
	}
	if total <= single {
		return min(parts, 1)
	}
	return parts
}

func units(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}

func isGSM(text string) bool {
	for _, r := range text {
		if septets(r) == 0 {
			return false
		}
	}
	return true
}

// septets is the size of a character in the GSM 7 bit default alphabet: 1, 2 from the extension table, 0 where it is in
// neither. Source: 3GPP TS 23.038, 6.2.1 and 6.2.1.1.
func septets(r rune) int {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= ' ' && r <= '?':
		return 1
	}
	switch r {
	case '\n', '\r', '@', '_', '£', '¥', '§', '¡', '¿', '¤',
		'è', 'é', 'ù', 'ì', 'ò', 'Ç', 'Ø', 'ø', 'Å', 'å', 'Æ', 'æ', 'ß', 'É', 'Ä', 'Ö', 'Ñ', 'Ü', 'ä', 'ö', 'ñ', 'ü', 'à',
		'Δ', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ':
		return 1
	case '^', '{', '}', '\\', '[', '~', ']', '|', '€', '\f':
		return 2
	}
	return 0
}
