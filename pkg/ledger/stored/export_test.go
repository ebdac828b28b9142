package stored

import (
	"context"
	"slices"
)

// Printed are the messages that have the print of a vendor's id, each behind its campaign, in order.
func (l Common) Printed(ctx context.Context, id string) ([][2]int64, error) {
	found, err := printed(l.reading(ctx), id)
	return pairs(found[VendorPrint(id)]), err
}

// InOrder are those of a print that are in order.
func (l Common) InOrder(ctx context.Context, mark int64) ([][2]int64, error) {
	var found []vendorPrint
	err := inOrderOf(l.reading(ctx), mark, func(p vendorPrint) { found = append(found, p) })
	return pairs(found), err
}

// Block is what a block has, each behind its print.
func Block(prints []byte) (all [][3]int64) {
	for _, p := range appendBlock(nil, prints) {
		all = append(all, [3]int64{p.mark, p.campaign, p.message})
	}
	return all
}

func (l Common) reading(ctx context.Context) reading {
	return func(row func(Row) error, query string, args ...any) error { return l.DB.Read(ctx, row, query, args...) }
}

func pairs(of []vendorPrint) (all [][2]int64) {
	for _, p := range of {
		all = append(all, [2]int64{p.campaign, p.message})
	}
	slices.SortFunc(all, func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(all)
}
