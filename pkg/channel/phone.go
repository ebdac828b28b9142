package channel

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	"notify/pkg/message"
	"notify/pkg/words"
)

// DefaultCountry is how a phone number without a country code is read where nothing else is said.
const DefaultCountry = "CN"

// E.164 allows 15 digits; a number with its international prefix may have a few more.
const (
	minPhoneDigits = 7
	maxPhoneDigits = 19
)

// Phone reads one mobile number as people type it (spaces, dashes, dots, brackets, full-width digits, +86, 0086, 86, a
// leading apostrophe, invisible characters) and returns it in E.164. country is an ISO 3166 code for numbers without a
// country code; empty means DefaultCountry. The error is an *AddressError. Only numbers that can be a mobile pass.
func Phone(raw, country string) (message.Address, error) {
	country = Country(country)
	number, plus, err := scanPhone(raw)
	if err != nil {
		return "", err
	}
	if n, ok := mainlandMobile(number, plus, country); ok {
		return message.Address("+86" + n), nil
	}
	return parsePhone(number, plus, country)
}

// Country is the country by which numbers are read: DefaultCountry where none is said.
func Country(country string) string {
	if country == "" {
		return DefaultCountry
	}
	return strings.ToUpper(country)
}

// KnownCountry reports whether phone numbers of a country can be read.
func KnownCountry(country string) bool {
	return phonenumbers.GetCountryCodeForRegion(Country(country)) != 0
}

// Region is the country of a number in E.164; of a code that several share where the number itself does not tell, the largest of them.
func Region(number message.Address) string {
	if strings.HasPrefix(string(number), "+86") {
		return "CN"
	}
	parsed, err := phonenumbers.Parse(string(number), "")
	if err != nil {
		return ""
	}
	if region := phonenumbers.GetRegionCodeForNumber(parsed); region != "" {
		return region
	}
	return phonenumbers.GetRegionCodeForCountryCode(int(parsed.GetCountryCode()))
}

// mainlandMobile is the fast path: phonenumbers parses about 100,000 numbers a second, and most lists hold little else than
// mainland mobiles. It accepts only what phonenumbers accepts; a test compares the two.
func mainlandMobile(number string, plus bool, country string) (string, bool) {
	switch {
	case plus && len(number) == 13 && number[:2] == "86":
		number = number[2:]
	case plus || country != "CN":
		return "", false
	case len(number) == 15 && number[:4] == "0086":
		number = number[4:]
	case len(number) == 13 && number[:2] == "86":
		number = number[2:]
	}
	return number, len(number) == 11 && number[0] == '1' && mainlandBlock(number)
}

// mainlandBlock follows the mobile pattern that libphonenumber has for CN.
func mainlandBlock(n string) bool {
	switch n[1] {
	case '3', '8':
		return true
	case '4':
		return n[2] == '5' || n[2] == '7'
	case '5', '9':
		return n[2] != '4'
	case '6':
		return n[2] == '2' || (n[2] >= '5' && n[2] <= '7')
	case '7':
		if n[2] == '4' {
			return n[3] == '0' && n[4] <= '5'
		}
		return n[2] != '9'
	}
	return false
}

func parsePhone(number string, plus bool, country string) (message.Address, error) {
	text := number
	if plus {
		text = "+" + number
	}
	parsed, err := phonenumbers.Parse(text, country)
	if err != nil || !phonenumbers.IsValidNumber(parsed) {
		return "", invalidPhone(number, plus, country)
	}
	switch phonenumbers.GetNumberType(parsed) { //nolint:exhaustive // every other type cannot take an SMS
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
		return message.Address(phonenumbers.Format(parsed, phonenumbers.E164)), nil
	case phonenumbers.FIXED_LINE:
		return "", &AddressError{Code: "phone-landline", Summary: words.T("address.landline", nil), Hint: words.T("address.do.mobile", nil)}
	default:
		return "", &AddressError{Code: "phone-not-mobile", Summary: words.T("address.not-mobile", nil), Hint: words.T("address.do.mobile", nil)}
	}
}

