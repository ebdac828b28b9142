package plan

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"

	"notify/pkg/message"
	"notify/pkg/outfile"
	"notify/pkg/words"
)

// contact is one row × one channel, as small as it can be to find rows that share an address.
type contact struct {
	Address     [16]byte // hash of channel and address, or of the recipient's key
	Key         [26]byte // the message's key; zero for a recipient's key
	Fingerprint int64
	Index       uint32 // index of the record in the spool
	Channel     uint8  // index in the record's messages, or recipientKey
	Row         uint32
}

func (c *contact) encode() []byte {
	b := make([]byte, 0, contactSize)
	b = append(b, c.Address[:]...)
	b = append(b, c.Key[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(c.Fingerprint))
	b = binary.LittleEndian.AppendUint32(b, c.Index)
	b = append(b, c.Channel)
	return binary.LittleEndian.AppendUint32(b, c.Row)
}

func decodeContact(b *[contactSize]byte) contact {
	c := contact{
		Address: [16]byte(b[:16]), Key: [26]byte(b[16:42]),
		Fingerprint: int64(binary.LittleEndian.Uint64(b[42:50])),
		Index:       binary.LittleEndian.Uint32(b[50:54]), Channel: b[54],
	}
	c.Row = binary.LittleEndian.Uint32(b[55:59])
	return c
}

// sortContacts puts rows of one address together, in the order of the list.
func sortContacts(cs []contact) {
	slices.SortFunc(cs, func(a, b contact) int {
		if c := slices.Compare(a.Address[:], b.Address[:]); c != 0 {
			return c
		}
		return cmp.Compare(a.Index, b.Index)
	})
}

const (
	contactsInMemory = 1 << 14 // 1.2 MB; what is beyond goes to files
	contactParts     = 64
	contactSize      = 16 + 26 + 8 + 4 + 1 + 4
	// recipientKey in place of a channel marks a contact that stands for the recipient's key.
	recipientKey = 0xff
)

// contacts finds the rows that share an address, in bounded memory: up to contactsInMemory of them are sorted in place; of
// more, those with the same first bits go to one of contactParts temporary files, and each file is sorted by itself.
type contacts struct {
	dir   string
	mem   []contact
	parts []*contactPart
}

type contactPart struct {
	f *os.File
	w *bufio.Writer
}

func (s *contacts) Add(c contact) error {
	s.mem = append(s.mem, c)
	if len(s.mem) < contactsInMemory {
		return nil
	}
	return s.spill()
}

func (s *contacts) spill() error {
	for len(s.parts) < contactParts {
		f, err := outfile.Scratch(s.dir, "notify-plan-part")
		if err != nil {
			return words.Wrap(err, "plan.scratch-make", nil)
		}
		s.parts = append(s.parts, &contactPart{f: f, w: bufio.NewWriterSize(f, 1<<12)})
	}
	for _, c := range s.mem {
		if _, err := s.parts[c.Address[0]%contactParts].w.Write(c.encode()); err != nil {
			return words.Wrap(err, "plan.scratch-write", nil)
		}
	}
	s.mem = s.mem[:0]
	return nil
}

// Shared calls fn for every address that more than one row has, with those rows in the order of the list. The slice is
// valid during the call.
func (s *contacts) Shared(fn func([]contact) error) error {
	if s.parts == nil {
		sortContacts(s.mem)
		return eachShared(s.mem, fn)
	}
	if err := s.spill(); err != nil {
		return err
	}
	for _, p := range s.parts {
		if err := p.load(&s.mem); err != nil {
			return err
		}
		sortContacts(s.mem)
		if err := eachShared(s.mem, fn); err != nil {
			return err
		}
	}
	return nil
}

func eachShared(cs []contact, fn func([]contact) error) error {
	for len(cs) > 0 {
		n := 1
		for n < len(cs) && cs[n].Address == cs[0].Address {
			n++
		}
		if n > 1 {
			if err := fn(cs[:n]); err != nil {
				return err
			}
		}
		cs = cs[n:]
	}
	return nil
}

func (p *contactPart) load(into *[]contact) error {
	if err := p.w.Flush(); err != nil {
		return words.Wrap(err, "plan.scratch-write", nil)
	}
	if _, err := p.f.Seek(0, io.SeekStart); err != nil {
		return words.Wrap(err, "plan.scratch-read", nil)
	}
	r := bufio.NewReaderSize(p.f, 1<<16)
	*into = (*into)[:0]
	for {
		var b [contactSize]byte
		_, err := io.ReadFull(r, b[:])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return words.Wrap(err, "plan.scratch-read", nil)
		}
		*into = append(*into, decodeContact(&b))
	}
}

// Close removes the temporary files.
func (s *contacts) Close() error {
	var errs []error
	for _, p := range s.parts {
		errs = append(errs, outfile.Drop(p.f))
	}
	s.parts, s.mem = nil, nil
	return errors.Join(errs...)
}

// folds says which messages are told through another row's. Where the address alone makes the key, both have the same
// key, and a bit for each row and channel is enough.
type folds struct {
	channels int
	bits     []uint64
	// keys holds the key folded into where it is not the row's own: rows of a shared address that are each told.
	keys map[uint64]message.Key
}

func (f *folds) add(index uint32, channel uint8, own, into message.Key) {
	n := uint64(index)*uint64(f.channels) + uint64(channel)
	for uint64(len(f.bits)) <= n/64 {
		f.bits = append(f.bits, 0)
	}
	f.bits[n/64] |= 1 << (n % 64)
	if own != into {
		if f.keys == nil {
			f.keys = make(map[uint64]message.Key)
		}
		f.keys[n] = into
	}
}

func (f *folds) into(index, channel int, own message.Key) (message.Key, bool) {
	n := uint64(index)*uint64(f.channels) + uint64(channel)
	if n/64 >= uint64(len(f.bits)) || f.bits[n/64]&(1<<(n%64)) == 0 {
		return "", false
	}
	if k, ok := f.keys[n]; ok {
		return k, true
	}
	return own, true
}
