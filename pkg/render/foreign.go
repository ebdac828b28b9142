package render

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"notify/pkg/diag"
	"notify/pkg/words"
)

// notation is how another system writes a variable. Some of them are ordinary writing as well, so that each says how much it
// takes to be taken for one:
//
//   - always: it is nothing else, whatever stands inside;
//   - name: a header of the list, a word that only stands for a value (姓名, first name), or a name as programs write them
//     (firstName); others stand there in ordinary texts (#春节活动#);
//   - word: a header, such a word, or FIRST_NAME: [公司名], [1] and 50%至60% are ordinary writing;
//   - header: a header of the list, and nothing else;
//   - label: a header in the place of a name, which the text uses nowhere as a variable: 【时间】明天 is a label, （工号） an
//     explanation, and |姓名|奖项| the head of a table.
type notation struct {
	pattern *regexp.Regexp // its first group is what stands inside
	takes   evidence
}

type evidence int

const (
	always evidence = iota
	name
	word
	header
	label
)

// inside is what can stand in a variable: no line end, and nothing that ends a sentence.
const inside = `[\p{L}\p{N}_ .\-]{1,40}?`

// notations are made when a text is first read, and once: they cost more than all the texts of a campaign.
var notations = sync.OnceValue(func() []notation { //nolint:gochecknoglobals // a table
	made := func(takes evidence, before, after string) notation {
		return notation{regexp.MustCompile(before + `(` + inside + `)` + after), takes}
	}
	return []notation{
		{regexp.MustCompile(`\*\|([^|\n]{1,60})\|\*`), always}, // *|FNAME|*
		made(always, `%%`, `%%`),                               // %%FirstName%%
		made(always, `\$\{`, `\}`),                             // ${name}
		made(always, `<%=?\s*`, `\s*%>`),                       // <%= name %>
		made(always, `\[%=?\s*`, `\s*%\]`),                     // [% name %]
		made(always, `｛+`, `｝+`),                               // ｛name｝
		made(word, `«`, `»`),                                   // «姓名»
		made(name, `\[\[`, `\]\]`),                             // [[name]]
		made(name, `#`, `#`),                                   // #name#
		made(name, `\{[$!]\s*`, `\s*\}`),                       // {$name}, {!name}
		made(name, `\{%\s*`, `\s*%\}`),                         // {% name %}
		made(name, `\{`, `\}`),                                 // {name}
		made(word, `\[`, `\]`),                                 // [FIRST_NAME]
		made(word, `［`, `］`),                                   // ［姓名］
		made(word, `%`, `%`),                                   // %姓名%
		made(word, `__`, `__`),                                 // __姓名__
		made(header, `@`, `@`),                                 // @姓名@
		made(header, `\$`, `\$`),                               // $姓名$
		made(header, `＃`, `＃`),                                 // ＃姓名＃
		made(header, `％`, `％`),                                 // ％姓名％
		made(header, `[<‹〈＜]`, `[>›〉＞]`),                       // <姓名>
		made(header, `(?:\(\(|（（)`, `(?:\)\)|））)`),             // ((姓名))
		made(header, `[~～]`, `[~～]`),                           // ~姓名~
		made(header, `\^`, `\^`),                               // ^姓名^
		made(header, `!`, `!`),                                 // !姓名!
		made(label, `[_|"'“‘＂]`, `[_|"'”’＂]`),                  // _姓名_, |姓名|, "姓名"
		made(label, `[【（(〔「『《]`, `[】）)〕」』》]`),                  // 【姓名】
		{regexp.MustCompile(`\{(\d{1,2})\}`), always},          // {1}
	}
})

// standIns are words that stand for a value and for nothing else where they are marked, without blanks and in lower case.
func standIns() []string {
	return []string{
		"name", "firstname", "fname", "lastname", "lname", "fullname", "username", "nickname", "customername", "email", "emailaddress",
		"phone", "phonenumber", "mobile", "userid", "amount", "orderid", "orderno", "date", "code", "verifycode", "link", "url", "unsubscribe",
		"姓名", "名字", "称呼", "昵称", "用户名", "客户姓名", "客户名称", "员工姓名", "手机号", "手机号码", "邮箱", "工号", "金额", "日期", "验证码", "链接", "变量",
	}
}