func invalidPhone(number string, plus bool, country string) error {
	e := &AddressError{Code: "phone-invalid", Summary: words.T("address.no-number-in", words.A{"country": country}), Hint: words.T("address.do.correct", nil)}
	switch {
	case plus:
		e.Summary = words.T("address.no-number", nil)
	case country == "CN" && number[0] == '1' && len(number) != 11:
		e.Summary = words.T("address.eleven-digits", words.A{"digits": len(number)})
	default:
		e.Hint = words.T("address.do.country-code", nil)
	}
	return e
}

// scanPhone is the digits of raw, and whether a plus stood before them.
func scanPhone(raw string) (digits string, plus bool, err error) {
	raw = unwrapPhone(raw)
	if LosesDigits(raw) {
		return "", false, ErrDigitsLost()
	}
	var s phoneScan
	for _, r := range raw {
		if !s.take(r) {
			return "", false, &AddressError{Code: "phone-text", Summary: words.T("address.other-characters", nil), Hint: words.T("address.do.one-number-alone", nil)}
		}
	}
	return s.result()
}

// unwrapPhone takes away what stands around a number: a scheme, the apostrophe that makes a cell text, and the ".0" that
// programs write behind a number that they took for a fraction.
func unwrapPhone(raw string) string {
	raw = strings.TrimLeft(strings.TrimFunc(raw, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }), "'’‘`")
	if len(raw) > 4 && strings.EqualFold(raw[:4], "tel:") {
		raw = raw[4:]
	}
	if whole, frac, ok := strings.Cut(raw, "."); ok && len(whole) >= minPhoneDigits && frac != "" && strings.Trim(frac, "0") == "" && AllDigits(strings.TrimPrefix(whole, "+")) {
		return whole
	}
	return raw
}

type phoneScan struct {
	digits []byte
	plus   bool
	groups int // numbers that a list separator ended
	run    int // digits since the last list separator
}

// take accepts one character, and refuses what no phone number holds.
func (s *phoneScan) take(r rune) bool {
	switch {
	case r >= '0' && r <= '9':
		s.digit(byte(r))
	case r >= '０' && r <= '９':
		s.digit(byte(r - '０' + '0'))
	case r == '+' || r == '＋':
		if len(s.digits) > 0 || s.plus {
			return false
		}
		s.plus = true
	case strings.ContainsRune(",;/|&、，；／｜\r\n", r):
		if s.run > 0 {
			s.groups++
		}
		s.run = 0
	case strings.ContainsRune("-.()‐‑‒–—―−－．·（）", r), unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
	default:
		return false
	}
	return true
}

func (s *phoneScan) digit(b byte) {
	s.run++
	if len(s.digits) <= 2*maxPhoneDigits {
		s.digits = append(s.digits, b)
	}
}

func (s *phoneScan) result() (digits string, plus bool, err error) {
	groups := s.groups
	if s.run > 0 {
		groups++
	}
	switch {
	case groups > 1 || len(s.digits) > maxPhoneDigits:
		return "", false, &AddressError{Code: "phone-several", Summary: words.T("address.several-numbers", nil), Hint: words.T("address.do.one-number", nil)}
	case len(s.digits) < minPhoneDigits:
		return "", false, &AddressError{Code: "phone-invalid", Summary: words.T("address.too-short", nil), Hint: words.T("address.do.correct", nil)}
	}
	return string(s.digits), s.plus, nil
}

// LosesDigits reports scientific notation: the digits behind what is shown are gone.
func LosesDigits(s string) bool {
	mantissa, exponent, ok := strings.Cut(strings.ToUpper(s), "E")
	if !ok || mantissa == "" {
		return false
	}
	whole, frac, _ := strings.Cut(mantissa, ".")
	return AllDigits(whole) && (frac == "" || AllDigits(frac)) && AllDigits(strings.TrimPrefix(exponent, "+"))
}

// ErrDigitsLost says of a number that it is no longer whole.
func ErrDigitsLost() error {
	return &AddressError{Code: "digits-lost", Summary: words.T("address.digits-lost", nil), Hint: words.T("address.do.set-to-text", nil)}
}

// AllDigits reports a text that is digits and nothing else.
func AllDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
