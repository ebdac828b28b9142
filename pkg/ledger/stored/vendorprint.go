package stored

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"

	"notify/pkg/words"
)

// A message is found by what its vendor calls it through prints of that, 64 bits each. An index would be written at a random place for every
// message that leaves: so a transaction adds those of all that it settles as one row behind the others, and they are put in order later, many at
// once. What is not in order yet is read from end to end, which is quick. A print says where to look; the id itself stands with the message.

// VendorPrint is the print of a vendor's id: the same for ever (FNV-1a).
func VendorPrint(id string) int64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 0x100000001b3
	}
	return int64(h)
}

// VendorPrints are those of what a transaction settles.
type VendorPrints struct{ all []vendorPrint }

type vendorPrint struct{ mark, campaign, message int64 }

// Add takes in what a vendor calls a message; nothing where it said nothing.
func (v *VendorPrints) Add(campaign, message int64, id string) {
	if id != "" {
		v.all = append(v.all, vendorPrint{VendorPrint(id), campaign, message})
	}
}

// Write writes them down, a row for each campaign.
func (v *VendorPrints) Write(exec func(query string, args ...any) error) error {
	slices.SortFunc(v.all, func(a, b vendorPrint) int {
		return cmp.Or(cmp.Compare(a.campaign, b.campaign), cmp.Compare(a.message, b.message))
	})
	for len(v.all) > 0 {
		n, last, row := 0, int64(0), []byte(nil)
		of := v.all[0].campaign
		for ; n < len(v.all) && v.all[n].campaign == of; n++ {
			row = binary.LittleEndian.AppendUint64(row, uint64(v.all[n].mark))
			row = binary.AppendVarint(row, v.all[n].message-last)
			last = v.all[n].message
		}
		v.all = v.all[n:]
		if err := exec("INSERT INTO vendor_print_new (campaign_id, messages, prints) VALUES ($1, $2, $3)", of, n, row); err != nil {
			return err
		}
	}
	return nil
}

// add takes in a row that Write wrote. What cannot be read of it is left out: Verify says what is missing.
func (v *VendorPrints) add(campaign int64, row []byte) {
	for last := int64(0); len(row) > 8; {
		mark := int64(binary.LittleEndian.Uint64(row))
		by, n := binary.Varint(row[8:])
		if n <= 0 {
			return
		}
		last += by
		row = row[8+n:]
		v.all = append(v.all, vendorPrint{mark, campaign, last})
	}
}

const (
	// gatherAtOnce is how many prints one transaction puts in order, and gatheredRows of how many rows one takes away what is in order: a run that waits
	// for the writer waits some hundredths of a second. gatherPause is the pause between two of them.
	gatherAtOnce = 2000
	gatheredRows = 200
	gatherPause  = 10 * time.Millisecond
	// gatherMost is how many are sorted together: the more, the fewer pages each transaction writes to.
	gatherMost = 500_000
	// gatherFrom is how many new ones are worth to be put in order in the midst of a run: to read them all takes a fraction of a millisecond.
	gatherFrom = 20_000
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
	for {
		var v VendorPrints
		var rows []int64
		err := l.DB.Read(ctx, func(row Row) error {
			var id, campaign int64
			var prints []byte
			if len(v.all) >= gatherMost {
				return errStop
			}
			err := row.Scan(&id, &campaign, &prints)
			rows = append(rows, id)
			v.add(campaign, prints)
			return err
		}, "SELECT id, campaign_id, prints FROM vendor_print_new ORDER BY id")
		whole := !errors.Is(err, errStop)
		if err != nil && whole {
			return l.DB.Asking(err, "read what ids of vendors are new")
		}
		if err := l.putInOrder(ctx, rows, v.all); err != nil || whole {
			return err
		}
	}
}

