package words

import (
	"strings"

	"golang.org/x/text/language"
)

// Language is a language of the screens.
type Language string

// The languages: English, and Simplified Chinese. The zero value is English.
const (
	English Language = "en"
	Chinese Language = "zh"
)

// ParseLanguage reads what somebody chose: "zh", "zh-CN", "en", "zh_CN.UTF-8"; ok is false for what is neither.
func ParseLanguage(s string) (Language, bool) {
	s, _, _ = strings.Cut(s, ".") // the character set
	s, _, _ = strings.Cut(s, "@")
	tag, err := language.Parse(strings.ReplaceAll(s, "_", "-"))
	if err != nil {
		return English, false
	}
	switch base, _ := tag.Base(); base.String() {
	case "zh":
		return Chinese, true
	case "en":
		return English, true
	}
	return English, false
}

// OfLocale is the language that the environment asks for: LC_ALL, else LC_MESSAGES, else LANG, the first that is set, as
// POSIX has it. "C", "POSIX", and every language that is not spoken here, are English.
func OfLocale(getenv func(string) string) Language {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			l, _ := ParseLanguage(v)
			return l
		}
	}
	return English
}
