package list

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
)

// A file that is no UTF-8 does not say what it is, and the libraries that guess it were made for web pages: of names and numbers,
// a line each, they see too little, and call lists in GB18030, Big5 and Shift_JIS alike "ISO-8859-1" or give all of them the same
// confidence. So each encoding has a small model here, of how likely its text is in a list of people; the likeliest one is taken,
// and what the installation's country uses weighs.

// model is how likely text of one encoding is.
type model struct {
	name string
	// countries are those whose spreadsheet programs save in it.
	countries []string
	// pair is the likelihood of a character of two bytes (its logarithm); nil where each byte is a character.
	pair func(lead, trail byte) float64
	// often are the letters beyond ASCII of languages that mostly use ASCII; others write in script.
	often   string
	script  *unicode.RangeTable
	letters int // of the script
}

// Likelihoods. A character of a script of thousands says little by itself; one that hardly occurs says much.
const (
	unlikely   = -16.0 // a character that no list holds
	broken     = -20.0 // bytes that are no character
	rare       = -12.0
	punctuated = -9.0
	homeBonus  = 4.0 // for what the country uses
	sureBy     = 8.0 // so much likelier than the next is beyond doubt
)

func models() []model {
	return []model{
		{name: encodingGB18030, countries: []string{"CN", "SG"}, pair: gbPair},
		{name: "big5", countries: []string{"TW", "HK", "MO"}, pair: big5Pair},
		{name: "shift_jis", countries: []string{"JP"}, pair: sjisPair},
		{name: "euc-kr", countries: []string{"KR"}, pair: koreanPair},
		{name: "euc-jp", pair: eucJPPair},
		{name: "windows-1252", often: "äöüßéèêëàâçñóíáúôûîïåøæãõœÄÖÜÉÅØÁÍÓÚÇÑ’"},
		{name: "windows-1250", countries: []string{"PL", "CZ", "SK", "HU", "SI", "HR", "RO", "BA", "AL"}, often: "ąćęłńóśźżŁŚŻčďěňřšťůžýáíéúČŘŠŽľĺőűöüăâîşţđ"},
		{name: "windows-1254", countries: []string{"TR", "AZ"}, often: "ğışçöüİĞŞÇÖÜâî"},
		{name: "windows-1251", countries: []string{"RU", "BY", "UA", "BG", "RS", "KZ", "KG", "MK", "MN"}, script: unicode.Cyrillic, letters: 66},
		{name: "koi8-r", script: unicode.Cyrillic, letters: 66},
		{name: "windows-1253", countries: []string{"GR", "CY"}, script: unicode.Greek, letters: 60},
		{name: "windows-1255", countries: []string{"IL"}, script: unicode.Hebrew, letters: 27},
		{name: "windows-1256", countries: []string{"AE", "SA", "EG", "IQ", "JO", "KW", "LB", "MA", "OM", "QA", "SY", "TN", "YE", "IR", "PK"}, script: unicode.Arabic, letters: 45},
		{name: "windows-874", countries: []string{"TH"}, script: unicode.Thai, letters: 87},
	}
}

// guess is the encoding that was found likeliest.
type guess struct {
	name    string
	decoder *encoding.Decoder
	doubt   bool   // another one is likely as well, or the country uses another
	second  string // the next likely one that reads otherwise
}

// guessEncoding reads a sample of lines that are no UTF-8.
func guessEncoding(sample []byte, country string) (guess, error) {
	type result struct {
		model
		score float64
		text  string
	}
	home := homeEncoding(country)
	var results []result
	for _, m := range models() {
		e, err := htmlindex.Get(m.name)
		if err != nil {
			return guess{}, err
		}
		text, err := e.NewDecoder().Bytes(sample)
		if err != nil {
			continue
		}
		r := result{model: m, text: string(text)}
		if m.pair != nil {
			r.score = m.scorePairs(sample)
		} else {
			r.score = m.scoreLetters(r.text)
		}
		if m.name == home {
			r.score += homeBonus
		}
		results = append(results, r)
	}
	slices.SortStableFunc(results, func(a, b result) int { return cmp.Compare(b.score, a.score) })
	best := results[0]
	e, err := htmlindex.Get(best.name)
	if err != nil {
		return guess{}, err
	}
	g := guess{name: best.name, decoder: e.NewDecoder(), doubt: best.name != home}
	for _, r := range results[1:] {
		if r.text != best.text {
			g.second, g.doubt = r.name, g.doubt || best.score-r.score < sureBy
			break
		}
	}
	return g, nil
}

// homeEncoding is what the spreadsheet programs of a country save in.
func homeEncoding(country string) string {
	for _, m := range models() {
		if slices.Contains(m.countries, country) {
			return m.name
		}
	}
	return "windows-1252"
}

