package list

import (
	"errors"
	"io"
)

// The refusals of a meter.
var (
	errItemTooLong = errors.New("one item is too long")
	errTooLarge    = errors.New("too large when unpacked")
	errBomb        = errors.New("unpacks to many times its size")
)

// A spreadsheet of real people packs about ten to one; twenty where most cells are empty.
const (
	maxRatio     = 200
	ratioApplies = 64 << 20
)

// meter bounds what a reader may give: for one item (the caller sets item to 0 before each), in all, and for the packed size.
// A limit of zero is none.
type meter struct {
	r       io.Reader
	maxItem int64
	max     int64
	packed  int64
	item    int64
	total   int64
}

func (m *meter) Read(p []byte) (int, error) {
	switch {
	case m.maxItem > 0 && m.item > m.maxItem:
		return 0, errItemTooLong
	case m.max > 0 && m.total > m.max:
		return 0, errTooLarge
	case m.packed > 0 && m.total > ratioApplies && m.total/m.packed > maxRatio:
		return 0, errBomb
	}
	n, err := m.r.Read(p)
	m.item += int64(n)
	m.total += int64(n)
	return n, err
}