// putInOrder does so with the prints of rows, which are gone when all of them are: whoever looks something up reads what is not in order first, and
// misses nothing.
func (l Common) putInOrder(ctx context.Context, rows []int64, all []vendorPrint) error {
	slices.SortFunc(all, vendorPrint.compare)
	for some := range slices.Chunk(all, gatherAtOnce) {
		if err := l.yielding(ctx, "put ids of vendors in order", func(x Tx) error { return insertPrints(x, some) }); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(rows, gatheredRows) {
		if err := l.yielding(ctx, "take away what is in order", func(x Tx) error {
			var late VendorPrints // a transaction that began before others that ended before it
			if err := x.Each(func(row Row) error {
				var id, campaign int64
				var prints []byte
				err := row.Scan(&id, &campaign, &prints)
				if _, known := slices.BinarySearch(some, id); !known {
					late.add(campaign, prints)
				}
				return err
			}, "DELETE FROM vendor_print_new WHERE id BETWEEN $1 AND $2 RETURNING id, campaign_id, prints", some[0], some[len(some)-1]); err != nil {
				return err
			}
			return insertPrints(x, late.all)
		}); err != nil {
			return err
		}
	}
	return nil
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

// partBits are the last bits of a message's id, which its part has not.
const partBits = 18

func (p vendorPrint) part() int64 { return p.message >> partBits }

func (p vendorPrint) compare(o vendorPrint) int {
	return cmp.Or(cmp.Compare(p.part(), o.part()), cmp.Compare(p.mark, o.mark), cmp.Compare(p.message, o.message))
}

// printsInRow is how many rows a statement writes; of those that are left over, the powers of two below: there are few statements to prepare.
const printsInRow = 128

func insertPrints(x Tx, all []vendorPrint) error {
	for len(all) > 0 {
		n := min(printsInRow, 1<<(bits.Len(uint(len(all)))-1))
		var query strings.Builder
		query.WriteString("INSERT INTO vendor_print (part, print, message_id, campaign_id) VALUES ")
		args := make([]any, 0, 4*n)
		for i, p := range all[:n] {
			if i > 0 {
				query.WriteString(", ")
			}
			fmt.Fprintf(&query, "($%d, $%d, $%d, $%d)", 4*i+1, 4*i+2, 4*i+3, 4*i+4)
			args = append(args, p.part(), p.mark, p.message, p.campaign)
		}
		query.WriteString(" ON CONFLICT DO NOTHING")
		if err := x.Exec(query.String(), args...); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// printQuery looks into each part that there is.
const printQuery = `WITH RECURSIVE parts (part) AS (SELECT min(v.part) FROM vendor_print v
		UNION ALL SELECT (SELECT min(v.part) FROM vendor_print v WHERE v.part > p.part) FROM parts p WHERE p.part IS NOT NULL)
	SELECT v.campaign_id, v.message_id FROM parts p `

// reading calls row for every row that a query reads, in a transaction or outside.
type reading func(row func(Row) error, query string, args ...any) error

// printed are the messages that may have the ids, by their prints.
func (q *Queries) printed(read reading, ids ...string) (map[int64][]vendorPrint, error) {
	found := make(map[int64][]vendorPrint)
	for _, id := range ids {
		found[VendorPrint(id)] = nil
	}
	add := func(p vendorPrint) {
		if of, wanted := found[p.mark]; wanted && !slices.Contains(of, p) {
			found[p.mark] = append(of, p)
		}
	}
	var v VendorPrints
	if err := read(func(row Row) error {
		var campaign int64
		var prints []byte
		err := row.Scan(&campaign, &prints)
		v.all = v.all[:0]
		v.add(campaign, prints)
		for _, p := range v.all {
			add(p)
		}
		return err
	}, "SELECT campaign_id, prints FROM vendor_print_new ORDER BY id"); err != nil {
		return nil, err
	}
	for mark := range found {
		if err := read(func(row Row) error {
			p := vendorPrint{mark: mark}
			err := row.Scan(&p.campaign, &p.message)
			add(p)
			return err
		}, printQuery+q.Printed, mark); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// named finds the messages of the campaigns that a vendor calls so, or called so in an attempt that is over.
func (l Common) named(ctx context.Context, id string, in []*searched, found map[int64][]int64) error {
	prints, err := l.Queries.printed(func(row func(Row) error, query string, args ...any) error { return l.DB.Read(ctx, row, query, args...) }, id)
	if err != nil {
		return err
	}
	for _, p := range prints[VendorPrint(id)] {
		if !slices.ContainsFunc(in, func(c *searched) bool { return c.id == p.campaign }) {
			continue
		}
		is := false
		if err := l.DB.Read(ctx, func(row Row) error {
			var called string
			err := row.Scan(&called)
			is = is || called == id
			return err
		}, `SELECT s.vendor_id FROM standing s WHERE s.campaign_id = $1 AND s.message_id = $2 AND s.vendor_id IS NOT NULL
			UNION ALL SELECT a.vendor_id FROM attempt a WHERE `+l.Queries.Of("a", "= $2")+` AND a.vendor_id IS NOT NULL`, p.campaign, p.message); err != nil {
			return err
		}
		if is {
			found[p.campaign] = append(found[p.campaign], p.message)
		}
	}
	for _, ids := range found {
		slices.Sort(ids)
	}
	return nil
}

// Unprinted says of how many attempts the vendor's id is not found, though it is there: all that were settled before it is asked.
func Unprinted(read reading) ([]words.Text, error) {
	var all []uint64
	add := func(p vendorPrint) { all = append(all, p.mixed()) }
	for _, query := range []string{
		"SELECT campaign_id, message_id, vendor_id FROM standing WHERE vendor_id IS NOT NULL",
		`SELECT (SELECT c.campaign_id FROM claim c WHERE c.id = a.claim_id), a.message_id, a.vendor_id FROM attempt a WHERE a.vendor_id IS NOT NULL`,
	} {
		if err := read(func(row Row) error {
			var p vendorPrint
			var id string
			err := row.Scan(&p.campaign, &p.message, &id)
			p.mark = VendorPrint(id)
			add(p)
			return err
		}, query); err != nil {
			return nil, err
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	there := make([]bool, len(all))
	missing := len(all)
	found := func(p vendorPrint) {
		if i, ok := slices.BinarySearch(all, p.mixed()); ok && !there[i] {
			there[i] = true
			missing--
		}
	}
	if err := read(func(row Row) error {
		var v VendorPrints
		var campaign int64
		var prints []byte
		err := row.Scan(&campaign, &prints)
		v.add(campaign, prints)
		for _, p := range v.all {
			found(p)
		}
		return err
	}, "SELECT campaign_id, prints FROM vendor_print_new"); err != nil {
		return nil, err
	}
	if err := read(func(row Row) error {
		var p vendorPrint
		err := row.Scan(&p.mark, &p.campaign, &p.message)
		found(p)
		return err
	}, "SELECT print, campaign_id, message_id FROM vendor_print"); err != nil || missing == 0 {
		return nil, err
	}
	return []words.Text{words.T("verify.vendor-id", words.A{"missing": strconv.Itoa(missing)})}, nil
}

// mixed is a print with its message in 64 bits.
func (p vendorPrint) mixed() uint64 {
	return (uint64(p.mark)^uint64(p.message)*0x9e3779b97f4a7c15)*0x100000001b3 ^ uint64(p.campaign)
}
