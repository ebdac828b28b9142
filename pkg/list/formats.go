package list

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"notify/pkg/channel"
)

// formats shows numbers as the workbook's number formats do: excelize knows them all. The numbers of a list repeat, so the
// recent ones are kept.
type formats struct {
	book  *workbook
	zh    bool
	file  *excelize.File // a scratch workbook with the styles of the real one; opened when first needed
	plain map[int]bool   // styles without a format of their own
	slots [formatSlots]int
	cache map[styled]string
}

type styled struct {
	raw   string
	style int
}

const (
	formatSlots  = 32
	formatsKept  = 1 << 14
	scratchSheet = "Sheet1"
	stylesPart   = "xl/styles.xml"
	formatText   = 49 // the built-in format "@"
)

func newFormats(book *workbook, country string) *formats {
	return &formats{book: book, zh: channel.Country(country) == "CN", plain: make(map[int]bool), cache: make(map[styled]string)}
}

// show is what the sheet shows for a number. A format that cannot be applied, or hides the number, shows it as it is.
func (f *formats) show(raw string, style int) string {
	number, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return raw
	}
	if style == 0 || f.isPlain(style) {
		return general(number)
	}
	key := styled{raw, style}
	if text, ok := f.cache[key]; ok {
		return text
	}
	text, err := f.apply(raw, style)
	if err != nil || strings.TrimSpace(text) == "" {
		text = general(number)
	}
	if len(f.cache) >= formatsKept {
		clear(f.cache)
	}
	f.cache[key] = text
	return text
}

// isPlain reports a style whose numbers look as they are stored. So do all where the styles cannot be read.
func (f *formats) isPlain(style int) bool {
	if plain, ok := f.plain[style]; ok {
		return plain
	}
	if f.file == nil && f.openScratch() != nil {
		f.plain[style] = true
		return true
	}
	s, err := f.file.GetStyle(style)
	plain := err != nil || (s.CustomNumFmt == nil && (s.NumFmt == 0 || s.NumFmt == formatText))
	if s != nil && s.CustomNumFmt != nil {
		code := strings.TrimSpace(*s.CustomNumFmt)
		plain = strings.EqualFold(code, "General") || code == "@"
	}
	f.plain[style] = plain
	return plain
}

func (f *formats) openScratch() error {
	// The date formats that follow the machine's settings are shown as in China, elsewhere so that day and month cannot be
	// mistaken for each other.
	o := excelize.Options{ShortDatePattern: "yyyy-mm-dd"}
	if f.zh {
		o = excelize.Options{ShortDatePattern: "yyyy/m/d", LongDatePattern: "yyyy年m月d日", CultureInfo: excelize.CultureNameZhCN}
	}
	file := excelize.NewFile(o)
	if styles := f.book.styles; styles != "" && f.book.parts[styles] != nil {
		b, err := f.book.bytes(styles)
		if err != nil {
			return err
		}
		file.Pkg.Store(stylesPart, b)
		file.Styles = nil
	}
	if err := file.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &f.book.date1904}); err != nil {
		return fmt.Errorf("set up number formats: %w", err)
	}
	for i := range f.slots {
		f.slots[i] = -1
	}
	f.file = file
	return nil
}

func (f *formats) apply(raw string, style int) (string, error) {
	slot := style % formatSlots
	name := "A" + itoa(slot+1)
	if f.slots[slot] != style {
		if err := f.file.SetCellStyle(scratchSheet, name, name, style); err != nil {
			return "", fmt.Errorf("apply number format: %w", err)
		}
		f.slots[slot] = style
	}
	if err := f.file.SetCellDefault(scratchSheet, name, raw); err != nil {
		return "", fmt.Errorf("apply number format: %w", err)
	}
	text, err := f.file.GetCellValue(scratchSheet, name)
	if err != nil {
		return "", fmt.Errorf("apply number format: %w", err)
	}
	return text, nil
}

// Close frees what the scratch workbook holds.
func (f *formats) Close() error {
	if f.file == nil {
		return nil
	}
	if err := f.file.Close(); err != nil {
		return fmt.Errorf("close number formats: %w", err)
	}
	return nil
}
