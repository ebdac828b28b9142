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
			"手机号", "手机", "电话", "手机号码", "手机电话", "联系电话", "电话号码", "联系手机", "移动电话", "移动电话号码", "手机联系方式", "手機", "手機號", "手機號碼", "電話", "電話號碼", "行動電話", "行動電話號碼", "流動電話",
			"phone", "mobile", "mob", "tel", "telephone", "handphone", "cellular", "phonenumber", "phoneno", "mobilephone", "mobilenumber", "mobileno", "mobilephonenumber", "mobilephoneno", "mobtel",
			"cellphone", "cellphonenumber", "cellnumber", "cell", "contactno", "contactnumber", "telno", "telnumber", "telephonenumber", "phonemobile", "msisdn", "gsm", "smsnumber",
			"電話番号", "携帯", "携帯電話", "携帯電話番号", "携帯番号", "휴대폰", "휴대폰번호", "휴대전화", "휴대전화번호", "전화번호", "핸드폰",
			"handy", "handynummer", "mobilnummer", "mobiltelefon", "telefon", "telefonnummer", "téléphone", "portable", "teléfono", "móvil", "celular", "telefone", "telemóvel", "телефон", "номертелефона", "мобильный", "мобильныйтелефон",
		},
		Is: func(raw string) bool {
			return !strings.ContainsAny(raw, "@＠:") && strings.ContainsFunc(raw, unicode.IsDigit)
		},
		Parse:  Phone,
		Mask:   message.Address.Masked,
		Region: Region,
		Units: func(text string, to message.Address, by Counting) (int, Rule) {
			rule := RuleFor(to, by.Rule)
			return Segments(WithSignature(text, by.Signature), rule), rule
		},
	}
}
