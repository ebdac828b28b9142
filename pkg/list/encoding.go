package list

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/words"
)

// The names of encodings, as Header.Encoding gives them; all others are those of htmlindex.
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
	doubt   bool              // the encoding was guessed, and may be another
	second  string            // which one, where it was
}

// Encoding is the name of an encoding as htmlindex has it, of one of its other names too; false where there is none.
func Encoding(name string) (string, bool) {
	lower := strings.ToLower(strings.TrimSpace(name))
	others := map[string]string{"gbk": encodingGB18030, "cp936": encodingGB18030, "cp932": "shift_jis", "cp949": "euc-kr", "cp950": "big5", encodingUTF8BOM: encodingUTF8}
	if other, ok := others[lower]; ok {
		return other, true
	}
	e, err := htmlindex.Get(lower)
	if err != nil {
		return "", false
	}
	known, err := htmlindex.Name(e)
	return known, err == nil
}

// charsetOf is how a text file is read: as it is said, else as its mark says, else by what stands in it.
func charsetOf(f *os.File, o Options) (textCharset, error) {
	c, sample, err := detectCharset(f)
	if err != nil || o.Encoding == "" && c.name != "" {
		return c, err
	}
	if o.Encoding == "" {
		g, err := guessEncoding(sample, channel.Country(o.Country))
		if err != nil {
			return c, words.Wrap(err, "file.read", words.A{"file": f.Name()})
		}
		c.name, c.decoder, c.doubt, c.second = g.name, g.decoder, g.doubt, g.second
		return c, nil
	}
	name, ok := Encoding(o.Encoding)
	if !ok {
		return c, refusal(diag.Err(diag.Place{File: f.Name()}, "list.encoding-unknown", words.A{"name": o.Encoding}).
			Do("list.do.encoding", words.A{"names": words.Names([]string{encodingGB18030, "big5", "shift_jis", "euc-kr", "windows-1252", encodingUTF8}, 0)}))
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return c, words.Wrap(err, "file.read", words.A{"file": f.Name()})
	}
	if name == encodingUTF8 {
		return textCharset{name: name, skip: c.skip, oldMac: c.oldMac}, nil
	}
	return textCharset{name: name, decoder: e.NewDecoder(), skip: c.skip, oldMac: c.oldMac}, nil
}

// detectCharset reads the whole file once: only its last line may tell UTF-8 from something else. Where it is something else
// that has no mark, it has no name, and a sample to guess from.
func detectCharset(f *os.File) (textCharset, []byte, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return textCharset{}, nil, words.Wrap(err, "file.read", words.A{"file": f.Name()})
	}
	in := bufio.NewReaderSize(f, 1<<16)
	head, err := in.Peek(1 << 12)
	if err != nil && !errors.Is(err, io.EOF) {
		return textCharset{}, nil, words.Wrap(err, "file.read", words.A{"file": f.Name()})
	}
	little, big := halfEmpty(head)
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}):
		return utf16Charset(encodingUTF16LE, 2), nil, nil
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return utf16Charset(encodingUTF16BE, 2), nil, nil
	case little:
		return utf16Charset(encodingUTF16LE, 0), nil, nil
	case big:
		return utf16Charset(encodingUTF16BE, 0), nil, nil
	}
	marked := bytes.HasPrefix(head, []byte("\xEF\xBB\xBF"))
	var count utf8Count
	if _, err := io.Copy(&count, in); err != nil {
		return textCharset{}, nil, words.Wrap(err, "file.read", words.A{"file": f.Name()})
	}
	count.end()
	c := textCharset{name: encodingUTF8, oldMac: count.returns > 0 && count.feeds == 0}
	switch {
	case marked:
		c.name, c.skip = encodingUTF8BOM, 3
	case count.bad > 0 && count.wide < 10*count.bad:
		// Other text hardly ever has the form of UTF-8 by chance; a UTF-8 file with a few spoilt bytes has it nearly everywhere.
		c.name = ""
	}
	return c, count.sample, nil
}

func utf16Charset(name string, skip int64) textCharset {
	order := unicode.LittleEndian
	if name == encodingUTF16BE {
		order = unicode.BigEndian
	}
	return textCharset{name: name, decoder: unicode.UTF16(order, unicode.IgnoreBOM).NewDecoder(), skip: skip}
}

// halfEmpty reports text of two bytes for each character without a mark: of digits, commas and Latin letters, which every list
// has, one of the two is zero.
func halfEmpty(head []byte) (little, big bool) {
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	pairs := len(head) / 2
	enough := func(n int) bool { return n >= 4 && n*5 >= pairs }
	return enough(zeros[1]) && zeros[0]*20 <= zeros[1], enough(zeros[0]) && zeros[1]*20 <= zeros[0]
}

// open is the text from its first character on. Bytes that cannot be read become U+FFFD.
func (c textCharset) open(f *os.File) (io.Reader, error) {
	if _, err := f.Seek(c.skip, io.SeekStart); err != nil {
		return nil, words.Wrap(err, "file.read", words.A{"file": f.Name()})
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
	sample         []byte // lines beyond ASCII, up to sampleBytes
}

const sampleBytes = 64 << 10

func (u *utf8Count) Write(p []byte) (int, error) {
	u.feeds += bytes.Count(p, []byte{'\n'})
	u.returns += bytes.Count(p, []byte{'\r'})
	u.take(p)
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

// take keeps lines for a sample.
func (u *utf8Count) take(p []byte) {
	for line := range bytes.Lines(p) {
		if len(u.sample) >= sampleBytes {
			return
		}
		if bytes.ContainsFunc(line, func(r rune) bool { return r >= utf8.RuneSelf }) {
			u.sample = append(u.sample, line[:min(len(line), sampleBytes)]...)
		}
	}
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
	return n, err
}
