package stored

import (
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"iter"
	"slices"

	"notify/pkg/ledger"
)

// A campaign's fingerprints lie beside it, sorted, in pieces: whether one of a million was sent by any campaign of a long history is then
// asked of a few pieces, where an index over all messages would have to be written at random places, several times slower.

// PrintsAtMost is how many are in a piece: half a megabyte, of which several copies are made on the way.
const PrintsAtMost = 1 << 16

// Piece is fingerprints as they are stored, sorted.
func Piece(prints []int64) []byte {
	slices.Sort(prints)
	piece := make([]byte, 0, 8*len(prints))
	for _, p := range prints {
		piece = binary.LittleEndian.AppendUint64(piece, uint64(p))
	}
	return piece
}

// Pairs are texts to addresses that are looked for among what was sent.
type Pairs struct {
	seed   maphash.Seed
	all    []asked // by their fingerprints
	newest map[int]ledger.Sent
}

// asked is a pair that is looked for.
type asked struct {
	mark    int64
	address uint64 // its hash
	alias   uint64 // the hash of what stands for it where it was forgotten
	nth     int    // in the stream
}

// PairsOf reads the pairs.
func PairsOf(pairs iter.Seq[ledger.Sent], alias ledger.Alias) *Pairs {
	w := &Pairs{seed: maphash.MakeSeed(), newest: make(map[int]ledger.Sent)}
	for p := range pairs {
		w.all = append(w.all, asked{
			mark: p.Fingerprint, address: maphash.String(w.seed, string(p.Address)), alias: maphash.String(w.seed, string(alias.Of(p.Address))), nth: len(w.all),
		})
	}
	slices.SortFunc(w.all, func(a, b asked) int { return cmp.Compare(a.mark, b.mark) })
	return w
}

// In adds to prints those that are looked for and are in the piece, in order.
func (w *Pairs) In(piece []byte, prints []int64) []int64 {
	at := 0
	for i := 0; i+8 <= len(piece) && at < len(w.all); i += 8 {
		p := int64(binary.LittleEndian.Uint64(piece[i:]))
		for at < len(w.all) && w.all[at].mark < p {
			at++
		}
		if at < len(w.all) && w.all[at].mark == p {
			prints = append(prints, p)
		}
	}
	return prints
}

// Met takes in what was sent: of each pair the newest counts.
func (w *Pairs) Met(s ledger.Sent) {
	at, _ := slices.BinarySearchFunc(w.all, s.Fingerprint, func(a asked, p int64) int { return cmp.Compare(a.mark, p) })
	for h := maphash.String(w.seed, string(s.Address)); at < len(w.all) && w.all[at].mark == s.Fingerprint; at++ {
		if old, ok := w.newest[w.all[at].nth]; (w.all[at].address == h || w.all[at].alias == h) && (!ok || s.At.After(old.At)) {
			w.newest[w.all[at].nth] = s
		}
	}
}

// Found is what was sent of the pairs, in their order.
func (w *Pairs) Found() []ledger.Sent {
	found := make([]ledger.Sent, 0, len(w.newest))
	for _, nth := range SortedKeys(w.newest, cmp.Compare[int]) {
		found = append(found, w.newest[nth])
	}
	return found
}
