package list

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/net/html/charset"

	"notify/pkg/diag"
	"notify/pkg/words"
)

// What a spreadsheet may cost, whatever it claims: the sheet and the string table when unpacked, any other part, and one
// piece of XML. A cell holds at most 32,767 characters.
const (
	maxPart     = 2 << 30
	maxSmall    = 32 << 20
	maxToken    = 1 << 20
	maxCellText = 128 << 10
	maxEntries  = 20_000
)

// workbook is an .xlsx file: its parts, its sheets, and how it shows numbers.
type workbook struct {
	path   string
	file   *os.File
	parts  map[string]*zip.File
	sheets []sheetInfo
	ours   string // the sheet with the recipients of a report of ours
	// date1904 is set where dates count from 1904, as old Macs did.
	date1904 bool
	// uncalculated is set where a program that cannot calculate wrote the formulas, each with a 0 to hold its place, and asks
	// whoever opens the file to do it.
	uncalculated bool
	strings      string // part names; empty where there is none
	styles       string
}

type sheetInfo struct {
	name   string
	part   string
	hidden bool
	grid   bool // a worksheet, not a chart
}

// refusal is an error about the file as a whole.
func refusal(p diag.Problem) error {
	problems := &diag.List{}
	problems.Add(p)
	return problems.Err()
}

// damaged turns what went wrong inside the file into words for the operator.
func damaged(place diag.Place, err error) error {
	var input *diag.InputError
	var surroundings *fs.PathError // a disk that is full, a file that cannot be read: no fault of the list
	switch {
	case errors.As(err, &input):
		return err
	case errors.As(err, &surroundings):
		return words.Wrap(err, "file.read", words.A{"file": place.File})
	case errors.Is(err, errItemTooLong):
		return refusal(diag.Err(place, "list.cell-too-long", nil).Do("list.do.delete", nil))
	case errors.Is(err, errTooLarge):
		return refusal(diag.Err(place, "list.unpacked.file-too-large", words.A{"gigabytes": maxPart >> 30}).Do("list.do.slim", nil))
	case errors.Is(err, errBomb):
		return refusal(diag.Err(place, "list.file-bomb", words.A{"times": maxRatio}).Do("list.do.ask-origin", nil))
	default:
		return refusal(diag.Err(place, "list.file-damaged", words.A{"cause": causeOf(err)}).Do("list.do.save-again", nil))
	}
}

// causeOf is what is wrong inside the file, on one line.
func causeOf(err error) words.Text {
	var own words.Sayer
	if errors.As(err, &own) {
		return own.Says()
	}
	return words.Raw(clipText(err.Error()))
}

