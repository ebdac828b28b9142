package list

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"notify/pkg/message"
)

// trim takes spaces of every kind, and invisible characters, from both ends.
func trim(s string) string {
	if s == "" || (s[0] > ' ' && s[0] < utf8.RuneSelf && s[len(s)-1] > ' ' && s[len(s)-1] < utf8.RuneSelf) {
		return s
	}
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
}

// oneLine folds line breaks, with the blanks around them, to a space each: people break a name in two to make a column narrow.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\n\r\t\v\f\u0085\u2028\u2029") {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isDamaged reports characters that no cell should hold: control characters, and the mark of bytes that could not be read.
func isDamaged(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < ' ' && c != '\n' && c != '\t' && c != '\r') || c == 0x7F {
			return true
		}
		if c == 0xEF && strings.HasPrefix(s[i:], "\uFFFD") {
			return true
		}
	}
	return !utf8.ValidString(s)
}

// isCellError reports what a spreadsheet shows in place of a value that it could not work out.
func isCellError(s string) bool {
	if len(s) < 4 || s[0] != '#' {
		return false
	}
	switch strings.ToUpper(s) {
	case "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#FIELD!", "#BLOCKED!", "#GETTING_DATA":
		return true
	}
	return false
}

// minPhoneDigits is how many digits a text has that may be a phone number.
const minPhoneDigits = 7

// mask is a cell as it may stand in a problem: enough to find it on the sheet, too little to reach a person.
func mask(s string) string {
	s = trim(s)
	if strings.Contains(s, "@") {
		return clipText(maskLocals(s))
	}
	digits := 0
	for _, r := range s {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	if digits < minPhoneDigits {
		return clipText(s)
	}
	seen := 0
	return clipText(strings.Map(func(r rune) rune {
		if !unicode.IsDigit(r) {
			return r
		}
		seen++
		if seen <= 3 || seen > digits-2 {
			return r
		}
		return '*'
	}, s))
}

// maskLocals hides what stands before each @, up to the word before it, as message.Address.Masked does for one address.
func maskLocals(s string) string {
	words := strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(";,<>；，、|/", r) })
	for i, word := range words {
		if strings.Contains(word, "@") {
			words[i] = message.Address(word).Masked()
		}
	}
	return strings.Join(words, " ")
}

// clipText keeps a problem on one line.
func clipText(s string) string {
	const most = 60
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// headerForm is a header as it is compared: lower case, half width, letters and digits only.
func headerForm(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			r = r - '！' + '!'
		}
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// headerParts splits a header at punctuation and where Chinese meets Latin: "手机号 Mobile（必填）" has three parts.
func headerParts(s string) []string {
	var parts []string
	var part []rune
	flush := func() {
		if len(part) > 0 {
			parts = append(parts, headerForm(string(part)))
			part = part[:0]
		}
	}
	for _, r := range s {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			continue
		case len(part) > 0 && unicode.Is(unicode.Han, r) != unicode.Is(unicode.Han, part[len(part)-1]):
			flush()
		}
		part = append(part, r)
	}
	flush()
	return parts
}

// letter is a column as a spreadsheet names it: 0 is A, 26 is AA.
func letter(index int) string {
	var b []byte
	for n := index + 1; n > 0; n = (n - 1) / 26 {
		b = append([]byte{byte('A' + (n-1)%26)}, b...)
	}
	return string(b)
}
