package list

import (
	"errors"
	"slices"
	"strconv"

	"notify/pkg/channel"
	"notify/pkg/list/numfmt"
	"notify/pkg/words"
)

// formats shows cells as the workbook's number formats do. The numbers of a list repeat, so the recent ones are kept.
type formats struct {
	country string
	options numfmt.Options
	codes   []string               // of each style
	known   map[int]*numfmt.Format // by style; nil shows a cell as it is
	cache   map[styled]shownAs
}

type styled struct {
	raw   string
	style int
}

type shownAs struct {
	text string
	err  error
}

const formatsKept = 1 << 14

// noSuchFormat stands for a format of the system's own that is not the same on every machine; nobody can write it.
const noSuchFormat = "\x00"

type stylesXML struct {
	Formats []struct {
		ID   int    `xml:"numFmtId,attr"`
		Code string `xml:"formatCode,attr"`
	} `xml:"numFmts>numFmt"`
	Styles []struct {
		Format int `xml:"numFmtId,attr"`
	} `xml:"cellXfs>xf"`
}

// newFormats reads the styles. Where they cannot be read, all cells look as they are stored.
func newFormats(book *workbook, country string) *formats {
	f := &formats{
		country: channel.Country(country), known: make(map[int]*numfmt.Format), cache: make(map[styled]shownAs),
		options: numfmt.Options{Language: languageOf(channel.Country(country)), Date1904: book.date1904},
	}
	var styles stylesXML
	if book.styles == "" || book.parts[book.styles] == nil || book.decode(book.styles, &styles) != nil {
		return f
	}
	own := make(map[int]string, len(styles.Formats))
	for _, n := range styles.Formats {
		own[n.ID] = n.Code
	}
	for _, s := range styles.Styles {
		code, ok := own[s.Format]
		if !ok {
			code, ok = numfmt.Builtin(s.Format, f.country == "CN")
		}
		if !ok {
			code = noSuchFormat
		}
		f.codes = append(f.codes, code)
	}
	return f
}

// languageOf is what the sheets of a country name months in.
func languageOf(country string) numfmt.Language {
	switch {
	case country == "CN":
		return numfmt.Chinese
	case country == "JP":
		return numfmt.Japanese
	case slices.Contains([]string{"US", "GB", "AU", "NZ", "IE", "CA", "IN", "SG", "ZA"}, country):
		return numfmt.English
	}
	return ""
}

func (f *formats) of(style int) *numfmt.Format {
	if style < 0 || style >= len(f.codes) {
		return nil
	}
	format, ok := f.known[style]
	if !ok {
		if format = numfmt.Parse(f.codes[style], f.options); format.IsGeneral() {
			format = nil
		}
		f.known[style] = format
	}
	return format
}

// show is what the sheet shows for a number; the error is a *numfmt.UnsureError.
func (f *formats) show(raw string, style int) (string, error) {
	number, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return raw, nil //nolint:nilerr // what is no number is shown as it is
	}
	format := f.of(style)
	if format == nil {
		return numfmt.General(number), nil
	}
	key := styled{raw, style}
	if s, ok := f.cache[key]; ok {
		return s.text, s.err
	}
	text, err := format.Show(number)
	if len(f.cache) >= formatsKept {
		clear(f.cache)
	}
	f.cache[key] = shownAs{text, err}
	return text, err
}

// showText is what the sheet shows for a text.
func (f *formats) showText(text string, style int) (string, error) {
	if format := f.of(style); format != nil {
		return format.ShowText(text)
	}
	return text, nil
}

// unsureWhy says why it is not known what a cell shows.
func unsureWhy(err error) words.Text {
	var unsure *numfmt.UnsureError
	if !errors.As(err, &unsure) {
		return words.Cause(err)
	}
	switch unsure.Why {
	case numfmt.WhySections:
		return words.T("list.unsure.sections", nil)
	case numfmt.WhyDate:
		return words.T("list.unsure.date", nil)
	case numfmt.WhyEarly:
		return words.T("list.unsure.early", nil)
	case numfmt.WhyLanguage:
		return words.T("list.unsure.language", nil)
	case numfmt.WhySystem:
		return words.T("list.unsure.system", nil)
	case numfmt.WhySize:
		return words.T("list.unsure.size", nil)
	case numfmt.WhySyntax:
	}
	return words.T("list.unsure.syntax", nil)
}
