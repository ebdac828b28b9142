package plan

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"notify/pkg/words"
)

// marks tell which rows of a list are others than before, in 16 kB at most: 16 bits for each row of the sheet, or, where it has
// more than maxMarks, for each block of rows. One change of a row in 65,536 leaves its mark as it was; the digest of the list
// does not miss it.
type marks struct {
	block int // rows of a mark, a power of two; 0 is 1
	sums  []uint16
}

const maxMarks = 8192

// add counts a row in, by its number in the sheet. Its place in a block is part of it.
func (m *marks) add(row int, key string, fields []byte) {
	m.block = max(m.block, 1)
	for row/m.block >= maxMarks {
		m.double()
	}
	at := row / m.block
	for len(m.sums) <= at {
		m.sums = append(m.sums, 0)
	}
	sum := crc32.Update(crc32.ChecksumIEEE([]byte(key)), crc32.IEEETable, fields)
	m.sums[at] += uint16(sum>>16^sum) * uint16(2*row+1) // sixteen bits are what is wanted
}

// double makes the blocks twice as large.
func (m *marks) double() {
	m.block = max(m.block, 1) * 2
	half := m.sums[:0]
	for i := 0; i < len(m.sums); i += 2 {
		sum := m.sums[i]
		if i+1 < len(m.sums) {
			sum += m.sums[i+1]
		}
		half = append(half, sum)
	}
	m.sums = half
}

// String is the value of a term; parseMarks reads it again.
func (m *marks) String() string {
	b := make([]byte, 0, 2*len(m.sums))
	for _, s := range m.sums {
		b = binary.LittleEndian.AppendUint16(b, s)
	}
	return strconv.Itoa(max(m.block, 1)) + ":" + base64.RawStdEncoding.EncodeToString(b)
}

func parseMarks(s string) (*marks, bool) {
	size, text, _ := strings.Cut(s, ":")
	block, err := strconv.Atoi(size)
	if err != nil || block < 1 || block&(block-1) != 0 {
		return nil, false
	}
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil || len(b)%2 != 0 {
		return nil, false
	}
	m := &marks{block: block}
	for ; len(b) > 0; b = b[2:] {
		m.sums = append(m.sums, binary.LittleEndian.Uint16(b))
	}
	return m, true
}

// shownRows is how many places of a list are named.
const shownRows = 4

// rowsChanged says which rows are others: "row 7", "3 rows: 7, 12–13", "within rows 65–72". Nothing where that cannot be told.
func rowsChanged(before, after string) []words.Text {
	was, ok := parseMarks(before)
	now, too := parseMarks(after)
	if !ok || !too {
		return nil
	}
	for was.block < now.block {
		was.double()
	}
	for now.block < was.block {
		now.double()
	}
	var places []string
	rows, more := 0, false
	for from := 0; from < max(len(was.sums), len(now.sums)); from++ {
		to := from
		for was.at(to) != now.at(to) {
			to++
		}
		if to == from {
			continue
		}
		rows += to - from
		if len(places) < shownRows {
			places = append(places, span(from*now.block, to*now.block-1))
		} else {
			more = true
		}
		from = to
	}
	if more {
		places = append(places, "…")
	}
	named := words.Names(places, 0)
	switch {
	case rows == 0:
		return nil
	case now.block > 1:
		return []words.Text{words.T("terms.rows-within", words.A{"rows": named})}
	}
	return []words.Text{words.T("terms.rows", words.A{"n": rows, "rows": named})}
}

// at is a mark; a row that is not there has none.
func (m *marks) at(i int) uint16 {
	if i < len(m.sums) {
		return m.sums[i]
	}
	return 0
}

func span(from, to int) string {
	if from == to {
		return strconv.Itoa(from)
	}
	return fmt.Sprintf("%d–%d", from, to)
}
