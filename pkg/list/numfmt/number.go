package numfmt

import (
	"slices"
	"strconv"
	"strings"
)

// arrangeNumber makes out which commas group, which scale, and that there is one number in the section.
func (s *section) arrangeNumber() {
	var parts []part
	var n [partFraction + 1]int
	for i, p := range s.parts {
		if p.kind == partLiteral && p.text == "," && n[partDigit] > 0 && !s.comma(i) {
			continue
		}
		n[p.kind]++
		parts = append(parts, p)
	}
	s.parts = parts
	s.scale -= 2 * n[partPercent]
	numbers := n[partGeneral] + min(n[partDigit], 1)
	switch {
	case numbers+n[partText] > 1, n[partPoint] > 1, n[partExponent] > 1, n[partDigit] == 0 && n[partPoint]+n[partPercent]+n[partExponent] > 0,
		n[partSlash] > 0 && numbers > 0: // the fraction that is nearest is worked out differently by programs
		s.err = unsure(WhySyntax)
	}
}

// comma makes sense of the comma at i, behind a placeholder, and reports whether it is a sign like any other: one between
// placeholders groups, one behind the last of them divides by a thousand.
func (s *section) comma(i int) (literal bool) {
	before := i - 1
	for before >= 0 && s.parts[before].kind == partLiteral && s.parts[before].text == "," {
		before--
	}
	if before < 0 || s.parts[before].kind != partDigit {
		return true
	}
	after := i + 1
	for after < len(s.parts) && s.parts[after].kind == partLiteral && s.parts[after].text == "," {
		after++
	}
	if after < len(s.parts) && s.parts[after].kind == partDigit {
		s.group = true
	} else {
		s.scale += 3
	}
	return false
}

// show writes a number in the section's way.
func (s *section) show(v float64, minus, date1904 bool) (string, error) {
	if s.err != nil {
		return "", s.err
	}
	if s.dated() {
		if minus || v < 0 {
			return "", unsure(WhyDate)
		}
		return s.showDate(v, date1904)
	}
	var body string
	var err error
	switch {
	case s.has(partGeneral):
		body, err = s.showGeneral(v)
	case s.has(partExponent):
		body, err = s.showExponent(v)
	case s.has(partDigit):
		body, err = s.showDigits(v)
	default:
		body = s.literals()
	}
	if err != nil {
		return "", err
	}
	if minus {
		body = "-" + body
	}
	return body, nil
}

func (s *section) literals() string {
	var b strings.Builder
	for _, p := range s.parts {
		b.WriteString(p.text)
	}
	return b.String()
}