// foreign finds what would be sent as it stands and was meant as a variable, in the notation of another system.
// uses are the columns that the texts of the channel fill in.
func (p parser) foreign(place diag.Place, text string, isHTML bool, uses []string) {
	text = variableless(text)
	plain := text
	if isHTML {
		plain = readable(text)
	}
	plain = codes.ReplaceAllStringFunc(plain, decoded)
	for _, m := range encodedBraces.FindAllStringIndex(text, -1) {
		p.placeholder(place, 1+strings.Count(text[:m[0]], "\n"), text[m[0]:m[1]], p.meant(bare(text[m[0]:m[1]])))
	}
	var told [][]int // one placeholder is one problem, however many notations it looks like
	for _, n := range notations() {
		for _, m := range n.pattern.FindAllStringSubmatchIndex(plain, -1) {
			column := p.meant(plain[m[2]:m[3]])
			overlaps := slices.ContainsFunc(told, func(t []int) bool { return m[0] < t[1] && t[0] < m[1] })
			if overlaps || !n.is(plain, m, column, uses) {
				continue
			}
			told = append(told, m)
			p.placeholder(place, 1+strings.Count(plain[:m[0]], "\n"), plain[m[0]:m[1]], column)
		}
	}
}

// is reports whether what matched is a variable of another system; column is the one that was probably meant.
func (n notation) is(text string, m []int, column string, uses []string) bool {
	inner := text[m[2]:m[3]]
	exact := column != "" && squeezed(column) == squeezed(inner)
	switch {
	case n.takes == always:
		return strings.TrimSpace(inner) != ""
	case inAddress(text, m[0]):
		return exact && n.takes != label && !hexPair.MatchString(text[m[0]:m[1]])
	case exact && n.takes == label:
		return inner == column && !slices.Contains(uses, column) && addressed(text[:m[0]], text[m[1]:])
	case exact:
		return true
	case n.takes == name:
		return standsIn(inner) || programName.MatchString(inner)
	case n.takes == word:
		return standsIn(inner) && !unicode.IsDigit(rune(text[max(m[0]-1, 0)]))
	}
	return false
}

// standsIn reports whether a word stands for a value and for nothing else.
func standsIn(inner string) bool {
	return slices.Contains(standIns(), squeezed(inner)) || shouted.MatchString(inner)
}

// addressed reports whether a word stands where a person is addressed: behind a greeting, or first on its line before a comma
// or a title.
func addressed(before, after string) bool {
	return greeting.MatchString(before) || lineStart.MatchString(before) && title.MatchString(after)
}

var (
	greeting  = regexp.MustCompile(`(?i)(?:尊敬的|亲爱的|您好|你好|dear|hello|hi|hey)[，,、 ]*$`)
	lineStart = regexp.MustCompile(`(?:^|\n)[ \t]*$`)
	title     = regexp.MustCompile(`^ *(?:[，,！!]|先生|女士|同学|老师|您好|你好)`)
	// hexPair is a byte as web addresses write it, %E5, which is no %name%.
	hexPair = regexp.MustCompile(`^%[0-9A-Fa-f]{2}`)
	// programName is a name as programs write it: firstName, first_name; shouted is one that people never write: FIRST_NAME.
	programName = regexp.MustCompile(`^(?:[a-z]+[A-Z][A-Za-z0-9]*|[a-z0-9]+(?:_[a-z0-9]+)+)$`)
	shouted     = regexp.MustCompile(`^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$`)
	// encodedBraces is a variable of ours that an editor wrote in codes: %7B%7Bid%7D%7D, &#123;&#123;id&#125;&#125;.
	encodedBraces = regexp.MustCompile(`(?i)(?:%7b|&#123;|&#x7b;|&lbrace;|&lcub;){1,2}[^{}<>"'\n]{1,80}?(?:%7d|&#125;|&#x7d;|&rbrace;|&rcub;){1,2}`)
	codes         = regexp.MustCompile(`(?i)&(?:lt|gt|laquo|raquo|#35|#37|#91|#93|lsqb|rsqb|num|percnt|nbsp);`)
	braceCodes    = regexp.MustCompile(`(?i)%7b|%7d|&#123;|&#125;|&#x7b;|&#x7d;|&[lr]brace;|&[lr]cub;`)
	ownVariable   = regexp.MustCompile(`\{\{[^{}\n]*\}\}`)
)

