package list

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"

	"notify/pkg/outfile"
	"notify/pkg/words"
)

const (
	stringsInMemory = 4 << 20 // beyond it the table goes to a temporary file
	stringsPerBlock = 64
	blocksCached    = 256
	cacheBytes      = 16 << 20
)

// stringTable holds the strings that cells refer to. It keeps one offset for 64 strings and a few recent blocks, so that its
// memory hardly grows with the file: cells refer to strings mostly in the order in which they first appear.
type stringTable struct {
	count   int
	offsets []int64 // where each block begins
	size    int64
	small   []byte   // the whole table, while it is small
	spill   *os.File // otherwise
	cache   [blocksCached]stringBlock
	cached  int64 // bytes in the cache
}

type stringBlock struct {
	number int // block number + 1; zero is empty
	items  []string
}

// readStrings reads the workbook's string table; a workbook without one has an empty table.
func (w *workbook) readStrings(tempDir string) (*stringTable, error) {
	t := &stringTable{}
	if w.strings == "" || w.parts[w.strings] == nil {
		return t, nil
	}
	in, err := w.tokens(w.strings)
	if err != nil {
		return nil, err
	}
	defer in.close.Close()
	b := &stringBuilder{table: t, tempDir: tempDir}
	if err = b.read(in); err == nil {
		err = b.finish()
	}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// stringBuilder writes a table: each string as its length and its bytes.
type stringBuilder struct {
	table   *stringTable
	tempDir string
	memory  bytes.Buffer
	out     *bufio.Writer
}

func (b *stringBuilder) read(in *tokens) error {
	var text richText
	inItem, closed := false, false
	for {
		token, err := in.next()
		if errors.Is(err, io.EOF) {
			if !closed {
				return words.Err("list.inside.strings-early", nil)
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch el := token.(type) {
		case xml.StartElement:
			if el.Name.Local == "si" {
				text.reset()
				inItem = true
			}
			text.start(el.Name.Local)
		case xml.EndElement:
			text.end(el.Name.Local)
			if el.Name.Local == "si" && inItem {
				inItem = false
				if err := b.add(text.String()); err != nil {
					return err
				}
			}
			closed = closed || el.Name.Local == "sst"
		case xml.CharData:
			if err := text.data(el); err != nil {
				return err
			}
		}
	}
}

func (b *stringBuilder) add(s string) error {
	t := b.table
	if t.count%stringsPerBlock == 0 {
		t.offsets = append(t.offsets, t.size)
	}
	var head [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(head[:], uint64(len(s)))
	t.count++
	t.size += int64(n + len(s))
	if b.out == nil {
		b.memory.Write(head[:n])
		b.memory.WriteString(s)
		if b.memory.Len() > stringsInMemory {
			return b.overflow()
		}
		return nil
	}
	if _, err := b.out.Write(head[:n]); err != nil {
		return words.Wrap(err, "file.scratch", nil)
	}
	if _, err := b.out.WriteString(s); err != nil {
		return words.Wrap(err, "file.scratch", nil)
	}
	return nil
}

func (b *stringBuilder) overflow() error {
	f, err := outfile.Scratch(b.tempDir, "notify-list")
	if err != nil {
		return words.Wrap(err, "file.scratch", nil)
	}
	b.table.spill = f
	b.out = bufio.NewWriterSize(f, 1<<16)
	if _, err := b.out.Write(b.memory.Bytes()); err != nil {
		return words.Wrap(err, "file.scratch", nil)
	}
	b.memory = bytes.Buffer{}
	return nil
}

func (b *stringBuilder) finish() error {
	if b.out == nil {
		b.table.small = b.memory.Bytes()
		return nil
	}
	if err := b.out.Flush(); err != nil {
		return words.Wrap(err, "file.scratch", nil)
	}
	return nil
}

// get is one string.
func (t *stringTable) get(index int) (string, error) {
	if index < 0 || index >= t.count {
		return "", words.Err("list.inside.no-such-text", words.A{"text": index + 1, "count": t.count})
	}
	number := index / stringsPerBlock
	block := &t.cache[number%blocksCached]
	if block.number != number+1 {
		if err := t.load(block, number); err != nil {
			return "", err
		}
	}
	return block.items[index%stringsPerBlock], nil
}

func (t *stringTable) load(block *stringBlock, number int) error {
	begin, end := t.offsets[number], t.size
	if number+1 < len(t.offsets) {
		end = t.offsets[number+1]
	}
	var buf []byte
	if t.spill == nil {
		buf = t.small[begin:end]
	} else {
		buf = make([]byte, end-begin)
		if _, err := t.spill.ReadAt(buf, begin); err != nil {
			return words.Wrap(err, "file.scratch", nil)
		}
	}
	if t.cached += end - begin; t.cached > cacheBytes {
		clear(t.cache[:])
		t.cached = end - begin
	}
	block.number, block.items = number+1, block.items[:0]
	for len(buf) > 0 {
		size, n := binary.Uvarint(buf)
		block.items = append(block.items, string(buf[n:n+int(size)]))
		buf = buf[n+int(size):]
	}
	return nil
}

// Close removes the temporary file.
func (t *stringTable) Close() error {
	if t.spill == nil {
		return nil
	}
	f := t.spill
	t.spill = nil
	return outfile.Drop(f)
}

// richText gathers the text of a string item or of a cell: of all its runs, without the readings (phonetic runs) that
// Japanese sheets keep beside it.
type richText struct {
	buf     []byte
	inText  bool
	reading bool
}

func (t *richText) reset() { *t = richText{buf: t.buf[:0]} }

func (t *richText) start(name string) {
	switch name {
	case "rPh":
		t.reading = true
	case "t":
		t.inText = !t.reading
	}
}

func (t *richText) end(name string) {
	switch name {
	case "rPh":
		t.reading = false
	case "t":
		t.inText = false
	}
}

func (t *richText) data(b []byte) error {
	if !t.inText {
		return nil
	}
	if t.buf = append(t.buf, b...); len(t.buf) > maxCellText {
		return errItemTooLong
	}
	return nil
}

// String is the text; "_x000D_" stands for a character that XML cannot hold.
func (t *richText) String() string {
	if !bytes.Contains(t.buf, []byte("_x")) {
		return string(t.buf)
	}
	return unescape(string(t.buf))
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if r, ok := escaped(s[i:]); ok {
			b.WriteRune(r)
			i += len("_x0000_") - 1
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func escaped(s string) (rune, bool) {
	if len(s) < 7 || s[0] != '_' || s[1] != 'x' || s[6] != '_' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[2:6]) {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit < 0 {
			return 0, false
		}
		r = r<<4 | rune(digit)
	}
	return r, true
}