func openWorkbook(f *os.File, z *zip.Reader, name string) (*workbook, error) {
	w := &workbook{path: name, file: f, parts: make(map[string]*zip.File, len(z.File))}
	if len(z.File) > maxEntries {
		return nil, damaged(diag.Place{File: name}, errBomb)
	}
	for _, part := range z.File {
		key := strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(part.Name, `\`, "/"), "/"))
		if _, twice := w.parts[key]; !twice {
			w.parts[key] = part
		}
	}
	if err := w.readParts(); err != nil {
		return nil, damaged(diag.Place{File: name}, err)
	}
	return w, nil
}

type relationXML struct {
	ID     string `xml:"Id,attr"`
	Type   string `xml:"Type,attr"`
	Target string `xml:"Target,attr"`
}

type workbookXML struct {
	Properties struct {
		Date1904 string `xml:"date1904,attr"`
	} `xml:"workbookPr"`
	Calculation struct {
		OnLoad string `xml:"fullCalcOnLoad,attr"`
	} `xml:"calcPr"`
	Sheets []struct {
		Name  string     `xml:"name,attr"`
		State string     `xml:"state,attr"`
		Attrs []xml.Attr `xml:",any,attr"`
	} `xml:"sheets>sheet"`
	Names []struct {
		Name     string `xml:"name,attr"`
		RefersTo string `xml:",chardata"`
	} `xml:"definedNames>definedName"`
}

// nameRecipients is the name under which a report of ours has the sheet that is a list again.
const nameRecipients = "notify_recipients"

// ours is the sheet of a report of ours that is a list again; empty where the workbook is none.
func (b *workbookXML) ours() string {
	for _, n := range b.Names {
		if name, _, ok := strings.Cut(n.RefersTo, "!"); ok && n.Name == nameRecipients {
			return strings.ReplaceAll(strings.Trim(name, "'"), "''", "'")
		}
	}
	return ""
}

// readParts follows the relations from the package to the workbook and from there to its sheets, strings and styles.
func (w *workbook) readParts() error {
	main := "xl/workbook.xml"
	roots, err := w.relations("")
	if err != nil {
		return err
	}
	for _, r := range roots {
		if strings.HasSuffix(r.Type, "/officeDocument") {
			main = resolve("", r.Target)
		}
	}
	var book workbookXML
	if err := w.decode(main, &book); err != nil {
		return err
	}
	relations, err := w.relations(main)
	if err != nil {
		return err
	}
	byID := make(map[string]relationXML, len(relations))
	for _, r := range relations {
		byID[r.ID] = r
		switch r.Type[strings.LastIndexByte(r.Type, '/')+1:] {
		case "sharedStrings":
			w.strings = resolve(main, r.Target)
		case "styles":
			w.styles = resolve(main, r.Target)
		}
	}
	w.ours = book.ours()
	w.uncalculated = isTrue(book.Calculation.OnLoad)
	w.date1904 = book.Properties.Date1904 == "1" || book.Properties.Date1904 == "true"
	for _, s := range book.Sheets {
		info := sheetInfo{name: s.Name, hidden: s.State == "hidden" || s.State == "veryHidden"}
		for _, a := range s.Attrs {
			if r, ok := byID[a.Value]; ok && a.Name.Local == "id" {
				info.part, info.grid = resolve(main, r.Target), strings.HasSuffix(r.Type, "/worksheet")
			}
		}
		w.sheets = append(w.sheets, info)
	}
	return nil
}

// resolve is the part that a relation of another part points to, as the parts are keyed.
func resolve(from, target string) string {
	target = strings.ReplaceAll(target, `\`, "/")
	if !strings.HasPrefix(target, "/") {
		target = path.Join(path.Dir(from), target)
	}
	return strings.ToLower(strings.TrimPrefix(path.Clean(target), "/"))
}

func (w *workbook) relations(part string) ([]relationXML, error) {
	name := path.Join(path.Dir(part), "_rels", path.Base(part)+".rels")
	if part == "" {
		name = "_rels/.rels"
	}
	if w.parts[name] == nil {
		return nil, nil
	}
	var doc struct {
		Relations []relationXML `xml:"Relationship"`
	}
	err := w.decode(name, &doc)
	return doc.Relations, err
}

// decode reads a small part.
func (w *workbook) decode(part string, into any) error {
	b, err := w.bytes(part)
	if err != nil {
		return err
	}
	d := xml.NewDecoder(strings.NewReader(string(b)))
	d.CharsetReader = charset.NewReaderLabel
	if err := d.Decode(into); err != nil {
		return words.Wrap(err, "file.part", words.A{"part": part})
	}
	return nil
}

func (w *workbook) bytes(part string) ([]byte, error) {
	r, closer, err := w.open(part, maxSmall)
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, words.Wrap(err, "file.part", words.A{"part": part})
	}
	return b, nil
}

// open is a part, unpacked as it is read and bounded.
func (w *workbook) open(part string, limit int64) (*meter, io.Closer, error) {
	entry := w.parts[part]
	if entry == nil {
		return nil, nil, words.Err("list.inside.part", words.A{"part": part})
	}
	r, err := entry.Open()
	if err != nil {
		return nil, nil, words.Wrap(err, "file.part", words.A{"part": part})
	}
	return &meter{r: r, max: limit, packed: max(int64(entry.CompressedSize64), 1)}, r, nil // a size in a file of less than 1 GB
}

// tokens reads XML piece by piece. Names are compared without their prefix: writers differ in it.
type tokens struct {
	meter *meter
	xml   *xml.Decoder
	close io.Closer
}

func (w *workbook) tokens(part string) (*tokens, error) {
	m, closer, err := w.open(part, maxPart)
	if err != nil {
		return nil, err
	}
	m.maxItem = maxToken
	d := xml.NewDecoder(bufio.NewReaderSize(m, 1<<16))
	d.CharsetReader = charset.NewReaderLabel
	return &tokens{meter: m, xml: d, close: closer}, nil
}

func (t *tokens) next() (xml.Token, error) {
	t.meter.item = 0
	return t.xml.RawToken()
}

func attr(el xml.StartElement, name string) string {
	for _, a := range el.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

func isTrue(s string) bool { return s == "1" || s == "true" }
