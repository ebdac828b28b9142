package render_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"notify/pkg/campaign"
	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/render"
)

// found are the placeholders that the texts are refused for: "#name# {{Name}}".
func found(t *testing.T, texts render.Texts) []string {
	t.Helper()
	_, err := render.New(texts, []string{"工号", "姓名", "奖项", "First Name", "时间", "手机号", "身份证"})
	var input *diag.InputError
	if err != nil && !errors.As(err, &input) {
		t.Fatal(err)
	}
	if err == nil {
		return nil
	}
	var out []string
	for _, p := range input.Problems.Kept() {
		if p.Code != "placeholder" {
			t.Errorf("another problem: %s", p)
		}
		variable, _ := p.Hint.Args["variable"].(string)
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s", p.Summary.Args["found"], variable)))
	}
	return out
}

func TestPlaceholdersOfOtherSystemsAreRefusedWithTheOneThatWasMeant(t *testing.T) {
	for text, want := range map[string]string{
		"#姓名#，您好":                                 "#姓名# {{姓名}}",
		"#name#，您好":                               "#name#",
		"#orderNo# 已发货":                           "#orderNo#",
		"Dear [FIRST_NAME],":                      "[FIRST_NAME] {{First Name}}",
		"Dear [First name],":                      "[First name] {{First Name}}",
		"Dear [USER_ID],":                         "[USER_ID]",
		"[姓名]您好":                                  "[姓名] {{姓名}}",
		"［姓名］您好":                                  "［姓名］ {{姓名}}",
		"｛name｝，您好":                               "｛name｝",
		"｛姓名｝，您好":                                 "｛姓名｝ {{姓名}}",
		"｛｛姓名｝｝，您好":                               "｛｛姓名｝｝ {{姓名}}",
		"{姓名}，您好":                                 "{姓名} {{姓名}}",
		"{firstName}, hello":                      "{firstName} {{First Name}}",
		"%姓名%，您好":                                 "%姓名% {{姓名}}",
		"恭喜获得%奖项%":                                "%奖项% {{奖项}}",
		"__姓名__，您好":                               "__姓名__ {{姓名}}",
		"{$姓名}，您好":                                "{$姓名} {{姓名}}",
		"Hi {$firstName},":                        "{$firstName} {{First Name}}",
		"{!姓名}，您好":                                "{!姓名} {{姓名}}",
		"{% 姓名 %}，您好":                             "{% 姓名 %} {{姓名}}",
		"您好((姓名))，通知":                             "((姓名)) {{姓名}}",
		"您好（（姓名））":                                "（（姓名）） {{姓名}}",
		"价格 {$5}，((注)) 另计":                        "",
		"Dear *|FNAME|*":                          "*|FNAME|*",
		"*|IF:FNAME|* x":                          "*|IF:FNAME|*",
		"*|姓名|*":                                  "*|姓名|* {{姓名}}",
		"尊敬的{1}，您的验证码":                            "{1}",
		"«姓名»您好":                                  "«姓名» {{姓名}}",
		"Dear «First_Name»":                       "«First_Name» {{First Name}}",
		"%%FirstName%% hello":                     "%%FirstName%% {{First Name}}",
		"${code} is your code":                    "${code}",
		"[[姓名]] hi":                               "[[姓名]] {{姓名}}",
		"<姓名>，您好":                                 "<姓名> {{姓名}}",
		"@姓名@，您好":                                 "@姓名@ {{姓名}}",
		"<%= 姓名 %>，您好":                            "<%= 姓名 %> {{姓名}}",
		"尊敬的【姓名】：":                                "【姓名】 {{姓名}}",
		"【姓名】您好":                                  "【姓名】 {{姓名}}",
		"~姓名~，您好":                                 "~姓名~ {{姓名}}",
		"～姓名～，您好":                                 "～姓名～ {{姓名}}",
		"^姓名^，您好":                                 "^姓名^ {{姓名}}",
		"恭喜获得!奖项!":                                "!奖项! {{奖项}}",
		"_姓名_，您好":                                 "_姓名_ {{姓名}}",
		"尊敬的|姓名|，您好":                              "|姓名| {{姓名}}",
		"尊敬的\"姓名\"先生":                             "\"姓名\" {{姓名}}",
		"尊敬的“姓名”：":                                "“姓名” {{姓名}}",
		"Dear 'First Name',":                      "'First Name' {{First Name}}",
		"Dear（姓名），":                               "（姓名） {{姓名}}",
		"见 https://a.test/?i=#工号#":                "#工号# {{工号}}",
		"https://a.test/?id=%7B%7B工号%7D%7D":       "%7B%7B工号%7D%7D {{工号}}",
		"https://a.test/?id=%7b%7bid%7d%7d hello": "%7b%7bid%7d%7d",
	} {
		if got := strings.Join(found(t, sms(text)), ", "); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestOrdinaryTextsAreNotTakenForPlaceholders(t *testing.T) {
	for _, text := range []string{
		"[示例科技] {{姓名}}，您好", "[公司名] {{姓名}}", "【示例】{{姓名}}，您好", "【时间】明天下午【地点】一楼", "【时间】{{时间}}",
		"请携带工牌（工号）与本人证件（身份证）。", "凭手机号（或邮箱）登录", "见脚注[1][2]", "#春节活动# 开始了", "#OOTD# #618#", "降价20%，再降10%，共50%至60%",
		"a{b}c {} { }", "拒收请回复R，[退订]", "签名：____________", "- [ ] 已读 [x] 未读", "Il a dit « Bonjour » et «Merci»", "1 < 2 > 0, a<b>c",
		"https://a.test/%E5%A7%93%E5%90%8D?utm__source__x=1", "邮箱 hr@a.test，抄送 it@b.test", "费用 $5 与 $6", "snake_case_name and __init", "2*|3|", "¥100 (含税)",
		"《时间》这本书", "请填写\"姓名\"和\"手机号\"", "在“时间”一栏", "|姓名|奖项|", "周一~周五", "时间~地点", "_时间_ {{时间}}", "恭喜!奖项见附件!", "时间：【时间】", "C# and F# are languages", "#1 and #2", "Q&A&amp;B", "（姓名）一栏请填真名",
	} {
		if got := found(t, sms(text)); got != nil {
			t.Errorf("%s: %q", text, got)
		}
	}
	for _, html := range []string{
		"<style>#outlook a{padding:0} u + #body a[x-apple] {color:red} .a{b:c} @media{.x{y:z}}</style><p id=\"__name__\" class=\"[name]\">{{姓名}}</p>",
		"<!-- [FIRST_NAME] #name# --><script>var a={name:1}; f(#name#)</script><p>x</p>", "<p>{{姓名}} &lt;b&gt; &#35;1</p>",
		"<!--[if mso]><v:rect fill=\"#name\"></v:rect><![endif]--><p>x</p>",
	} {
		if got := found(t, mail(emailWith(html))); got != nil {
			t.Errorf("%s: %q", html, got)
		}
	}
}

func TestPlaceholdersInHTML(t *testing.T) {
	for html, want := range map[string]string{
		`<a href="https://x.test/?id=%7B%7B工号%7D%7D">x</a>`: "%7B%7B工号%7D%7D {{工号}}",
		`<p>&#123;&#123;姓名&#125;&#125;</p>`:                 "&#123;&#123;姓名&#125;&#125; {{姓名}}",
		`<p>&#x7B;姓名&#x7D;</p>`:                             "&#x7B;姓名&#x7D; {{姓名}}",
		`<p>&laquo;姓名&raquo;</p>`:                           "«姓名» {{姓名}}",
		`<p>&lt;姓名&gt;</p>`:                                 "<姓名> {{姓名}}",
		`<a href="https://x.test/?u=*|UNIQID|*">x</a>`:      "*|UNIQID|*",
		`<img src="https://x.test/a.png" alt="[姓名]">`:       "[姓名] {{姓名}}",
		`<!--[if mso]><b>#姓名#</b><![endif]-->`:              "#姓名# {{姓名}}",
	} {
		if got := strings.Join(found(t, mail(emailWith(html))), ", "); got != want {
			t.Errorf("%s: %q, want %q", html, got, want)
		}
	}
}

func TestPlaceholdersAreNamedWithTheirLineInEveryPartOfAMail(t *testing.T) {
	_, err := render.New(mail(campaign.Mail{
		Subject: "#姓名#", Text: "a\n#姓名# and #奖项#", HTML: "<p>\n\n#姓名#</p>", Headers: map[string]string{"X-A": "#工号#"},
	}), columns)
	var input *diag.InputError
	if !errors.As(err, &input) {
		t.Fatal(err)
	}
	var got []string
	for _, p := range input.Problems.Kept() {
		got = append(got, p.Place.String())
	}
	want := "award.yaml, channels.email.subject|award.txt, line 2|award.txt, line 2|award.html, line 3|award.yaml, channels.email.headers.X-A"
	if strings.Join(got, "|") != want {
		t.Errorf("%q", got)
	}
}

func TestALineBreakInAValueIsASpaceWhereOneLineIsWanted(t *testing.T) {
	r, err := render.New(mail(campaign.Mail{
		Subject: "{{姓名}}，您的奖项：{{奖项}}", Text: "{{奖项}}", Headers: map[string]string{"X-Name": "{{姓名}}"},
	}), columns)
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{"王小明\n(二班)": "王小明 (二班)", "a\r\nb": "a b", "a\u2028b": "a b", "a\u2029b\u0085c\vd": "a b c d", "“a”": "“a”"} {
		var m message.Message
		if err := r.Render(message.Email, []string{"1", value, "一等奖\n电脑一台", "", "", "", ""}, &m); err != nil {
			t.Fatal(err)
		}
		if m.Subject != want+"，您的奖项：一等奖 电脑一台" || m.Headers["X-Name"] != want || m.Text != "一等奖\n电脑一台" {
			t.Errorf("%q: subject %q, header %q, text %q", value, m.Subject, m.Headers["X-Name"], m.Text)
		}
	}
}
