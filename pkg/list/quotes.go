package list

import (
	"bufio"
	"bytes"
	"unicode/utf8"
)

// quoteReader takes out the blanks between a closing quotation mark and the end of its cell: encoding/csv would take the
// mark for a part of the text, and read on to the next one.
type quoteReader struct {
	in    *bufio.Reader
	comma rune

	quotes  int  // how many quotation marks were read last, in a row
	begins  bool // they began a cell
	outside byte // what was read before them, blanks left aside; zero at the start
}

// blanksLooked bounds how far the end of a cell may be from its quotation mark.
const blanksLooked = 1 << 10

func (q *quoteReader) Read(p []byte) (int, error) {
	for {
		next, err := q.in.Peek(1)
		if err != nil {
			return 0, err
		}
		if next[0] == ' ' && q.closed() {
			if n, ends := q.blanks(); ends {
				if _, err := q.in.Discard(n); err != nil {
					return 0, err
				}
				continue
			}
		}
		chunk, err := q.in.Peek(min(len(p), q.in.Buffered()))
		if err != nil {
			return 0, err
		}
		if i := bytes.Index(chunk, []byte(`" `)); i >= 0 {
			chunk = chunk[:i+1]
		}
		q.note(chunk)
		n := copy(p, chunk)
		_, err = q.in.Discard(n)
		return n, err
	}
}

// note remembers how what was read ends.
func (q *quoteReader) note(chunk []byte) {
	rest := bytes.TrimRight(chunk, `"`)
	marks := len(chunk) - len(rest)
	if before := bytes.TrimRight(rest, " "); len(before) > 0 {
		q.outside = before[len(before)-1]
	}
	if len(rest) > 0 {
		q.quotes = 0
	}
	if q.quotes == 0 {
		var last [utf8.UTFMax]byte
		n := utf8.EncodeRune(last[:], q.comma)
		q.begins = q.outside == 0 || q.outside == '\n' || q.outside == '\r' || q.outside == last[n-1]
	}
	q.quotes += marks
}

// closed reports that the marks read last close a cell: two of them stand for one in its text.
func (q *quoteReader) closed() bool { return q.quotes > 0 && (q.quotes%2 == 0) == q.begins }

// blanks are how many come next, and whether the cell ends behind them.
func (q *quoteReader) blanks() (n int, ends bool) {
	ahead, _ := q.in.Peek(blanksLooked) // what there is will do
	rest := bytes.TrimLeft(ahead, " ")
	n = len(ahead) - len(rest)
	if len(rest) == 0 {
		return n, len(ahead) < blanksLooked
	}
	next, _ := utf8.DecodeRune(rest)
	return n, next == q.comma || next == '\n' || next == '\r'
}
