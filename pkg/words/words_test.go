package words_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/message"
	"notify/pkg/words"
)

var shanghai = time.FixedZone("", 8*3600)

func TestAValueReadsAsItsLanguageHasIt(t *testing.T) {
	at := time.Date(2026, 11, 25, 19, 28, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		value  any
		en, zh string
	}{
		"a figure":               {23000, "23,000", "23,000"},
		"one of a noun":          {words.N(1, "segment"), "1 segment", "计费 1 条"},
		"many of a noun":         {words.N(25300, "segment"), "25,300 segments", "计费 25,300 条"},
		"money":                  {words.Money(1035000000, "CNY"), "1,035.00 CNY", "1,035.00 元"},
		"money elsewhere":        {words.Money(45000, "USD"), "0.045 USD", "0.045 USD"},
		"a debt":                 {words.Money(-1234500000, ""), "-1,234.50", "-1,234.50"},
		"a share":                {words.Percent(2.55), "2.6%", "2.6%"},
		"a rate":                 {words.Rate(0.5), "0.5/s", "0.5/s"},
		"a large rate":           {words.Rate(15626.4), "15626/s", "15626/s"},
		"a rate of five digits":  {words.Rate(9999.6), "10000/s", "10000/s"},
		"no rate":                {words.Rate(0), "–", "–"},
		"a size":                 {words.Size(1258291), "1.2 MiB", "1.2 MiB"},
		"a size beside another":  {words.Weighed{Size: 1258291, Against: 5 << 20}, "1.2 MiB", "1.2 MiB"},
		"a size beside itself":   {words.Weighed{Size: 5 << 20, Against: 5 << 20}, "5.0 MiB", "5.0 MiB"},
		"a little more":          {words.Weighed{Size: 5<<20 + 20<<10, Against: 5 << 20}, "5.02 MiB", "5.02 MiB"},
		"than this":              {words.Weighed{Size: 5 << 20, Against: 5<<20 + 20<<10}, "5.00 MiB", "5.00 MiB"},
		"a byte more":            {words.Weighed{Size: 5<<20 + 1, Against: 5 << 20}, "5,242,881 B", "5,242,881 B"},
		"than that":              {words.Weighed{Size: 5 << 20, Against: 5<<20 + 1}, "5,242,880 B", "5,242,880 B"},
		"a byte less, one unit":  {words.Weighed{Size: 1<<20 - 1, Against: 1 << 20}, "1,048,575 B", "1,048,575 B"},
		"nothing beside a byte":  {words.Weighed{Size: 0, Against: 1}, "0 B", "0 B"},
		"a time":                 {at, "2026-11-26 03:28 +08:00", "2026-11-26 03:28 +08:00"},
		"no time":                {time.Time{}, "–", "–"},
		"a length of time":       {51*time.Hour + time.Minute, "2d 3h", "2 天 3 小时"},
		"a moment":               {1500 * time.Millisecond, "1.5s", "1.5 秒"},
		"seconds":                {42 * time.Second, "42s", "42 秒"},
		"minutes":                {230 * time.Second, "3m 50s", "3 分 50 秒"},
		"no time at all":         {time.Duration(0), "0s", "0 秒"},
		"a name":                 {"王\x1b[31m\nx", "王\ufffd[31m x", "王\ufffd[31m x"},
		"names":                  {words.Names([]string{"a", "b", "c"}, 0), "a, b, c", "a、b、c"},
		"names, some only count": {words.Names([]string{"a", "b", "c"}, 1), "a and 2 more", "a 等，另有 2 个"},
		"one or the other":       {words.List{Items: []any{1, "x"}, Join: words.Or}, "1 or x", "1 或 x"},
		"sentences":              {words.Texts(words.Sentences, words.T("cause.full", nil), words.T("cause.refused", nil)), "the disk is full; nothing answers there", "磁盘已满；那里没有程序应答"},
		"a name in a sentence":   {words.T("routes.left-out", words.A{"account": "短信", "is": "marketing"}), "短信 is for marketing and carries nothing of this", "短信 用于 marketing，不发送这次活动"},
		"nothing":                {nil, "–", "–"},
		"no price":               {words.Price(nil, "CNY"), "not known", "未知"},
	} {
		t.Run(name, func(t *testing.T) {
			en, zh := words.Printer{Zone: shanghai}, words.Printer{Lang: words.Chinese, Zone: shanghai}
			if diff := cmp.Diff([]string{c.en, c.zh}, []string{en.Value(c.value), zh.Value(c.value)}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestATextSurvivesJSON(t *testing.T) {
	text := words.T("words.and-more", words.A{
		"shown": words.List{Items: []any{"a", int64(2), words.T("cause.no-name", words.A{"name": "x.test"})}, Join: words.And, Most: 7},
		"n":     int64(3), "money": words.Money(45000, "CNY"), "bare": message.Money(5), "share": words.Percent(2.5), "rate": words.Rate(100),
		"size": words.Size(9), "weighed": words.Weighed{Size: 9, Against: 8}, "at": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "for": 90 * time.Second, "rows": words.N(5, "row"),
	})
	b, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	var back words.Text
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	if diff := cmp.Diff(text, back); diff != "" {
		t.Error(diff)
	}
}

func TestJSONForMachinesCarriesIDArgumentsAndSentence(t *testing.T) {
	v := struct {
		Found words.Text   `json:"found"`
		None  words.Text   `json:"none,omitzero"`
		All   []words.Text `json:"all"`
	}{Found: words.T("cause.no-name", words.A{"name": "a<b>"}), All: nil}
	b, err := words.Printer{Lang: words.Chinese}.JSON(v)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"found":{"id":"cause.no-name","args":{"name":"a<b>"},"text":"DNS 中查不到 a<b>"},"all":[]}`
	if diff := cmp.Diff(want, strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(b))); diff != "" {
		t.Error(diff)
	}
}

func TestTheLocaleChoosesTheLanguage(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want words.Language
	}{
		{nil, words.English},
		{map[string]string{"LANG": "zh_CN.UTF-8"}, words.Chinese},
		{map[string]string{"LANG": "zh_TW"}, words.Chinese},
		{map[string]string{"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, words.English},
		{map[string]string{"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "POSIX"}, words.English},
		{map[string]string{"LANG": "C.UTF-8", "LC_MESSAGES": "zh_CN.GB18030@stroke"}, words.Chinese},
		{map[string]string{"LANG": "de_DE.UTF-8"}, words.English},
	} {
		if got := words.OfLocale(func(name string) string { return c.env[name] }); got != c.want {
			t.Errorf("%v: %s, want %s", c.env, got, c.want)
		}
	}
}

func TestAnErrorSaysItsCauseAndWhatToDo(t *testing.T) {
	system := &fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}
	inner := words.Wrap(system, "words.raw", words.A{"said": "open x"}).Do("cause.full", nil)
	outer := fmt.Errorf("begin: %w", inner)
	if !errors.Is(outer, fs.ErrPermission) {
		t.Error("the cause is not in the chain")
	}
	if diff := cmp.Diff("cause.full", words.HintOf(outer).ID); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("cause.permission", words.Cause(system).ID); diff != "" {
		t.Error(diff)
	}
	if got := words.Cause(errors.New("odd")).String(); got != "odd" {
		t.Errorf("an error that nobody knows says %q", got)
	}
}

func TestAnIDThatIsMissingLosesNothing(t *testing.T) {
	if got := words.T("no.such", words.A{"n": 5}).String(); !strings.Contains(got, "no.such") || !strings.Contains(got, "5") {
		t.Errorf("it says %q", got)
	}
}

func TestACodeOfOursHasAMeaningAndAVendorsHasNone(t *testing.T) {
	for code, want := range map[string]string{
		"notify:timeout": "没有及时收到完整应答；消息已开始发出", "notify:http-503": "HTTP 状态 503，没有代码表里的代码", "notify:what": "", "isv.AMOUNT_NOT_ENOUGH": "", "550 5.1.1": "", "": "",
	} {
		if got := (words.Printer{Lang: words.Chinese}).Say(words.Code(code)); got != want {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
}

func TestWhatCameOfAMessageIsSaidInTheLanguageOfTheScreen(t *testing.T) {
	refused := words.T("cause.refused", nil).Stored()
	for _, c := range []struct{ code, detail, en, zh string }{
		{"notify:held-deadline", "", "its time was over before it began to leave", "还没有开始发出，时限已过"},
		{"notify:connect", refused, "no connection to the server: nothing answers there", "连不上服务器：那里没有程序应答"},
		{"notify:connect", "odd", "no connection to the server: odd", "连不上服务器：odd"},
		{"550 5.1.1", "no such mailbox", "550 5.1.1 no such mailbox: no such mailbox", "550 5.1.1 邮箱不存在：no such mailbox"},
		{"550 5.1.1", "", "550 5.1.1 no such mailbox", "550 5.1.1 邮箱不存在"},
		{"550", "no such mailbox", "550 no such mailbox", "550 no such mailbox"},
		{"isv.MOBILE_NUMBER_ILLEGAL", "非法手机号", "isv.MOBILE_NUMBER_ILLEGAL the number is not one that can be sent to: 非法手机号", "isv.MOBILE_NUMBER_ILLEGAL 号码格式不正确或无法发送：非法手机号"},
		{"452", words.T("send.given-up", words.A{"n": 5, "said": words.Raw("full")}).Stored(), "452 given up after 5 attempts: full", "452 尝试 5 次后放弃：full"},
		{"", "agreed by telephone", "agreed by telephone", "agreed by telephone"},
		{"", "", "", ""},
	} {
		said := words.Said(c.code, c.detail)
		if got := (words.Printer{}).Say(said); got != c.en {
			t.Errorf("%s %s reads %q, want %q", c.code, c.detail, got, c.en)
		}
		if got := (words.Printer{Lang: words.Chinese}).Say(said); got != c.zh {
			t.Errorf("%s %s reads %q, want %q", c.code, c.detail, got, c.zh)
		}
	}
}

func TestATextIsStoredAndSaidInAnyLanguageLater(t *testing.T) {
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	text := words.T("send.breaker", words.A{"account": "sms", "at": at})
	kept, err := text.Value()
	if err != nil || !strings.HasPrefix(kept.(string), `{"id":"send.breaker"`) {
		t.Fatalf("it is kept as %v, %v", kept, err)
	}
	for _, c := range []struct {
		src  any
		want words.Text
	}{
		{kept, text},
		{[]byte(kept.(string)), text},
		{nil, words.Text{}},
		{"", words.Text{}},
		{"as an operator typed it", words.Raw("as an operator typed it")},
		{`{"id":`, words.Raw(`{"id":`)},
		{`{"args":{}}`, words.Raw(`{"args":{}}`)},
	} {
		got := words.Raw("what stood there before")
		if err := got.Scan(c.src); err != nil {
			t.Errorf("%v: %v", c.src, err)
		}
		for _, lang := range []words.Language{words.English, words.Chinese} {
			p := words.Printer{Lang: lang, Zone: time.UTC}
			if want, said := p.Say(c.want), p.Say(got); said != want {
				t.Errorf("%v reads %q, want %q", c.src, said, want)
			}
		}
	}
	if err := new(words.Text).Scan(7); err == nil {
		t.Error("a number is no text")
	}
}
