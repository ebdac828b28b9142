package stored

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
	"time"
)

// What is put in order together is a generation: sorted by prints, in blocks, each a row with the first of its prints beside it. A look goes into the
// block of each generation where its print would be. A generation is made whole and taken away whole, each in one transaction: whoever breaks that
// off leaves everything where it was. Small generations are joined, so that there are few: see sizeClass.

const (
	// gatherAtOnce is how many prints one transaction puts in order, and gatheredRows of how many rows at most: a run that waits for the writer waits
	// some hundredths of a second. gatherPause is the pause between two of them.
	gatherAtOnce = 100_000
	gatheredRows = 10_000
	gatherPause  = 10 * time.Millisecond
	// gatherFrom is how many new ones are worth to be put in order in the midst of a run: to read them all takes a fraction of a millisecond.
	gatherFrom = 20_000
	// blockBytes is how long a block is: about 190 prints, and short of what databases keep outside of a row.
	blockBytes = 1250
	// printBytes is what a print mostly takes in a block, and printsInBlock how many are in one, both rounded up.
	printBytes, printsInBlock = 8, 256
	// blocksOfMany is how many blocks a generation has that stays as it is: some 50,000 prints. Of those that have less joinAtOnce are joined.
	blocksOfMany = 256
	joinAtOnce   = 8
)

// Gather puts in order what vendors call messages: see ledger.Runs.
func (l Common) Gather(ctx context.Context) error { return l.gather(ctx, 1) }

// gather does so where at least so many wait for it.
func (l Common) gather(ctx context.Context, least int) error {
	waiting := 0
	err := l.readOne(ctx, []any{&waiting}, "SELECT coalesce(sum(messages), 0) FROM vendor_print_new")
	if err != nil || waiting < least {
		return l.DB.Asking(err, "read how many ids of vendors are new")
	}
	var room []vendorPrint // one for all portions
	for last, more := int64(0), true; more; {
		first := last + 1
		var prints int
		if last, prints, more, err = l.portion(ctx, last); err != nil {
			return l.DB.Asking(err, "read what ids of vendors are new")
		}
		room = slices.Grow(room[:0], prints)
		if err := l.putInOrder(ctx, first, last, room); err != nil {
			return err
		}
	}
	return l.join(ctx)
}

// portion is the last of the new rows behind one that one transaction puts in order, how many prints they have, and whether there are more. It begins
// behind those that are gone: a server goes through what is left of them otherwise.
func (l Common) portion(ctx context.Context, behind int64) (last int64, prints int, more bool, err error) {
	rows := 0
	last = behind
	err = l.DB.Read(ctx, func(row Row) error {
		if rows == gatheredRows || prints >= gatherAtOnce {
			return errStop
		}
		n := 0
		err := row.Scan(&last, &n)
		rows, prints = rows+1, prints+n
		return err
	}, "SELECT id, messages FROM vendor_print_new WHERE id > $1 ORDER BY id LIMIT $2", behind, gatheredRows+1)
	if errors.Is(err, errStop) {
		return last, prints, true, nil
	}
	return last, prints, false, err
}

// putInOrder makes a generation of new rows, in the room that is given. Whoever looks something up reads what is not in order first, and misses nothing.
func (l Common) putInOrder(ctx context.Context, first, last int64, room []vendorPrint) error {
	return l.yielding(ctx, "put ids of vendors in order", func(x Tx) error {
		v := VendorPrints{all: room[:0]} // a transaction may be tried again
		if err := x.Each(func(row Row) error {
			var campaign int64
			var prints []byte
			err := row.Scan(&campaign, &prints)
			v.add(campaign, prints)
			return err
		}, "DELETE FROM vendor_print_new WHERE id BETWEEN $1 AND $2 RETURNING campaign_id, prints", first, last); err != nil {
			return err
		}
		return writeGeneration(x, inBlocks(v.all))
	})
}

// yielding leaves the ledger to those who send, and makes a transaction.
func (l Common) yielding(ctx context.Context, doing string, job func(Tx) error) error {
	pause := time.NewTimer(gatherPause)
	defer pause.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-pause.C:
	}
	return l.DB.Write(ctx, doing, func(x Tx) error {
		x.Lock("vendor_print")
		return job(x)
	})
}

// generation is one with so many blocks, as far as they are counted.
type generation struct{ id, blocks int64 }

// sizeClass is the same for generations that are about as long as each other, in blocks: those of one class are joined, so that a print is written
// few times, however small the campaigns are.
func sizeClass(blocks int64) int { return bits.Len64(uint64(blocks)) / 2 }

