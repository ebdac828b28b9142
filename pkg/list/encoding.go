package list

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// The names of encodings, as Header.Encoding gives them.
const (
	encodingUTF8    = "utf-8"
	encodingUTF8BOM = "utf-8-bom"
	encodingUTF16LE = "utf-16le"
	encodingUTF16BE = "utf-16be"
	encodingGB18030 = "gb18030"
)

// textCharset is how the bytes of a text file are to be read.
type textCharset struct {
	name    string
	decoder *encoding.Decoder // nil for UTF-8
	skip    int64             // bytes of the mark at the start
	oldMac  bool              // lines end in a carriage return alone
}

// detectCharset reads the whole file once: only its last line may tell UTF-8 from what Excel saves in China.
func detectCharset(f *os.File) (textCharset, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return textCharset{}, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	in := bufio.NewReaderSize(f, 1<<16)
	mark, err := in.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return textCharset{}, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	switch {
	case bytes.HasPrefix(mark, []byte{0xFF, 0xFE}):
		return textCharset{name: encodingUTF16LE, decoder: unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder(), skip: 2}, nil
	case bytes.HasPrefix(mark, []byte{0xFE, 0xFF}):
		return textCharset{name: encodingUTF16BE, decoder: unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder(), skip: 2}, nil
	}
	var count utf8Count
	if _, err := io.Copy(&count, in); err != nil {
		return textCharset{}, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	count.end()
	c := textCharset{name: encodingUTF8, oldMac: count.returns > 0 && count.feeds == 0}
	switch {
	case bytes.HasPrefix(mark, []byte("\xEF\xBB\xBF")):
		c.name, c.skip = encodingUTF8BOM, 3
	case count.bad > 0 && count.wide < 10*count.bad:
		// GB18030 text hardly ever has the form of UTF-8 by chance; a UTF-8 file with a few spoilt bytes has it nearly everywhere.
		c.name, c.decoder = encodingGB18030, simplifiedchinese.GB18030.NewDecoder()
	}
	return c, nil
}

// open is the text from its first character on. Bytes that cannot be read become U+FFFD.
func (c textCharset) open(f *os.File) (io.Reader, error) {
	if _, err := f.Seek(c.skip, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	var r io.Reader = f
	if c.decoder != nil {
		c.decoder.Reset()
		r = transform.NewReader(f, c.decoder)
	}
	if c.oldMac {
		r = &returnReader{r}
	}
	return r, nil
}

// utf8Count counts what is, and what is not, UTF-8 beyond ASCII in a stream.
type utf8Count struct {
	wide, bad      int
	feeds, returns int
	rest           []byte
}

func (u *utf8Count) Write(p []byte) (int, error) {
	u.feeds += bytes.Count(p, []byte{'\n'})
	u.returns += bytes.Count(p, []byte{'\r'})
	b := p
	if len(u.rest) > 0 {
		b = append(u.rest, p...)
	}
	for len(b) > 0 {
		if b[0] < utf8.RuneSelf {
			b = b[1:]
			continue
		}
		if !utf8.FullRune(b) {
			break
		}
		r, size := utf8.DecodeRune(b)
		u.count(r, size)
		b = b[size:]
	}
	u.rest = append(u.rest[:0:0], b...)
	return len(p), nil
}

func (u *utf8Count) count(r rune, size int) {
	if r == utf8.RuneError && size == 1 {
		u.bad++
	} else {
		u.wide++
	}
}

func (u *utf8Count) end() { u.bad += len(u.rest) }

// returnReader turns carriage returns into line feeds.
type returnReader struct{ r io.Reader }

func (r *returnReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	for i := range n {
		if p[i] == '\r' {
			p[i] = '\n'
		}
	}
	return n, err //nolint:wrapcheck // a reader passes errors on
}
