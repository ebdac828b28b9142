package list_test

import (
	"testing"

	"notify/pkg/list"
	"notify/pkg/message"
)

func TestATypoInADomainIsDoubted(t *testing.T) {
	for domain, warned := range map[string]bool{
		"gmail.con": true, "gmial.com": true, "gmail.cm": true, "hotmial.com": true, "qq.con": true, "163.cmo": true, "outlok.com": true,
		"gmail.com": false, "ymail.com": false, "mail.com": false, "126.com": false, "188.com": false, "qq.test": false, "company.cn": false, "sina.cn": false,
	} {
		got := read(t, file(t, "l.csv", "邮箱\nwang@"+domain+"\n"), list.Options{Need: []message.Channel{message.Email}})
		if has := len(got.problems) == 1 && got.problems[0].Code == "email-typo" && !got.problems[0].Stops(); has != warned || len(got.problems) > 1 {
			t.Errorf("%s: %v; warned should be %v", domain, got.problems, warned)
		}
	}
}