// join joins small generations while there are many.
func (l Common) join(ctx context.Context) error {
	for {
		small := make(map[int][]generation)
		if err := l.DB.Read(ctx, func(row Row) error {
			var g generation
			err := row.Scan(&g.id, &g.blocks)
			if g.blocks < blocksOfMany {
				small[sizeClass(g.blocks)] = append(small[sizeClass(g.blocks)], g)
			}
			return err
		}, blocksQuery, blocksOfMany); err != nil {
			return l.DB.Asking(err, "read how ids of vendors are in order")
		}
		var some []generation
		for _, class := range SortedKeys(small, cmp.Compare[int]) {
			if of := small[class]; len(of) >= joinAtOnce {
				some = of[:enough(of)]
				break
			}
		}
		if some == nil {
			return nil
		}
		if joined, err := l.joinSome(ctx, some); err != nil || !joined {
			return err
		}
	}
}

// enough is how many of them are joined: as many as make one that stays as it is, and so takes no more memory than a portion; joinAtOnce at most.
func enough(of []generation) (n int) {
	for blocks := int64(0); n < joinAtOnce && blocks < blocksOfMany; n++ {
		blocks += of[n].blocks
	}
	return n
}

// joinSome makes one generation of some. It reports false where another process has done so meanwhile.
func (l Common) joinSome(ctx context.Context, some []generation) (joined bool, err error) {
	blocksOfAll := int64(0)
	for _, g := range some {
		blocksOfAll += g.blocks
	}
	all := make([]vendorPrint, 0, blocksOfAll*printsInBlock)
	for _, g := range some {
		if err := l.DB.Read(ctx, func(row Row) error {
			var block []byte
			err := row.Scan(&block)
			all = appendBlock(all, block)
			return err
		}, "SELECT prints FROM vendor_print WHERE generation = $1", g.id); err != nil {
			return false, l.DB.Asking(err, "read ids of vendors that are in order")
		}
	}
	blocks := inBlocks(all)
	err = l.yielding(ctx, "join ids of vendors", func(x Tx) error {
		joined = true
		for _, g := range some {
			there := int64(0)
			if err := x.One([]any{&there}, "SELECT count(*) FROM vendor_print WHERE generation = $1", g.id); err != nil || there != g.blocks {
				joined = false
				return err
			}
		}
		if err := writeGeneration(x, blocks); err != nil {
			return err
		}
		for _, g := range some {
			if err := x.Exec("DELETE FROM vendor_print WHERE generation = $1", g.id); err != nil {
				return err
			}
		}
		return nil
	})
	return joined, err
}

// block is a row: prints in order, behind the first of them.
type block struct {
	first  vendorPrint
	prints []byte
}

// inBlocks sorts prints into blocks. In a block each stands as how far its print, its message and its campaign are from the one before, the first
// from 0.
func inBlocks(all []vendorPrint) (blocks []block) {
	slices.SortFunc(all, vendorPrint.compare)
	all = slices.Compact(all)
	var last vendorPrint
	prints := make([]byte, 0, printBytes*len(all)) // of all blocks: the garbage of each of its own would be five times as much
	for i, p := range all {
		if i == 0 || len(blocks[len(blocks)-1].prints) >= blockBytes && (p.mark != last.mark || p.message != last.message) {
			last = vendorPrint{}
			blocks = append(blocks, block{first: p})
			prints = prints[len(prints):]
		}
		prints = binary.AppendUvarint(prints, uint64(p.mark-last.mark))
		prints = binary.AppendVarint(prints, p.message-last.message)
		prints = binary.AppendVarint(prints, p.campaign-last.campaign)
		blocks[len(blocks)-1].prints = prints
		last = p
	}
	return blocks
}

// appendBlock adds the prints of a block. What cannot be read of it is left out: Verify says what is missing.
func appendBlock(all []vendorPrint, prints []byte) []vendorPrint {
	var p vendorPrint
	for len(prints) > 0 {
		mark, n := binary.Uvarint(prints)
		if n <= 0 || mark > math.MaxUint32 {
			break
		}
		message, m := binary.Varint(prints[n:])
		if m <= 0 {
			break
		}
		campaign, c := binary.Varint(prints[n+m:])
		if c <= 0 {
			break
		}
		prints = prints[n+m+c:]
		p = vendorPrint{p.mark + int64(mark), p.campaign + campaign, p.message + message}
		all = append(all, p)
	}
	return all
}

// blocksInRow is how many rows a statement writes; of those that are left over, the powers of two below: there are few statements to prepare.
const blocksInRow = 32

