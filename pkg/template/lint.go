package template

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"notify/pkg/words"
)

// The kinds of vendor whose rules are known.
const (
	aliyun  = "aliyun-sms"
	tencent = "tencent-sms"
	huawei  = "huawei"
)

// Vendors are the kinds of vendor whose rules are known.
func Vendors() []string { return []string{aliyun, tencent, huawei} }

// Fault is what a vendor will hold against a text.
type Fault struct {
	Vendor string     `json:"vendor"`
	Found  words.Text `json:"found"`
	Do     words.Text `json:"do"`
}

// optOut is what a marketing text ends with in mainland China, and a notice may not hold.
const optOut = "拒收请回复R"

// forbidden are words for which Aliyun refuses a text (help.aliyun.com/document_detail/463270.html).
func forbidden() []string { return []string{"中奖", "抽奖", "积分兑换", "问卷调查"} }

var (
	webAddress = regexp.MustCompile(`(?i)https?://|www\.|[a-z0-9-]+\.(?:com|cn|net|org|io|cc|top|test)\b`)
	telephone  = regexp.MustCompile(`\+?[0-9][0-9-]{5,14}[0-9]`)
	adjacent   = regexp.MustCompile(`\}\}\s*\{\{`)
)

const (
	maxHuaweiVariables = 20
	maxTelephones      = 2
)

// Lint says what the vendors will hold against the text, before anybody asks for approval. Sources: help.aliyun.com/document_detail/463270.html and
// 108088.html, cloud.tencent.com/document/product/382/39023, Huawei's sms_faq_0003.
func (t *Template) Lint(vendors []string) []Fault {
	var all []Fault
	for _, vendor := range vendors {
		if !slices.Contains(Vendors(), vendor) {
			continue
		}
		add := func(bad bool, found, do words.Text) {
			if bad {
				all = append(all, Fault{vendor, found, do})
			}
		}
		fixed := strings.TrimSpace(place.ReplaceAllString(t.Text, ""))
		add(fixed == "", words.T("template.lint.whole", nil), words.T("template.lint.do.whole", nil))
		add(adjacent.MatchString(t.Text), words.T("template.lint.adjacent", nil), words.T("template.lint.do.adjacent", nil))
		n := len([]rune(t.Text))
		add(n > maxText, words.T("template.lint.long", words.A{"characters": n, "most": maxText}), words.T("template.lint.do.shorter", nil))
		add(t.Class == "marketing" && !strings.HasSuffix(t.Text, optOut), words.T("template.lint.opt-out", words.A{"words": optOut}), words.T("template.lint.do.opt-out", nil))
		switch vendor {
		case aliyun:
			t.lintAliyun(fixed, add)
		case huawei:
			names := len(t.Names())
			add(names > maxHuaweiVariables, words.T("template.lint.variables", words.A{"variables": names, "most": maxHuaweiVariables}), words.T("template.lint.do.shorter", nil))
			add(t.Class == "marketing" && names > 0, words.T("template.lint.marketing", nil), words.T("template.lint.do.marketing", nil))
		}
	}
	return all
}

func (t *Template) lintAliyun(fixed string, add func(bool, words.Text, words.Text)) {
	add(strings.ContainsAny(fixed, "【】"), words.T("template.lint.brackets", nil), words.T("template.lint.do.brackets", nil))
	add(strings.HasPrefix(fixed, "[") || strings.HasSuffix(fixed, "]"), words.T("template.lint.square", nil), words.T("template.lint.do.brackets", nil))
	var signs []string
	for _, r := range fixed {
		if r > 0x7f && (unicode.Is(unicode.So, r) || unicode.Is(unicode.No, r) || r >= 0x2190 && r <= 0x21ff) && !slices.Contains(signs, string(r)) {
			signs = append(signs, string(r))
		}
	}
	add(len(signs) > 0, words.T("template.lint.signs", words.A{"signs": words.Names(signs, 5)}), words.T("template.lint.do.signs", nil))
	var bad []string
	for _, w := range forbidden() {
		if strings.Contains(fixed, w) {
			bad = append(bad, w)
		}
	}
	add(len(bad) > 0, words.T("template.lint.words", words.A{"words": words.Names(bad, 0)}), words.T("template.lint.do.words", nil))
	add(t.Class == "notice" && strings.Contains(fixed, optOut), words.T("template.lint.notice-opt-out", words.A{"words": optOut}), words.T("template.lint.do.notice-opt-out", nil))
	phones := len(telephone.FindAllString(fixed, -1))
	add(phones > maxTelephones, words.T("template.lint.phones", words.A{"numbers": phones, "most": maxTelephones}), words.T("template.lint.do.shorter", nil))
	all := place.FindAllString(t.Text, -1)
	add(len(all) > len(t.Names()), words.T("template.lint.twice", nil), words.T("template.lint.do.twice", nil))
}

// shapes are what a value of a kind looks like.
func shapes() map[Kind]*regexp.Regexp {
	return map[Kind]*regexp.Regexp{
		Captcha: regexp.MustCompile(`^[0-9]{4,6}$`),
		Chars:   regexp.MustCompile(`^[A-Za-z0-9_]+$`),
		Phone:   regexp.MustCompile(`^\+?[0-9][0-9 -]{2,18}[0-9]$`),
		Time:    regexp.MustCompile(`^[0-9年月日时分秒点上下午周一二三四五六:：/.\- T]+$`),
		Amount:  regexp.MustCompile(`^[¥￥]?[0-9][0-9,]*(?:\.[0-9]+)?(?:元|万元)?$`),
	}
}

// Values checks the values of rows by the rules of some kinds of vendor. It is made once for many rows, and not for several at a time.
type Values struct {
	shapes   map[Kind]*regexp.Regexp
	patterns map[string]*regexp.Regexp
	huawei   bool
}

// NewValues makes a check for the vendors.
func NewValues(vendors []string) *Values {
	return &Values{shapes: shapes(), patterns: make(map[string]*regexp.Regexp), huawei: slices.Contains(vendors, huawei)}
}

// Fault is what is wrong with a value; zero where nothing is.
func (c *Values) Fault(v Variable, value string) words.Text {
	about := words.A{"variable": v.Name, "value": value}
	n := len([]rune(value))
	switch shape := c.shapes[v.Kind]; {
	case n == 0:
		return words.T("template.value.empty", words.A{"variable": v.Name})
	case n > v.Max:
		return words.T("template.value.long", words.A{"variable": v.Name, "characters": n, "most": v.Max})
	case webAddress.MatchString(value):
		return words.T("template.value.address", about)
	case strings.ContainsAny(value, "【】"):
		return words.T("template.value.brackets", about)
	case shape != nil && !shape.MatchString(value):
		return words.T("template.value.kind", words.A{"variable": v.Name, "value": value, "kind": words.Of("template.kind", v.Kind)})
	case c.huawei && v.Kind == Other && strings.ContainsAny(value, ".。'<>{}"):
		return words.T("template.value.signs", about)
	case v.Pattern != "" && !c.pattern(v.Pattern).MatchString(value):
		return words.T("template.value.pattern", words.A{"variable": v.Name, "value": value, "pattern": v.Pattern})
	}
	return words.Text{}
}

func (c *Values) pattern(p string) *regexp.Regexp {
	re := c.patterns[p]
	if re == nil {
		re = regexp.MustCompile(`^(?:` + p + `)$`)
		c.patterns[p] = re
	}
	return re
}
