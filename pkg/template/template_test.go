package template_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/template"
)

const award = `title: 获奖通知
owner: Operations Wang
team: operations
class: notice
text: "{{姓名}}，您的奖项是{{奖项}}，领取码{{码}}。"
variables:
  姓名: {kind: name, max: 10, example: 王伟}
  码: {kind: code}
codes:
  sms: {code: SMS_1001, state: approved}
`

func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "award.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, text string) *template.Template {
	t.Helper()
	got, err := template.Load(written(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestAFileIsRead(t *testing.T) {
	got := load(t, award)
	if d := cmp.Diff([]string{"姓名", "奖项", "码"}, got.Names()); d != "" || got.ID != "award" || got.Codes["sms"].Code != "SMS_1001" {
		t.Errorf("%+v: %s", got, d)
	}
	if v := got.Variable("奖项"); v.Max != 35 || v.Kind != template.Other {
		t.Errorf("what the file does not describe: %+v", v)
	}
	for want, change := range map[string][2]string{
		"owner":                 {"owner: Operations Wang\n", ""},
		"variables.码":           {"{{码}}", "123456"},
		"variables.码.kind":      {"kind: code", "kind: codes"},
		"no regular expression": {"{kind: code}", `{pattern: "("}`},
	} {
		if _, err := template.Load(written(t, strings.Replace(award, change[0], change[1], 1))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestTheVendorsRulesForATextAreKnown(t *testing.T) {
	for _, c := range []struct{ class, text, vendor, want string }{
		{"notice", "{{a}}，您好。", "aliyun-sms", ""},
		{"notice", "{{a}}", "tencent-sms", "nothing but"},
		{"notice", "您好{{a}}{{b}}。", "tencent-sms", "side by side"},
		{"notice", strings.Repeat("字", 501), "huawei", "501"},
		{"notice", "【公司】您好。", "aliyun-sms", "【】"},
		{"notice", "您好[链接]", "aliyun-sms", "[ or ]"},
		{"notice", "恭喜★①您好。", "aliyun-sms", "★"},
		{"notice", "恭喜您中奖。", "aliyun-sms", "中奖"},
		{"notice", "您好，拒收请回复R", "aliyun-sms", "拒收请回复R"},
		{"marketing", "大促开始。", "tencent-sms", "拒收请回复R"},
		{"marketing", "{{a}}大促，拒收请回复R", "huawei", "marketing"},
		{"notice", "电话 021-55550101、021-55550102、021-55550103", "aliyun-sms", "3"},
		{"notice", "{{a}}您好，{{a}}再见。", "aliyun-sms", "twice"},
		{"notice", "{{a}}", "smtp", ""},
	} {
		tmpl := template.Template{Class: c.class, Text: c.text}
		faults := tmpl.Lint([]string{c.vendor})
		said := ""
		for _, f := range faults {
			said += f.Found.String() + "\n"
		}
		if (c.want == "") != (said == "") || !strings.Contains(said, c.want) {
			t.Errorf("%s for %s: %q, want %q", c.text, c.vendor, said, c.want)
		}
	}
}

func TestTheVendorsRulesForValuesAreKnown(t *testing.T) {
	of := func(k template.Kind) template.Variable { return template.Variable{Name: "x", Kind: k, Max: 10} }
	for _, c := range []struct {
		v     template.Variable
		value string
		ok    bool
	}{
		{of(template.Captcha), "123456", true},
		{of(template.Captcha), "12a456", false},
		{of(template.Captcha), "123", false},
		{of(template.Amount), "1,234.50元", true},
		{of(template.Amount), "很多", false},
		{of(template.Time), "11月20日", true},
		{of(template.Time), "明天", false},
		{of(template.Phone), "021-5555", true},
		{of(template.Chars), "A_1", true},
		{of(template.Chars), "甲", false},
		{of(template.Other), "一等奖", true},
		{of(template.Other), "", false},
		{of(template.Other), "十一个字的奖项实在太长", false},
		{of(template.Other), "a.test/x", false},
		{of(template.Other), "【甲】", false},
		{of(template.Other), "甲。", true},
		{template.Variable{Name: "x", Kind: template.Other, Max: 9, Pattern: "[甲乙]等"}, "甲等", true},
		{template.Variable{Name: "x", Kind: template.Other, Max: 9, Pattern: "[甲乙]等"}, "丙等", false},
	} {
		if got := template.NewValues([]string{"aliyun-sms"}).Fault(c.v, c.value); got.IsZero() != c.ok {
			t.Errorf("%s %q: %s", c.v.Kind, c.value, got)
		}
	}
	if template.NewValues([]string{"huawei"}).Fault(of(template.Other), "甲。").IsZero() {
		t.Error("Huawei takes no full stop")
	}
}

func TestATextNamesItsTemplate(t *testing.T) {
	all := []*template.Template{
		{ID: "any", Text: "{{x}}"}, {ID: "short", Text: "{{x}}。"}, load(t, award),
	}
	got, values := template.Who(all, "【示例】王伟，您的奖项是一等奖，领取码123456。")
	if d := cmp.Diff(map[string]string{"姓名": "王伟", "奖项": "一等奖", "码": "123456"}, values); d != "" || got.ID != "award" {
		t.Errorf("%+v: %s", got, d)
	}
	if got, _ := template.Who(all, "nothing of it"); got != nil {
		t.Errorf("%+v", got)
	}
}

// A team sent 61 texts through one template of nothing but a variable: they come apart again.
func TestTemplatesAreLearnedFromTexts(t *testing.T) {
	names := []string{"王伟", "李娜", "欧阳霞平", "张伟", "刘洋"}
	subjects := []string{"水费", "电费账户", "燃气服务", "宽带套餐", "物业管理", "停车年卡", "健身会员", "图书借阅"}
	var texts []string
	for i := range 25 {
		for j, s := range subjects {
			texts = append(texts, fmt.Sprintf("尊敬的%s，您的%s%s已于%d月%d日扣款%d.%02d元。", names[(i+j)%len(names)], strings.Repeat(s, 4), s, 1+i%12, 1+(i*7+j)%28, 10+i*3, (i*13)%100))
		}
		texts = append(texts, fmt.Sprintf("验证码%06d，五分钟内有效，请勿告诉他人。", 100000+i*7919))
	}
	got := template.Learn(texts)
	sum := 0
	for _, p := range got {
		sum += p.Texts
	}
	if len(got) != len(subjects)+1 || sum != len(texts) {
		t.Errorf("%d templates of %d texts", len(got), sum)
		for _, p := range got {
			t.Logf("%d × %s", p.Texts, p.Text)
		}
	}
	for _, p := range got {
		for _, f := range p.Lint([]string{"tencent-sms"}) {
			t.Errorf("%s: %s", p.Text, f.Found)
		}
		if strings.Contains(p.Text, "验证码") && (p.Text != "验证码{{v1}}，五分钟内有效，请勿告诉他人。" || p.Variables[0].Kind != template.Captcha) {
			t.Errorf("%+v", p)
		}
		if strings.Contains(p.Text, "燃气") && p.Text != "尊敬的{{v1}}，您的"+strings.Repeat("燃气服务", 5)+"已于{{v2}}月{{v3}}日扣款{{v4}}元。" {
			t.Errorf("%s", p.Text)
		}
	}
}
