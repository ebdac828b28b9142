package numfmt

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

type partKind uint8

const (
	partLiteral  partKind = iota
	partDigit             // one placeholder: 0, # or ?
	partPoint             // the decimal point
	partExponent          // E+ or E-
	partPercent           // %
	partSlash             // of a fraction
	partGeneral           // General
	partText              // @
	partDate              // yyyy, mm, h … in lower case
	partMinute            // m or mm, where it is minutes
	partElapsed           // h, mm, ss … in brackets
	partHalfDay           // AM/PM, A/P, 上午/下午
	partFraction          // .00 of a second
)

type part struct {
	kind partKind
	text string
}

// section is one of the formats that semicolons separate.
type section struct {
	parts     []part
	condition *condition
	language  Language
	named     bool // the format itself says the language
	numerals  int  // 1 to 3: [DBNum1] to [DBNum3]
	group     bool // commas every three digits
	scale     int  // how many powers of ten the number is shifted down by
	err       error
}

func (s *section) takesText() bool { return s.has(partText) }

func (s *section) has(kinds ...partKind) bool {
	for _, p := range s.parts {
		for _, k := range kinds {
			if p.kind == k {
				return true
			}
		}
	}
	return false
}

func (s *section) dated() bool { return s.has(partDate, partMinute, partElapsed, partHalfDay) }

// parser reads a format from left to right.
type parser struct {
	rest     string
	language Language
	section  section
}

func parseSections(code string, language Language) []section {
	p := &parser{rest: code, language: language}
	var all []section
	p.section.language = language
	for p.rest != "" {
		if p.rest[0] == ';' {
			p.rest = p.rest[1:]
			all = append(all, p.end())
			continue
		}
		p.next()
	}
	if last := p.end(); len(all) > 0 || len(last.parts) > 0 || last.err != nil {
		all = append(all, last)
	}
	return all
}

// end is the section that has been read, made sense of.
func (p *parser) end() section {
	s := p.section
	p.section = section{language: p.language}
	switch {
	case s.err != nil:
	case s.dated():
		s.arrangeDate()
	default:
		s.arrangeNumber()
	}
	return s
}

func (p *parser) fail(why Why) {
	if p.section.err == nil {
		p.section.err = unsure(why)
	}
}

func (p *parser) add(kind partKind, text string) {
	p.section.parts = append(p.section.parts, part{kind, text})
}

// take reads n bytes.
func (p *parser) take(n int) string {
	s := p.rest[:n]
	p.rest = p.rest[n:]
	return s
}

// next reads one piece.
func (p *parser) next() {
	if p.word() {
		return
	}
	c, size := utf8.DecodeRuneInString(p.rest)
	switch {
	case c == '"':
		p.quoted()
	case c == '\\' || c == '_' || c == '*':
		p.escaped(c)
	case c == '[':
		p.bracket()
	case (c == 'E' || c == 'e') && len(p.rest) > 1 && (p.rest[1] == '+' || p.rest[1] == '-'):
		p.add(partExponent, strings.ToUpper(p.take(2)))
	case strings.ContainsRune("ymdhsaeYMDHSAE", c):
		p.date(c)
	default:
		kind, ok := signOf(c)
		if !ok { // a letter or a sign that Excel would have put in quotation marks
			p.fail(WhySyntax)
		}
		p.add(kind, p.take(size))
	}
}

// word reads what is written out.
func (p *parser) word() bool {
	for _, word := range []struct {
		text string
		kind partKind
	}{{"General", partGeneral}, {"G/通用格式", partGeneral}, {"AM/PM", partHalfDay}, {"A/P", partHalfDay}, {"上午/下午", partHalfDay}} {
		if n := len(word.text); len(p.rest) >= n && strings.EqualFold(p.rest[:n], word.text) {
			p.add(word.kind, p.take(n))
			return true
		}
	}
	return false
}

// signOf is what one character stands for.
func signOf(c rune) (partKind, bool) {
	switch c {
	case '0', '#', '?':
		return partDigit, true
	case '.':
		return partPoint, true
	case '%':
		return partPercent, true
	case '@':
		return partText, true
	case '/':
		return partSlash, true
	}
	return partLiteral, c > unicode.MaxASCII || c >= '1' && c <= '9' || strings.ContainsRune("$-+():^&'~{}<>=, ", c)
}

