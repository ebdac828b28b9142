package channel

import (
	"strings"
	"unicode"

	"notify/pkg/message"
	"notify/pkg/words"
)

// sms is the short message of a telephone network.
func sms() Entry {
	return Entry{
		Name: message.SMS, Column: "phone", Word: words.T("channel.sms", nil), What: words.T("channel.sms.address", nil), Class: Short, Digits: true, Suppressible: true,
		Headers: []string{
			"手机号", "手机", "电话", "手机号码", "联系电话", "电话号码", "联系手机", "移动电话", "手機", "手機號碼", "電話", "phone",
			"mobile", "tel", "telephone", "phonenumber", "phoneno", "mobilephone", "mobilenumber", "mobileno", "cellphone", "cell", "msisdn",
		},
		Is: func(raw string) bool {
			return !strings.ContainsAny(raw, "@＠:") && strings.ContainsFunc(raw, unicode.IsDigit)
		},
		Parse: Phone,
		Mask:  message.Address.Masked,
		Units: func(text string, to message.Address, by Counting) (int, Rule) {
			rule := RuleFor(to, by.Rule)
			return Segments(WithSignature(text, by.Signature), rule), rule
		},
	}
}
