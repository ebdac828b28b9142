package channel

import (
	"strings"

	"notify/pkg/message"
	"notify/pkg/words"
)

// email is mail over the internet. Its pace is that of the recipient's domain.
func email() Entry {
	return Entry{
		Name: message.Email, Column: "email", Word: words.T("channel.email", nil), What: words.T("channel.email.address", nil), Class: Mail, Suppressible: true,
		Headers: []string{
			"邮箱", "电子邮箱", "邮件", "电子邮件", "邮箱地址", "邮件地址", "电子邮箱地址", "電子郵件", "郵箱", "email", "mail", "emailaddress", "mailaddress",
		},
		Is:      func(raw string) bool { return strings.ContainsAny(raw, "@＠") },
		Parse:   func(raw, _ string) (message.Address, error) { return Email(raw) },
		Likely:  likelyDomain,
		Mask:    message.Address.Masked,
		PaceKey: message.Address.Domain,
	}
}