// scorePairs goes through bytes of which those above ASCII come in pairs.
func (m *model) scorePairs(b []byte) float64 {
	score := 0.0
	for len(b) > 0 {
		switch {
		case b[0] < utf8.RuneSelf:
			b = b[1:]
		case m.name == "shift_jis" && b[0] >= 0xA1 && b[0] <= 0xDF: // kana of half width
			score += rare
			b = b[1:]
		case len(b) == 1 || b[1] < 0x30:
			score += broken
			b = b[1:]
		default:
			score += m.pair(b[0], b[1])
			b = b[2:]
		}
	}
	return score
}

// oneOf is the likelihood of one among n characters that make up a share of the text.
func oneOf(n int, share float64) float64 { return math.Log(share / float64(n)) }

func between(b, low, high byte) bool { return b >= low && b <= high }

// gbPair knows the 3,755 characters of the first level of GB 2312, and the 3,008 of the second.
func gbPair(lead, trail byte) float64 {
	switch {
	case trail < 0xA1 || lead < 0xA1:
		return unlikely
	case between(lead, 0xB0, 0xD7):
		return oneOf(3755, 0.95)
	case between(lead, 0xD8, 0xF7):
		return oneOf(3008, 0.04)
	case between(lead, 0xA1, 0xA3):
		return punctuated
	}
	return unlikely
}

// big5Pair knows the 5,401 characters of the first level, and the 7,652 of the second.
func big5Pair(lead, trail byte) float64 {
	switch {
	case !between(trail, 0x40, 0x7E) && !between(trail, 0xA1, 0xFE):
		return broken
	case between(lead, 0xA4, 0xC6):
		return oneOf(5401, 0.95)
	case between(lead, 0xC9, 0xF9):
		return oneOf(7652, 0.04)
	case between(lead, 0xA1, 0xA3):
		return punctuated
	}
	return unlikely
}

// sjisPair knows kana, and the 2,965 and 3,390 characters of JIS X 0208.
func sjisPair(lead, trail byte) float64 {
	switch {
	case !between(trail, 0x40, 0x7E) && !between(trail, 0x80, 0xFC):
		return broken
	case lead == 0x82 && trail >= 0x9F, lead == 0x83 && trail <= 0x96:
		return oneOf(170, 0.35)
	case between(lead, 0x88, 0x97), lead == 0x98 && trail <= 0x72:
		return oneOf(2965, 0.6)
	case between(lead, 0x98, 0x9F), between(lead, 0xE0, 0xEA):
		return oneOf(3390, 0.04)
	case lead == 0x81:
		return punctuated
	}
	return unlikely
}

func eucJPPair(lead, trail byte) float64 {
	switch {
	case trail < 0xA1:
		return broken
	case lead == 0xA4, lead == 0xA5:
		return oneOf(170, 0.35)
	case between(lead, 0xB0, 0xCF):
		return oneOf(2965, 0.6)
	case between(lead, 0xD0, 0xF4):
		return oneOf(3390, 0.04)
	case lead == 0xA1:
		return punctuated
	}
	return unlikely
}

// koreanPair knows the 2,350 syllables of KS X 1001.
func koreanPair(lead, trail byte) float64 {
	switch {
	case trail < 0xA1 || lead < 0xA1:
		return unlikely
	case between(lead, 0xB0, 0xC8):
		return oneOf(2350, 0.97)
	case between(lead, 0xCA, 0xFD):
		return oneOf(4888, 0.01)
	case between(lead, 0xA1, 0xA3):
		return punctuated
	}
	return unlikely
}

// scoreLetters goes through a text of which each byte is a letter.
func (m *model) scoreLetters(text string) float64 {
	score := 0.0
	before := ' '
	for i, r := range text {
		if r >= utf8.RuneSelf {
			after, _ := utf8.DecodeRuneInString(text[i+utf8.RuneLen(r):])
			score += m.letter(r) + m.beside(before, r, after)
		}
		before = r
	}
	return score
}

// letter is how likely a character is by itself.
func (m *model) letter(r rune) float64 {
	const accents = 40
	switch {
	case r == utf8.RuneError || unicode.IsControl(r):
		return broken
	case m.script != nil && unicode.Is(m.script, r) && (unicode.IsLetter(r) || m.script == unicode.Thai): // names have no vowel points
		return oneOf(m.letters, 0.9)
	case m.script != nil:
		return rare
	case strings.ContainsRune(m.often, r):
		return oneOf(accents, 0.9)
	case unicode.IsLetter(r):
		return punctuated
	}
	return rare
}

// beside is how much less likely a character is between its neighbours: letters of two scripts do not stand in one word, Latin
// letters with accents stand among plain ones, capitals begin a word, and a name begins with one.
func (m *model) beside(before, r, after rune) float64 {
	less := 0.0
	switch {
	case m.script != nil && (isLatin(before) || isLatin(after)):
		less -= 8
	case m.script == nil && before >= utf8.RuneSelf:
		less -= 3
	}
	switch {
	case unicode.IsUpper(r) && unicode.IsLower(before):
		less -= 4
	case unicode.IsLower(r) && !unicode.IsLetter(before):
		less -= 2
	}
	return less
}

func isLatin(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
