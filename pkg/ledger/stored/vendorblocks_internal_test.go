package stored

import (
	"slices"
	"testing"
)

// TestNoMoreAreJoinedThanMakeAGenerationThatStays looks at lengths of generations that a joining may find.
func TestNoMoreAreJoinedThanMakeAGenerationThatStays(t *testing.T) {
	t.Parallel()
	for blocks, want := range map[int64]int{1: joinAtOnce, 16: joinAtOnce, 63: 5, 64: 4, 127: 3, 128: 2, blocksOfMany - 1: 2} {
		of := slices.Repeat([]generation{{blocks: blocks}}, joinAtOnce+3)
		if got := enough(of); got != want {
			t.Errorf("%d of %d blocks are joined, want %d", got, blocks, want)
		}
	}
}
