package stored

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"strconv"

	"notify/pkg/words"
)

// A message is found by what its vendor calls it through prints of that, 32 bits each. An index would be written at a random place for every
// message that leaves: so a transaction adds those of all that it settles as one row behind the others, and they are put in order later, many at
// once: see vendorblocks.go. What is not in order yet is read from end to end, which is quick. A print says where to look; the id itself stands with
// the message, and of ten million messages few have the print of another.

// VendorPrint is the print of a vendor's id: the same for ever (FNV-1a of 64 bits, folded into 32).
func VendorPrint(id string) int64 {
	h := uint64(0xcbf29ce484222325)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 0x100000001b3
	}
	return int64(uint32(h) ^ uint32(h>>32))
}

// VendorPrints are those of what a transaction settles.
type VendorPrints struct{ all []vendorPrint }

type vendorPrint struct{ mark, campaign, message int64 }

func (p vendorPrint) compare(o vendorPrint) int {
	if p.mark != o.mark {
		return cmp.Compare(p.mark, o.mark)
	}
	return cmp.Or(cmp.Compare(p.message, o.message), cmp.Compare(p.campaign, o.campaign))
}

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
			row = binary.LittleEndian.AppendUint32(row, uint32(v.all[n].mark))
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
	const wide = 4
	for last := int64(0); len(row) > wide; {
		mark := int64(binary.LittleEndian.Uint32(row))
		by, n := binary.Varint(row[wide:])
		if n <= 0 {
			return
		}
		last += by
		row = row[wide+n:]
		v.all = append(v.all, vendorPrint{mark, campaign, last})
	}
}

// reading calls row for every row that a query reads, in a transaction or outside.
type reading func(row func(Row) error, query string, args ...any) error

// printed are the messages that may have the ids, by their prints.
func printed(read reading, ids ...string) (map[int64][]vendorPrint, error) {
	found := make(map[int64][]vendorPrint)
	for _, id := range ids {
		found[VendorPrint(id)] = nil
	}
	add := func(p vendorPrint) {
		if of, wanted := found[p.mark]; wanted {
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
		if err := inOrderOf(read, mark, add); err != nil {
			return nil, err
		}
		slices.SortFunc(found[mark], vendorPrint.compare)
		found[mark] = slices.Compact(found[mark])
	}
	return found, nil
}

// named finds the messages of the campaigns that a vendor calls so, or called so in an attempt that is over.
func (l Common) named(ctx context.Context, id string, in []*searched, found map[int64][]int64) error {
	prints, err := printed(func(row func(Row) error, query string, args ...any) error { return l.DB.Read(ctx, row, query, args...) }, id)
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
	if err := reachable(read, found); err != nil || missing == 0 {
		return nil, err
	}
	return []words.Text{words.T("verify.vendor-id", words.A{"missing": strconv.Itoa(missing)})}, nil
}

// mixed is a print with its message in 64 bits.
func (p vendorPrint) mixed() uint64 {
	return (uint64(p.mark)^uint64(p.message)*0x9e3779b97f4a7c15)*0x100000001b3 ^ uint64(p.campaign)
}