// variableless is the text with its own variables taken out, so that nothing is found across or in them.
func variableless(text string) string {
	return ownVariable.ReplaceAllStringFunc(text, func(s string) string { return strings.Repeat("\x02", len(s)) })
}

// bare is what stands between braces that are written in codes.
func bare(s string) string { return strings.TrimSpace(braceCodes.ReplaceAllString(s, "")) }

// decoded is what a code of HTML stands for.
func decoded(code string) string {
	switch strings.ToLower(code) {
	case "&lt;":
		return "<"
	case "&gt;":
		return ">"
	case "&laquo;":
		return "«"
	case "&raquo;":
		return "»"
	case "&#35;", "&num;":
		return "#"
	case "&#37;", "&percnt;":
		return "%"
	case "&#91;", "&lsqb;":
		return "["
	case "&#93;", "&rsqb;":
		return "]"
	}
	return " "
}

var (
	unread     = regexp.MustCompile(`(?is)<style\b.*?</style>|<script\b.*?</script>|<!--.*?-->|<!\[[^>]*>|<\?[^>]*>|<!doctype[^>]*>`)
	tag        = regexp.MustCompile(`(?s)</?[A-Za-z](?:[^<>"']|"[^"]*"|'[^']*')*>`)
	attributes = regexp.MustCompile(`(?i)\b(?:href|src|alt|title|content|value|background)\s*=\s*("[^"]*"|'[^']*')`)
)

// readable is what people see of an HTML text, in Outlook or elsewhere, and the attributes in which a variable can be meant; the
// rest is blank.
func readable(text string) string {
	text = marks.ReplaceAllStringFunc(text, spaces)
	text = unread.ReplaceAllStringFunc(text, spacesByByte)
	return tag.ReplaceAllStringFunc(text, func(t string) string {
		kept := []byte(spacesByByte(t))
		for _, m := range attributes.FindAllStringSubmatchIndex(t, -1) {
			copy(kept[m[2]+1:m[3]-1], t[m[2]+1:m[3]-1])
		}
		return string(kept)
	})
}

// spacesByByte is spaces with the same number of bytes.
func spacesByByte(s string) string {
	b := []byte(s)
	for i := range b {
		if b[i] != '\n' {
			b[i] = ' '
		}
	}
	return string(b)
}

// inAddress reports whether a place is within a web address, in which % and _ have meanings of their own.
func inAddress(text string, at int) bool {
	start := strings.LastIndexFunc(text[:at], func(c rune) bool { return unicode.IsSpace(c) || c == '"' || c == '\'' || c > unicode.MaxLatin1 }) + 1
	return strings.Contains(text[start:at], "://")
}

// meant is the column that was probably meant by a word; empty where there is none.
func (p parser) meant(inner string) string {
	want := squeezed(inner)
	if want == "" {
		return ""
	}
	for _, c := range p.columns {
		if squeezed(c) == want {
			return c
		}
	}
	if utf8.RuneCountInString(want) < 3 {
		return ""
	}
	return diag.Nearest(inner, p.columns)
}

// squeezed is a name without what systems add to names: blanks, underscores, capitals.
func squeezed(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) || strings.ContainsRune("_-.", c) {
			return -1
		}
		return unicode.ToLower(c)
	}, s)
}

func (p parser) placeholder(place diag.Place, row int, found, column string) {
	hint := words.T("text.do.variable", words.A{"variable": "{{" + column + "}}"})
	if column == "" {
		hint = p.columnsHint()
	}
	p.problem(place, row, words.T("text.placeholder", words.A{"found": clip(strings.TrimSpace(found))}), hint)
}
