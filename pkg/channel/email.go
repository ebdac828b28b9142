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
			"邮箱", "电子邮箱", "邮件", "电子邮件", "电邮", "电邮地址", "邮箱地址", "邮件地址", "电子邮箱地址", "电子邮件地址", "邮箱账号", "電子郵件", "電子郵件地址", "電子郵箱", "電子信箱", "電郵", "電郵地址", "郵箱", "信箱",
			"email", "mail", "emailaddress", "mailaddress", "emailid", "mailid", "emailaddr", "mailbox", "emailvalue", "smtpaddress",
			"メール", "メールアドレス", "eメール", "이메일", "이메일주소", "메일", "emailadresse", "mailadresse", "courriel", "adresseemail", "adressemail", "correo", "correoelectrónico", "correoelectronico", "почта", "электроннаяпочта",
		},
		Is:      func(raw string) bool { return strings.ContainsAny(raw, "@＠") },
		Parse:   func(raw, _ string) (message.Address, error) { return Email(raw) },
		Likely:  likelyDomain,
		Mask:    message.Address.Masked,
		PaceKey: message.Address.Domain,
	}
}