func (p *parser) quoted() {
	end := strings.IndexByte(p.rest[1:], '"')
	if end < 0 {
		p.take(len(p.rest))
		p.fail(WhySyntax)
		return
	}
	text := p.take(end + 2)
	p.add(partLiteral, text[1:len(text)-1])
}

// escaped reads \x, a sign as it is; _x, a blank as wide as it; and *x, which fills the cell with it and shows nothing more.
func (p *parser) escaped(c rune) {
	p.take(1)
	_, size := utf8.DecodeRuneInString(p.rest)
	if size == 0 {
		p.fail(WhySyntax)
		return
	}
	switch text := p.take(size); c {
	case '\\':
		p.add(partLiteral, text)
	case '_':
		p.add(partLiteral, " ")
	}
}

// date reads a run of one letter.
func (p *parser) date(c rune) {
	lower := unicode.ToLower(c)
	n := len(p.rest) - len(strings.TrimLeft(p.rest, string(lower)+string(unicode.ToUpper(c))))
	p.add(partDate, strings.ToLower(p.take(n)))
}

// bracket reads [Red], [>=100], [$¥-804], [DBNum1], [h].
func (p *parser) bracket() {
	end := strings.IndexByte(p.rest, ']')
	if end < 0 {
		p.take(len(p.rest))
		p.fail(WhySyntax)
		return
	}
	text := p.take(end + 1)
	text = text[1 : len(text)-1]
	lower := strings.ToLower(text)
	switch {
	case isColour(lower):
	case strings.HasPrefix(text, "$"):
		p.locale(text[1:])
	case strings.HasPrefix(lower, "dbnum") && len(lower) == 6 && lower[5] >= '1' && lower[5] <= '3':
		p.section.numerals = int(lower[5] - '0')
	case lower != "" && strings.Trim(lower, lower[:1]) == "" && strings.Contains("hms", lower[:1]):
		p.add(partElapsed, lower)
	default:
		c, ok := parseCondition(text)
		if !ok {
			p.fail(WhySyntax)
		}
		p.section.condition = c
	}
}

func isColour(s string) bool {
	switch s {
	case "black", "blue", "cyan", "green", "magenta", "red", "white", "yellow", "黑色", "蓝色", "青色", "绿色", "洋红", "红色", "白色", "黄色":
		return true
	}
	number, ok := strings.CutPrefix(s, "color")
	if !ok {
		number, ok = strings.CutPrefix(s, "颜色")
	}
	n, err := strconv.Atoi(strings.TrimSpace(number))
	return ok && err == nil && n >= 1 && n <= 56
}

// locale reads a currency and a language, "¥-804", as MS-LCID numbers them; the two bytes above that are the calendar and the
// form of the digits.
func (p *parser) locale(s string) {
	symbol, id, ok := cutLast(s, '-')
	if symbol != "" {
		p.add(partLiteral, symbol)
	}
	if !ok {
		return
	}
	id, _, _ = strings.Cut(id, ",")
	n, err := strconv.ParseUint(id, 16, 32)
	switch {
	case err != nil && strings.EqualFold(id, "x-sysdate"), n == 0xF800 && err == nil:
		p.system(`yyyy"年"m"月"d"日"`)
	case err != nil && strings.EqualFold(id, "x-systime"), n == 0xF400 && err == nil:
		p.system("h:mm:ss")
	case err != nil:
		p.fail(WhySyntax)
	case n>>16 > 1: // another calendar than the Gregorian, other digits
		p.fail(WhyLanguage)
	default:
		p.section.language = languageOf(n)
		p.section.named = true
	}
}

// system is the machine's own date or time; in China it has one form.
func (p *parser) system(code string) {
	if p.language != Chinese {
		p.fail(WhySystem)
		return
	}
	end := strings.IndexByte(p.rest, ';')
	if end < 0 {
		end = len(p.rest)
	}
	p.take(end) // what stands behind it is for other programs
	p.rest = code + p.rest
}

func cutLast(s string, sep byte) (before, after string, ok bool) {
	if i := strings.LastIndexByte(s, sep); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

func languageOf(lcid uint64) Language {
	switch lcid & 0xFFFF {
	case 0x0804, 0x1004, 0x0004:
		return Chinese
	case 0x0411:
		return Japanese
	}
	if lcid&0x3FF == 0x09 {
		return English
	}
	return ""
}
