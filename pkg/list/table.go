package list

import (
	"errors"
	"io"
	"slices"
	"strings"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/words"
)

// table makes recipients of a source's rows. It is what Open returns.
type table struct {
	src     source
	header  Header
	columns *columnSet
	country string
	roles   *roles
	need    []message.Channel
	maxRows int

	rec      record
	values   []string
	byIndex  []int // column of the file → position in columns, or -1
	to       []Reach
	rows     int
	hidden   int
	started  bool
	finished bool
	likely   map[string]string // what the channels said of probable slips
	doubtful bool              // the encoding was guessed, and nothing was shown of it yet
	second   string            // the encoding that it may be as well
	stray    map[int]bool      // columns without a header in which something stood
	report   bool              // a report of ours, which has a row for each message
	before   string            // of a report: the person of the row before
	text     bool              // a text file, in which a cell too many means that the cells of the row have shifted
}

func (t *table) Header() Header { return t.header }

func (t *table) Close() error { return t.src.Close() }

// begin finds the headers and maps the columns.
func (t *table) begin(path string, o Options) error {
	t.header.File = path
	t.src.describe(&t.header)
	best, found, err := findHeader(t.src, o)
	if err != nil {
		return err
	}
	t.header.Row = best.row
	place := t.src.place(best.row, 0)
	t.columns = newColumnSet(t.roles, place, best.headers, o.Columns)
	t.header.Columns, t.header.Mapped = t.columns.names(), t.columns.mapped()
	t.header.Competing = t.columns.compete
	if survey := o.survey || !found || len(t.columns.lacking(o.Need)) > 0; survey {
		if err := best.below.read(t.src, o); err != nil {
			return err
		}
		t.header.Offered = t.columns.offers(&best.below)
	}
	if !found {
		return noHeader(t.src.place(0, 0), best, t.header.Sheets, offered(t.header.Offered), o).Err()
	}
	t.columns.checkNeed(o.Need, t.header.Offered)
	for i := range t.columns.columns {
		c := &t.columns.columns[i]
		if c.hidden = t.src.hiddenColumn(c.index); c.hidden && c.role != roleNone {
			t.columns.problems.Add(diag.Err(t.columns.at(*c), "list.column-hidden", words.A{"role": string(c.role)}).Do("list.do.look-first", nil).Warns())
		}
	}
	t.layOut()
	return t.columns.problems.Err()
}

// Use is described at Reader.
func (t *table) Use(columns []string) {
	for i := range t.columns.columns {
		c := &t.columns.columns[i]
		c.unused = c.role == roleNone && !slices.Contains(columns, c.name)
	}
}

func (t *table) layOut() {
	t.values = make([]string, len(t.columns.columns))
	t.stray = make(map[int]bool)
	for position, c := range t.columns.columns {
		for len(t.byIndex) <= c.index {
			t.byIndex = append(t.byIndex, -1)
		}
		t.byIndex[c.index] = position
	}
	t.report = slices.Contains(t.header.Columns, ownColumn+"row") && slices.Contains(t.header.Columns, ownColumn+"channel")
}

// ownColumn begins the headers that a report of ours adds to those of the list.
const ownColumn = "notify_"

// again reports a further message of the person of the row before, where the file is a report of ours that is sent again.
func (t *table) again() bool {
	if !t.report {
		return false
	}
	var person strings.Builder
	for i := range t.rec.cells {
		if i >= len(t.byIndex) || t.byIndex[i] < 0 {
			continue
		}
		if name := t.columns.columns[t.byIndex[i]].name; name == ownColumn+"row" || !strings.HasPrefix(name, ownColumn) {
			person.WriteString(name + "\x00" + t.rec.cells[i].text + "\x00")
		}
	}
	same := person.String() == t.before
	t.before = person.String()
	return same
}

// Next is described at Reader.
func (t *table) Next(row *Row, problems *diag.List) error {
	if !t.started {
		t.started = true
		for _, p := range t.columns.problems.Kept() {
			problems.Add(p)
		}
	}
	for {
		err := t.src.next(&t.rec)
		if errors.Is(err, io.EOF) {
			t.finish(problems)
		}
		if err != nil {
			return err
		}
		if t.rec.empty() || t.again() {
			continue
		}
		if t.rows++; t.rows > t.maxRows {
			return refusal(diag.Err(t.place(nil), "list.too-many-rows", words.A{"most": t.maxRows}).Do("list.do.split-or-delete", nil))
		}
		t.fill(row, problems)
		return nil
	}
}

