package render_test

import (
	"path/filepath"
	"strings"
	"testing"

	"notify/pkg/campaign"
	"notify/pkg/channel"
	"notify/pkg/message"
	"notify/pkg/render"
)

func TestTheExampleRenders(t *testing.T) {
	path, err := campaign.Find(filepath.Join("..", "..", "examples", "award.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := campaign.Load(path, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	columns := []string{"工号", "姓名", "手机号", "邮箱", "奖项", "金额", "领奖日期"}
	r, err := render.New(render.Texts{Source: path, Texts: c.Texts}, columns)
	if err != nil {
		t.Fatal(err)
	}
	values := []string{"A00001", "欧阳霞平", "13495347019", "linxiaping1@163.test", "优秀奖", "¥18,888.00", "2020-01-02"}
	var s, e message.Message
	if err := r.Render(message.SMS, values, &s); err != nil {
		t.Fatal(err)
	}
	if err := r.Render(message.Email, values, &e); err != nil {
		t.Fatal(err)
	}
	if want := "欧阳霞平，恭喜您荣获年度优秀奖，奖金¥18,888.00，请于2020-01-02前领取。"; s.Text != want {
		t.Errorf("the SMS is %q, want %q", s.Text, want)
	}
	if n := channel.Segments(channel.WithSignature(s.Text, "示例"), channel.Mainland); n != 1 {
		t.Errorf("the SMS is %d segments, want one", n)
	}
	if e.Subject != "欧阳霞平, your award: 优秀奖" || e.Headers["List-Unsubscribe"] != "<https://edm.example.test/unsubscribe/A00001>" {
		t.Errorf("subject %q, headers %v", e.Subject, e.Headers)
	}
	for _, part := range []string{e.Text, e.HTML} {
		if strings.Contains(part, "{{") || !strings.Contains(part, "¥18,888.00") || !strings.Contains(part, "2020-01-02") {
			t.Errorf("a part of the mail is not filled in: %q", part)
		}
	}
}
