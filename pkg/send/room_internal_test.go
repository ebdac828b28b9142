package send

import (
	"testing"
	"testing/synctest"
)

// A room holds as many as it is large; whoever waits comes in where one leaves, and where it grows.
func TestARoomHoldsSoManyAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, inside := newRoom(2), make(chan struct{}, 9)
		for range 6 {
			go func() {
				r.enter()
				inside <- struct{}{}
			}()
		}
		for _, step := range []struct {
			name string
			do   func()
			want int
		}{
			{"two are in", func() {}, 2},
			{"one leaves", r.leave, 3},
			{"it grows by two", func() { r.resize(4) }, 5},
			{"it shrinks, and one leaves", func() { r.resize(0); r.leave() }, 5},
			{"all but one leave", func() { r.leave(); r.leave() }, 5},
			{"the last one leaves", r.leave, 6}, // there is room for one at least
		} {
			step.do()
			if synctest.Wait(); len(inside) != step.want {
				t.Errorf("%s: %d came in, want %d", step.name, len(inside), step.want)
			}
		}
		var all *room
		all.enter()
		all.leave()
		all.resize(0)
	})
}