func (r *record) empty() bool {
	for i := range r.cells {
		if !r.cells[i].blank() {
			return false
		}
	}
	return true
}

func (t *table) finish(problems *diag.List) {
	if t.finished {
		return
	}
	t.finished = true
	if t.doubtful {
		t.doubtEncoding(strings.Join(t.header.Columns, ", "), nil, problems)
	}
	if t.hidden > 0 {
		problems.Add(diag.Err(t.src.place(0, 0), "list.rows-hidden", words.A{"n": t.hidden}).Do("list.do.delete-hidden", nil).Warns())
	}
	if t.rows == 0 {
		problems.Add(diag.Err(t.src.place(0, 0), "list.list-empty", nil).Do("list.do.put-below", nil))
	}
	t.src.finish(t.header.Row+1, problems)
}

// place is the current row, and the column where there is one.
func (t *table) place(c *column) diag.Place {
	p := t.src.place(t.rec.row, t.rec.line)
	if c != nil {
		p.Column = c.place()
	}
	return p
}

// fill reads the current record into row.
func (t *table) fill(row *Row, problems *diag.List) {
	t.to = t.to[:0]
	*row = Row{Number: t.rec.row, Hidden: t.rec.hidden, Values: t.values}
	if t.rec.hidden {
		t.hidden++
	}
	clear(t.values)
	repeated := 0
	for i := range t.rec.cells {
		c := &t.rec.cells[i]
		if c.text == "" && c.kind == kindText {
			continue
		}
		if i >= len(t.byIndex) || t.byIndex[i] < 0 {
			t.strayCell(i, c, problems)
			continue
		}
		position := t.byIndex[i]
		col := &t.columns.columns[position]
		t.values[position] = t.value(c, col, problems)
		if col.role != roleNone && t.values[position] == col.name {
			repeated++
		}
	}
	if repeated > 0 && repeated == len(t.columns.byRole) {
		problems.Add(diag.Err(t.place(nil), "list.header-repeated", nil).Do("list.do.delete-row", nil))
		return
	}
	t.doubtName(problems)
	t.addresses(row, problems)
	t.identity(row, problems)
	if len(t.need) == 0 && t.unreachable() {
		problems.Add(diag.Err(t.place(nil), "list.address-missing", nil).Do("list.do.fill-one-in", nil))
	}
}

// unreachable reports a row whose cells for addresses are all blank.
func (t *table) unreachable() bool {
	for r := range t.roles.channels {
		if c, _, col := t.cellOf(r); col != nil && !c.blank() {
			return false
		}
	}
	return true
}

// value is what the cell shows; where a number serves as a key or an address, never less than its digits.
func (t *table) value(c *cell, col *column, problems *diag.List) string {
	switch c.kind {
	case kindUncached:
		problems.Add(diag.Err(t.place(col), "list.formula-uncached", nil).Do("list.do.calculate", nil))
		return ""
	case kindNumber:
		return t.number(c, col, problems)
	case kindText, kindFailed:
	}
	return t.textual(c, col, problems)
}

// textual is the value of a cell with a text, or with an error.
func (t *table) textual(c *cell, col *column, problems *diag.List) string {
	s := trim(c.text)
	switch {
	case c.kind == kindFailed || isCellError(s):
		problems.Add(diag.Err(t.place(col), "list.cell-error", nil).Do("list.do.mend-formula", nil).With(clipText(s)))
		return ""
	case isDamaged(s):
		problems.Add(diag.Err(t.place(col), "list.bad-characters", nil).Do("list.do.type-again", nil).With(mask(s)))
	case t.text && col.needsDigits() && channel.LosesDigits(s) && strings.Contains(s, "+"): // "12E3" may well be a key
		problems.Add(digitsLost(t.place(col), s))
	case t.text && t.holdsRows(s):
		problems.Add(diag.Err(t.place(col), "list.quote-open", nil).Do("list.do.find-quote", nil))
	}
	switch {
	case col.entry != nil:
		return s
	case col.role == roleKey:
		return oneLine(s)
	case col.role == roleName:
		return oneLine(t.shown(c, col, s, problems))
	}
	return t.shown(c, col, s, problems)
}