// writeGeneration writes blocks as a generation behind all that there are: its number was never that of another.
func writeGeneration(x Tx, blocks []block) error {
	if len(blocks) == 0 {
		return nil
	}
	id := int64(0)
	if err := x.One([]any{&id}, "SELECT coalesce(max(generation), 0) + 1 FROM vendor_print"); err != nil {
		return err
	}
	for len(blocks) > 0 {
		n := min(blocksInRow, 1<<(bits.Len(uint(len(blocks)))-1))
		var query strings.Builder
		query.WriteString("INSERT INTO vendor_print (generation, print, message_id, prints) VALUES ")
		args := make([]any, 0, 4*n)
		for i, b := range blocks[:n] {
			if i > 0 {
				query.WriteString(", ")
			}
			fmt.Fprintf(&query, "($%d, $%d, $%d, $%d)", 4*i+1, 4*i+2, 4*i+3, 4*i+4)
			args = append(args, id, b.first.mark, b.first.message, b.prints)
		}
		if err := x.Exec(query.String(), args...); err != nil {
			return err
		}
		blocks = blocks[n:]
	}
	return nil
}

// generations goes from one generation to the next.
const generations = `WITH RECURSIVE g (id) AS (SELECT min(v.generation) FROM vendor_print v
	UNION ALL SELECT (SELECT min(v.generation) FROM vendor_print v WHERE v.generation > g.id) FROM g WHERE g.id IS NOT NULL)`

// blocksQuery counts the blocks of each generation, up to $1.
const blocksQuery = generations + ` SELECT g.id, (SELECT count(*) FROM (SELECT 1 FROM vendor_print v WHERE v.generation = g.id LIMIT $1) s)
	FROM g WHERE g.id IS NOT NULL`

// blockQuery reads of each generation the last block that begins at the print $1 or before. Those before it have the print only where it begins
// with it itself: blocksOfQuery reads those, too.
const blockQuery = generations + ` SELECT (SELECT v.prints FROM vendor_print v WHERE v.generation = g.id AND v.print <= $1
	ORDER BY v.print DESC, v.message_id DESC LIMIT 1) FROM g WHERE g.id IS NOT NULL`

const blocksOfQuery = generations + `, s (id, message) AS (
		SELECT g.id, (SELECT min(v.message_id) FROM vendor_print v WHERE v.generation = g.id AND v.print = $1) FROM g WHERE g.id IS NOT NULL
		UNION ALL SELECT s.id, (SELECT min(v.message_id) FROM vendor_print v WHERE v.generation = s.id AND v.print = $1 AND v.message_id > s.message)
			FROM s WHERE s.message IS NOT NULL)
	SELECT (SELECT v.prints FROM vendor_print v WHERE v.generation = g.id AND v.print < $1 ORDER BY v.print DESC, v.message_id DESC LIMIT 1)
		FROM g WHERE g.id IS NOT NULL
	UNION ALL SELECT (SELECT v.prints FROM vendor_print v WHERE v.generation = s.id AND v.print = $1 AND v.message_id = s.message)
		FROM s WHERE s.message IS NOT NULL`

// inOrderOf calls add for those of a print that are in order, for some of them twice.
func inOrderOf(read reading, mark int64, add func(vendorPrint)) error {
	before := false
	var all []vendorPrint
	look := func(row Row) error {
		var block []byte
		err := row.Scan(&block)
		all = appendBlock(all[:0], block)
		before = before || len(all) > 0 && all[0].mark == mark
		for _, p := range all {
			if p.mark == mark {
				add(p)
			}
		}
		return err
	}
	if err := read(look, blockQuery, mark); err != nil || !before {
		return err
	}
	return read(look, blocksOfQuery, mark)
}

// reachable calls found for every print that is in order, where a look comes by: between where its block begins, and where the next does.
func reachable(read reading, found func(vendorPrint)) error {
	var of, begins int64 // the generation of the block, and its print
	var block []byte
	var all []vendorPrint
	until := func(ends int64) {
		all = appendBlock(all[:0], block)
		for _, p := range all {
			if p.mark >= begins && p.mark <= ends {
				found(p)
			}
		}
	}
	if err := read(func(row Row) error {
		var generation, first int64
		var prints []byte
		if err := row.Scan(&generation, &first, &prints); err != nil {
			return err
		}
		if generation == of {
			until(first)
		} else {
			until(math.MaxUint32)
		}
		of, begins, block = generation, first, append(block[:0], prints...)
		return nil
	}, "SELECT generation, print, prints FROM vendor_print ORDER BY generation, print, message_id"); err != nil {
		return err
	}
	until(math.MaxUint32)
	return nil
}