func (s *section) showGeneral(v float64) (string, error) {
	number := strings.TrimPrefix(General(v), "-")
	if s.numerals > 0 {
		var err error
		if number, err = s.read(number, false); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	for _, p := range s.parts {
		if p.kind == partGeneral {
			b.WriteString(number)
		} else {
			b.WriteString(p.text)
		}
	}
	return b.String(), nil
}

// decimal is a number as a spreadsheet keeps it: 15 digits, 0.d1d2d3… × 10^point. Rounding goes by these, so that 1.005
// becomes 1.01, though the nearest binary fraction is below it.
type decimal struct {
	digits []byte
	point  int
}

func decimalOf(v float64) decimal {
	text := strconv.FormatFloat(v, 'e', 14, 64)
	mantissa, exponent, _ := strings.Cut(strings.TrimPrefix(text, "-"), "e")
	n, err := strconv.Atoi(exponent)
	digits := strings.TrimRight(strings.Replace(mantissa, ".", "", 1), "0")
	if err != nil || digits == "" {
		return decimal{}
	}
	return decimal{digits: []byte(digits), point: n + 1}
}

// round keeps so many digits behind the point, half of the last one away from zero.
func (d *decimal) round(places int) {
	keep := d.point + places
	if keep >= len(d.digits) {
		return
	}
	if keep < 0 {
		*d = decimal{}
		return
	}
	up := d.digits[keep] >= '5'
	d.digits = slices.Clone(d.digits[:keep])
	for i := keep - 1; up && i >= 0; i-- {
		if up = d.digits[i] == '9'; up {
			d.digits[i] = '0'
		} else {
			d.digits[i]++
		}
	}
	if up {
		d.digits = append([]byte{'1'}, d.digits...)
		d.point++
	}
	d.digits = []byte(strings.TrimRight(string(d.digits), "0"))
	if len(d.digits) == 0 {
		d.point = 0
	}
}

// split is what stands before the point, without leading zeros, and behind it, without trailing ones.
func (d *decimal) split() (whole, fraction string) {
	n := len(d.digits)
	switch {
	case n == 0:
		return "", ""
	case d.point <= 0:
		return "", strings.Repeat("0", -d.point) + string(d.digits)
	case d.point >= n:
		return string(d.digits) + strings.Repeat("0", d.point-n), ""
	}
	return string(d.digits[:d.point]), string(d.digits[d.point:])
}

func (s *section) showDigits(v float64) (string, error) {
	d := decimalOf(v)
	d.point -= s.scale
	return s.layOut(&d, s.parts, s.group)
}

// layOut rounds a number to the placeholders of the parts, and writes it into them.
func (s *section) layOut(d *decimal, parts []part, group bool) (string, error) {
	point := slices.IndexFunc(parts, func(p part) bool { return p.kind == partPoint })
	before, behind := parts, []part(nil)
	if point >= 0 {
		before, behind = parts[:point], parts[point:]
	}
	d.round(placeholders(behind))
	whole, fraction := d.split()
	text := wholePart(before, whole, group) + fractionPart(behind, fraction)
	return s.numeralDigits(text)
}

func placeholders(parts []part) int {
	n := 0
	for _, p := range parts {
		if p.kind == partDigit {
			n++
		}
	}
	return n
}

// digit marks the digits of the number, so that those of literals keep their form.
const digitMark = '\uE000'

func marked(c byte) string { return string(digitMark + rune(c-'0')) }

// wholePart fills placeholders from the right; what is left over stands before the first.
func wholePart(parts []part, whole string, group bool) string {
	w := wholeWriter{whole: whole, group: group}
	left := placeholders(parts)
	if left == 0 {
		w.rest()
	}
	for _, p := range slices.Backward(parts) {
		if p.kind != partDigit {
			w.out = append(w.out, p.text)
			continue
		}
		w.place(p.text)
		if left--; left == 0 {
			w.rest()
		}
	}
	slices.Reverse(w.out)
	return strings.Join(w.out, "")
}

// wholeWriter writes from right to left.
type wholeWriter struct {
	whole   string // what is left of the number
	group   bool
	out     []string
	written int
}

func (w *wholeWriter) put(text, separator string) {
	if w.group && w.written > 0 && w.written%3 == 0 {
		w.out = append(w.out, separator)
	}
	w.out = append(w.out, text)
	w.written++
}

// place fills one placeholder.
func (w *wholeWriter) place(kind string) {
	switch {
	case w.whole != "":
		last := len(w.whole) - 1
		w.put(marked(w.whole[last]), ",")
		w.whole = w.whole[:last]
	case kind == "0":
		w.put(marked('0'), ",")
	case kind == "?":
		w.put(" ", " ")
	}
}

func (w *wholeWriter) rest() {
	for w.whole != "" {
		w.place("0")
	}
}

// fractionPart fills placeholders from the left.
func fractionPart(parts []part, fraction string) string {
	var b strings.Builder
	for _, p := range parts {
		switch {
		case p.kind != partDigit:
			b.WriteString(p.text)
		case fraction != "":
			b.WriteString(marked(fraction[0]))
			fraction = fraction[1:]
		case p.text == "0":
			b.WriteString(marked('0'))
		case p.text == "?":
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// showExponent writes 1.25E+03. With more than one placeholder before the point the exponent goes in steps of as many.
func (s *section) showExponent(v float64) (string, error) {
	at := slices.IndexFunc(s.parts, func(p part) bool { return p.kind == partExponent })
	mantissa, exponent := s.parts[:at], s.parts[at+1:]
	point := slices.IndexFunc(mantissa, func(p part) bool { return p.kind == partPoint })
	behind, before := 0, placeholders(mantissa)
	if point >= 0 {
		before, behind = placeholders(mantissa[:point]), placeholders(mantissa[point:])
	}
	if before == 0 || placeholders(exponent) == 0 || s.scale != 0 {
		return "", unsure(WhySyntax)
	}
	d := decimalOf(v)
	power := 0
	if len(d.digits) > 0 {
		power = floorTo(d.point-1, before)
		d.point -= power
		d.round(behind)
		if d.point > before {
			d.point -= before
			power += before
		}
	}
	text, err := s.layOut(&d, mantissa, s.group)
	if err != nil {
		return "", err
	}
	sign := ""
	switch {
	case power < 0:
		sign = "-"
	case s.parts[at].text == "E+":
		sign = "+"
	}
	e := decimalOf(float64(power))
	shown, err := s.layOut(&e, exponent, false)
	return text + "E" + sign + shown, err
}

// floorTo is the greatest multiple of step that is not above n.
func floorTo(n, step int) int {
	q := n / step
	if n%step < 0 {
		q--
	}
	return q * step
}