// number is what a cell with a number shows. Beyond 15 digits a spreadsheet keeps zeros, whatever was typed.
func (t *table) number(c *cell, col *column, problems *diag.List) string {
	exactly, lost := exact(c.text)
	shown := t.shown(c, col, exactly, problems)
	if lost && col.needsDigits() {
		problems.Add(digitsLost(t.place(col), shown))
	}
	return shown
}

// shown is what the sheet shows for a cell, and plain where that is not known or the column is read by a machine.
func (t *table) shown(c *cell, col *column, plain string, problems *diag.List) string {
	shown, err := t.src.shown(c)
	shown = trim(shown)
	switch {
	case col.role == roleKey || col.entry != nil:
		if err != nil || shown == "" || channel.LosesDigits(shown) {
			return plain
		}
	case err != nil:
		if !col.unused {
			problems.Add(diag.Err(t.place(col), "list.format-unsure", words.A{"why": unsureWhy(err)}).Do("list.do.plain-format", nil).With(mask(plain)))
		}
		return plain
	}
	return shown
}

func digitsLost(place diag.Place, value string) diag.Problem {
	return diag.Err(place, "list.digits-lost", nil).Do("list.do.set-to-text", nil).With(mask(value))
}

// doubtName shows the first name that would read otherwise in another encoding, where that is not beyond doubt.
func (t *table) doubtName(problems *diag.List) {
	if !t.doubtful {
		return
	}
	name, named := t.columns.byRole[roleName]
	for i, v := range t.values {
		if (!named || i == name) && !isASCII(v) {
			t.doubtEncoding(v, &t.columns.columns[i], problems)
			return
		}
	}
}

func (t *table) doubtEncoding(value string, col *column, problems *diag.List) {
	t.doubtful = false
	p := t.place(col)
	if col == nil {
		p = t.src.place(t.header.Row, 0)
	}
	doubt := diag.Err(p, "list.encoding-doubt", words.A{"encoding": t.header.Encoding}).Do("list.do.say-encoding", nil).With(mask(value)).Warns()
	if t.second != "" {
		doubt = doubt.Do("list.do.other-encoding", words.A{"second": t.second})
	}
	problems.Add(doubt)
}

// holdsRows reports a cell with a line break in which one of the lines has as many cells as the file has columns.
func (t *table) holdsRows(s string) bool {
	if len(t.columns.columns) < 2 || !strings.Contains(s, "\n") {
		return false
	}
	for line := range strings.SplitSeq(s, "\n") {
		if strings.Count(line, t.header.Comma) >= len(t.columns.columns)-1 {
			return true
		}
	}
	return false
}

// strayCell reports a value for which there is no header.
func (t *table) strayCell(index int, c *cell, problems *diag.List) {
	if c.blank() {
		return
	}
	p := t.src.place(t.rec.row, t.rec.line)
	p.Column = letter(index)
	if t.text && index >= len(t.byIndex) {
		problems.Add(diag.Err(p, "list.too-many-cells", nil).Do("list.do.quote-separator", nil).With(mask(c.text)))
		return
	}
	if !t.stray[index] {
		t.stray[index] = true
		problems.Add(diag.Err(p, "list.column-unnamed", nil).Do("list.do.name-column", nil).Warns())
	}
}

// cellOf is the current row's cell for a role, its value and its column.
func (t *table) cellOf(r role) (*cell, string, *column) {
	position, ok := t.columns.byRole[r]
	if !ok {
		return nil, "", nil
	}
	col := &t.columns.columns[position]
	if col.index >= len(t.rec.cells) {
		return &cell{}, "", col
	}
	return &t.rec.cells[col.index], t.values[position], col
}

// addresses reads those of every channel.
func (t *table) addresses(row *Row, problems *diag.List) {
	for _, r := range t.roles.all {
		if e, ok := t.roles.channels[r]; ok {
			t.address(r, &e, problems)
		}
	}
	if len(t.to) > 0 {
		row.To = t.to
	}
}

