package plan

import (
	"bufio"
	"container/heap"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"os"

	"notify/pkg/campaign"
	"notify/pkg/outfile"
	"notify/pkg/words"
)

// Leaving reads the recipients in the order in which their messages are to leave: that of the list, or spread by domain. A Recipient's slices
// are valid until the next one.
//
// Spread, the k-th of the n rows of a domain stands between the places k·N/n and (k+1)·N/n of all N, so that among any W rows that follow each other
// there are at most W·n/N + 2 of the domain. Places are given as to jobs on one machine: of the rows whose time has come, that goes which must go first.
// The same list has the same order. What is kept in memory grows with the domains and not with the rows: they are read where they lie, by a
// second file that leads from each row to the next one of its domain.
func (p *Plan) Leaving() iter.Seq2[Recipient, error] {
	if p.Spec.Order != campaign.OrderSpread {
		return p.Rows()
	}
	return func(yield func(Recipient, error) bool) {
		if err := p.spread(func(r Recipient) bool { return yield(r, nil) }); err != nil {
			yield(Recipient{}, err)
		}
	}
}

// Domain is for whom a row counts where the order is spread: the domain of its first message that has one.
func (p *Plan) domain(r *Recipient) string {
	for i := range r.Messages {
		e := p.entries[r.Messages[i].Channel]
		if domain := e.PaceOf(r.Messages[i].Address); domain != "" {
			return domain
		}
	}
	return ""
}

// link is where a row lies in the spool, and which row of its domain is the next: its number from 1, 0 for none.
type link struct {
	at   int64
	size uint32
	next uint32
}

const (
	linkSize  = 16
	linkBlock = 4096 // links that are written back together
)

// links are a file of them, one for each row in the order of the list.
type links struct {
	f      *os.File
	rows   int
	counts []int64  // rows by domain
	heads  []uint32 // the next row of each domain
}

func (p *Plan) spread(yield func(Recipient) bool) error {
	f, err := outfile.Scratch(p.rows.dir, "notify-plan-order")
	if err != nil {
		return words.Wrap(err, "plan.scratch-make", nil)
	}
	ls := &links{f: f}
	err = ls.write(p)
	if err == nil {
		err = ls.chain()
	}
	if err == nil {
		err = p.inTurn(ls, yield)
	}
	if drop := outfile.Drop(f); drop != nil {
		err = errors.Join(err, words.Wrap(drop, "plan.scratch-remove", nil))
	}
	return err
}

// write notes where each row lies, with its domain in the place of the next one.
func (ls *links) write(p *Plan) error {
	w := bufio.NewWriterSize(ls.f, 1<<16)
	domains := make(map[string]uint32)
	r, err := p.rows.Reader()
	if err != nil {
		return err
	}
	var rec record
	var out Recipient
	for ; ; ls.rows++ {
		err := r.Next(&rec)
		if errors.Is(err, io.EOF) {
			if err := w.Flush(); err != nil {
				return words.Wrap(err, "plan.scratch-write", nil)
			}
			return nil
		}
		if err != nil {
			return words.Wrap(err, "plan.scratch-read", nil)
		}
		p.recipient(ls.rows, &rec, &out)
		domain := p.domain(&out)
		d, known := domains[domain]
		if !known {
			d = uint32(len(ls.counts)) // bounded by list.MaxRows
			domains[domain], ls.counts = d, append(ls.counts, 0)
		}
		ls.counts[d]++
		if _, err := w.Write(link{at: r.at, size: uint32(len(r.buf)), next: d}.encode(nil)); err != nil {
			return words.Wrap(err, "plan.scratch-write", nil)
		}
	}
}

// chain leads from each row to the next of its domain, from the last row to the first.
func (ls *links) chain() error {
	ls.heads = make([]uint32, len(ls.counts))
	buf := make([]byte, linkBlock*linkSize)
	for end := ls.rows; end > 0; {
		from := max(0, end-linkBlock)
		block := buf[:(end-from)*linkSize]
		if _, err := ls.f.ReadAt(block, int64(from)*linkSize); err != nil {
			return words.Wrap(err, "plan.scratch-read", nil)
		}
		for i := end - 1; i >= from; i-- {
			b := block[(i-from)*linkSize:][:linkSize]
			l := decodeLink(b)
			l.next, ls.heads[l.next] = ls.heads[l.next], uint32(i+1) // bounded by list.MaxRows
			l.encode(b[:0])
		}
		if _, err := ls.f.WriteAt(block, int64(from)*linkSize); err != nil {
			return words.Wrap(err, "plan.scratch-write", nil)
		}
		end = from
	}
	return nil
}

func (l link) encode(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(l.at))
	b = binary.LittleEndian.AppendUint32(b, l.size)
	return binary.LittleEndian.AppendUint32(b, l.next)
}

func decodeLink(b []byte) link {
	return link{at: int64(binary.LittleEndian.Uint64(b)), size: binary.LittleEndian.Uint32(b[8:]), next: binary.LittleEndian.Uint32(b[12:])}
}

// inTurn reads the rows in their places.
func (p *Plan) inTurn(ls *links, yield func(Recipient) bool) error {
	var rec record
	var out Recipient
	var buf []byte
	var failed error
	order(ls.counts, func(domain int) bool {
		i := ls.heads[domain]
		b := make([]byte, linkSize)
		if _, failed = ls.f.ReadAt(b, int64(i-1)*linkSize); failed != nil {
			return false
		}
		l := decodeLink(b)
		ls.heads[domain] = l.next
		if buf, failed = p.rows.read(l.at, int(l.size), buf, &rec); failed != nil {
			return false
		}
		p.recipient(int(i-1), &rec, &out)
		return yield(out)
	})
	if failed != nil {
		return words.Wrap(failed, "plan.scratch-read", nil)
	}
	return nil
}

// order gives the places, one after the other, to domains with so many rows each.
func order(counts []int64, yield func(domain int) bool) {
	var all int64
	done := make([]int64, len(counts)) // rows that have their place
	waiting, ready := &queue{}, &queue{}
	for d, n := range counts {
		all += n
		heap.Push(waiting, turn{0, d})
	}
	for place := range all {
		for waiting.Len() > 0 && (*waiting)[0].when <= place {
			d := heap.Pop(waiting).(turn).domain
			heap.Push(ready, turn{((done[d]+1)*all + counts[d] - 1) / counts[d], d})
		}
		d := heap.Pop(ready).(turn).domain
		if !yield(d) {
			return
		}
		if done[d]++; done[d] < counts[d] {
			heap.Push(waiting, turn{done[d] * all / counts[d], d})
		}
	}
}

// turn is when a domain's next row may go, or must have gone.
type turn struct {
	when   int64
	domain int
}

// queue has the earliest turn first; of two, that of the domain that the list has first.
type queue []turn

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].when < q[j].when || q[i].when == q[j].when && q[i].domain < q[j].domain
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(turn)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	t := (*q)[last]
	*q = (*q)[:last]
	return t
}
