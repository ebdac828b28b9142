package numfmt

import "strings"

// figures are the digits of [DBNum1] to [DBNum3], and the units ten, hundred, thousand where they are used.
func figures(numerals int) (digits, units []rune) {
	switch numerals {
	case 1:
		return []rune("〇一二三四五六七八九"), []rune("十百千")
	case 2:
		return []rune("零壹贰叁肆伍陆柒捌玖"), []rune("拾佰仟")
	}
	return []rune("０１２３４５６７８９"), nil
}

// numeralDigits writes marked digits one by one.
func (s *section) numeralDigits(text string) (string, error) {
	if s.numerals > 0 && s.language != Chinese {
		return "", unsure(WhyLanguage)
	}
	digits, _ := figures(s.numerals)
	return strings.Map(func(r rune) rune {
		switch {
		case r < digitMark || r > digitMark+9:
			return r
		case s.numerals > 0:
			return digits[r-digitMark]
		}
		return '0' + r - digitMark
	}, text), nil
}

// read writes a number as it is read aloud: 18888 is 一万八千八百八十八. In a date, ten is 十 and not 一十.
func (s *section) read(number string, inDate bool) (string, error) {
	if s.language != Chinese || s.numerals > 2 {
		return "", unsure(WhyLanguage)
	}
	digits, units := figures(s.numerals)
	whole, fraction, dotted := strings.Cut(number, ".")
	const most = 12 // below a million million, all count the same way
	if strings.ContainsRune(number, 'E') || len(whole) > most {
		return "", unsure(WhySize)
	}
	text := readWhole(whole, digits, units)
	if one := string(digits[1]) + string(units[0]); inDate && strings.HasPrefix(text, one) {
		text = strings.TrimPrefix(text, string(digits[1]))
	}
	if dotted {
		text += "."
		for _, c := range fraction {
			text += string(digits[c-'0'])
		}
	}
	return text, nil
}

func readWhole(whole string, digits, units []rune) string {
	if strings.Trim(whole, "0") == "" {
		return string(digits[0])
	}
	large := []string{"", "万", "亿"}
	var b strings.Builder
	zero := false // a gap that has to be said
	for len(whole) > 0 {
		group := (len(whole) - 1) / 4
		size := len(whole) - 4*group
		four := whole[:size]
		whole = whole[size:]
		if strings.Trim(four, "0") == "" {
			zero = b.Len() > 0
			continue
		}
		for i := range len(four) {
			if four[i] == '0' {
				zero = b.Len() > 0
				continue
			}
			if zero {
				b.WriteRune(digits[0])
				zero = false
			}
			b.WriteRune(digits[four[i]-'0'])
			if place := len(four) - i - 1; place > 0 {
				b.WriteRune(units[place-1])
			}
		}
		zero = false
		b.WriteString(large[group])
	}
	return b.String()
}