// address reads one of the row's addresses.
func (t *table) address(r role, e *channel.Entry, problems *diag.List) {
	c, value, col := t.cellOf(r)
	if col == nil {
		return
	}
	if value == "" {
		if t.must(e.Name) && c.blank() {
			p := diag.Err(t.place(col), "list.missing", words.A{"channel": string(e.Name)}).Do("list.do.fill-in", nil)
			p.Code = string(r) + "-missing"
			problems.Add(p)
		}
		return
	}
	a, err := t.parse(e, c, value)
	if err == nil {
		t.keep(e, a, col, problems)
		t.doubtCountry(e, a, value, col, problems)
		return
	}
	p := diag.Problem{Code: string(r) + "-invalid", Place: t.place(col), Value: mask(value), Summary: words.Cause(err), Hint: words.HintOf(err)}
	var fault *channel.AddressError
	if errors.As(err, &fault) {
		p.Code, p.Summary, p.Hint = fault.Code, fault.Summary, fault.Hint
	}
	if len(t.need) > 0 && !t.must(e.Name) {
		p.Severity = diag.Warning
	}
	problems.Add(p)
}

// keep stores an address, and doubts a domain that is probably a slip.
func (t *table) keep(e *channel.Entry, a message.Address, col *column, problems *diag.List) {
	t.to = append(t.to, Reach{e.Name, a})
	if e.Likely == nil {
		return
	}
	domain := e.PaceOf(a)
	if likely := t.slip(e, domain); likely != "" {
		p := diag.Err(t.place(col), "list.typo", words.A{"domain": domain}).Do("list.do.likely-domain", words.A{"likely": likely}).With(e.Mask(a)).Warns()
		p.Code = e.Column + "-typo"
		problems.Add(p)
	}
}

// doubtCountry doubts a number of another country that is one at home without its plus: it was set before all numbers, perhaps.
func (t *table) doubtCountry(e *channel.Entry, a message.Address, value string, col *column, problems *diag.List) {
	if !e.Digits || !strings.ContainsAny(value, "+＋") {
		return
	}
	home, err := e.Parse(strings.TrimPrefix(string(a), "+"), t.country)
	if err != nil || home == a {
		return
	}
	p := diag.Err(t.place(col), "list.elsewhere", words.A{"country": t.country}).
		Do("list.do.country-code", words.A{"country": t.country, "prefix": countryPrefix(home, a)}).With(e.Mask(a)).Warns()
	p.Code = e.Column + "-elsewhere"
	problems.Add(p)
}

// countryPrefix is what an address has before the digits of another.
func countryPrefix(home, a message.Address) string {
	return strings.TrimSuffix(string(home), strings.TrimPrefix(string(a), "+"))
}

// slip is what was probably meant. To find that out costs more than the rest of the row, so that each domain is asked about once.
func (t *table) slip(e *channel.Entry, domain string) string {
	const most = 1 << 12
	if known, ok := t.likely[domain]; ok {
		return known
	}
	if t.likely == nil || len(t.likely) >= most {
		t.likely = make(map[string]string)
	}
	found := e.Likely(domain)
	t.likely[domain] = found
	return found
}

func (t *table) parse(e *channel.Entry, c *cell, value string) (message.Address, error) {
	if e.Digits && c.kind == kindNumber {
		number, lost := exact(c.text)
		if lost {
			return "", channel.ErrDigitsLost()
		}
		value = number
	}
	return e.Parse(value, t.country)
}

// must reports whether every row needs an address for the channel.
func (t *table) must(ch message.Channel) bool { return slices.Contains(t.need, ch) }

// identity reads the row's name and key.
func (t *table) identity(row *Row, problems *diag.List) {
	_, row.Name, _ = t.cellOf(roleName)
	c, value, col := t.cellOf(roleKey)
	if col == nil {
		if len(row.To) > 0 {
			row.Key = string(row.To[0].Address)
		}
		return
	}
	if value == "" {
		if c.blank() {
			problems.Add(diag.Err(t.place(col), "list.key-missing", nil).Do("list.do.fill-in", nil))
		}
		return
	}
	row.Key = value
	if c.kind == kindNumber {
		row.Key, _ = exact(c.text)
	}
}
