package plan

import (
	"bufio"
	"encoding/binary"
	"io"
	"math/bits"
	"os"

	"notify/pkg/message"
	"notify/pkg/outfile"
	"notify/pkg/words"
)

// record is one row in the spool: the messages that its text and addresses would make, before folding.
type record struct {
	row      int
	key      string
	fields   []byte
	messages []Message
}

// spool is the plan's temporary file: written once in the order of the list, read as often as needed. The file is readable
// by its owner only, because it holds addresses.
type spool struct {
	dir string
	f   *os.File
	w   *bufio.Writer
	buf []byte
}

func newSpool(dir string) (*spool, error) {
	f, err := outfile.Scratch(dir, "notify-plan")
	if err != nil {
		return nil, words.Wrap(err, "plan.scratch-make", nil)
	}
	return &spool{dir: dir, f: f, w: bufio.NewWriterSize(f, 1<<16)}, nil
}

// Append writes a record. The order of its parts is the file's format; it never outlives the process.
func (s *spool) Append(r *record) error {
	b := s.buf[:0]
	b = binary.AppendUvarint(b, uint64(r.row))
	b = appendBytes(b, r.key)
	b = appendBytes(b, r.fields)
	b = binary.AppendUvarint(b, uint64(len(r.messages)))
	for _, m := range r.messages {
		b = appendBytes(b, m.Channel)
		b = appendBytes(b, m.Key)
		b = appendBytes(b, m.Address)
		b = binary.AppendUvarint(b, uint64(m.Segments))
		b = binary.AppendVarint(b, m.Fingerprint)
	}
	s.buf = b
	var size [binary.MaxVarintLen64]byte
	if _, err := s.w.Write(size[:binary.PutUvarint(size[:], uint64(len(b)))]); err != nil {
		return words.Wrap(err, "plan.scratch-write", nil)
	}
	if _, err := s.w.Write(b); err != nil {
		return words.Wrap(err, "plan.scratch-write", nil)
	}
	return nil
}

func appendBytes[T ~string | ~[]byte](b []byte, v T) []byte {
	b = binary.AppendUvarint(b, uint64(len(v)))
	return append(b, v...)
}

// Written ends what is appended: from here on the file is only read.
func (s *spool) Written() error {
	if err := s.w.Flush(); err != nil {
		return words.Wrap(err, "plan.scratch-write", nil)
	}
	return nil
}

// Reader reads from the start what was Written. Only one reader may be in use at a time.
func (s *spool) Reader() (*spoolReader, error) {
	if s.f == nil {
		return nil, words.Wrap(os.ErrClosed, "plan.scratch-read", nil)
	}
	size, err := s.f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, words.Wrap(err, "plan.scratch-read", nil)
	}
	return &spoolReader{r: bufio.NewReaderSize(io.NewSectionReader(s.f, 0, size), 1<<16)}, nil
}

// Close removes the file.
func (s *spool) Close() error {
	if s == nil || s.f == nil {
		return nil
	}
	err := outfile.Drop(s.f)
	s.f = nil
	return err
}

type spoolReader struct {
	r   *bufio.Reader
	at  int64 // where buf lies
	buf []byte
}

// read reads a record where it lies, with the memory of buf.
func (s *spool) read(at int64, size int, buf []byte, rec *record) ([]byte, error) {
	if cap(buf) < size {
		buf = make([]byte, size)
	}
	if _, err := s.f.ReadAt(buf[:size], at); err != nil {
		return buf, err
	}
	return buf, decode(buf[:size], rec)
}

// Next reads the next record; its fields are valid until the one after. It returns io.EOF after the last.
func (r *spoolReader) Next(rec *record) error {
	size, err := binary.ReadUvarint(r.r)
	if err != nil {
		return err
	}
	r.at += int64(len(r.buf)) + int64(uvarintSize(size))
	if uint64(cap(r.buf)) < size {
		r.buf = make([]byte, size)
	}
	r.buf = r.buf[:size]
	if _, err := io.ReadFull(r.r, r.buf); err != nil {
		return err
	}
	return decode(r.buf, rec)
}

// uvarintSize is how many bytes a number has as binary.AppendUvarint writes it.
func uvarintSize(n uint64) int { return max(1, (bits.Len64(n)+6)/7) }

func decode(b []byte, rec *record) error {
	d := decoder{b: b}
	rec.row = int(d.uvarint())
	rec.key = string(d.bytes())
	rec.fields = append(rec.fields[:0], d.bytes()...)
	rec.messages = rec.messages[:0]
	for range d.uvarint() {
		rec.messages = append(rec.messages, Message{
			Channel:     message.Channel(d.bytes()),
			Key:         message.Key(d.bytes()),
			Address:     message.Address(d.bytes()),
			Segments:    int(d.uvarint()),
			Fingerprint: d.varint(),
		})
	}
	return d.err
}

// decoder reads what Append wrote; after an error it yields zero values, and err says so.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail() { d.b, d.err = nil, io.ErrUnexpectedEOF }

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) bytes() []byte {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.fail()
		return nil
	}
	v := d.b[:n]
	d.b = d.b[n:]
	return v
}
