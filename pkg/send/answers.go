package send

import "sync"

// answers are the results that workers have for their lane. The lane is woken when there are as many as it waits for, not for
// each: to wake it costs as much as to take in ten of them.
type answers struct {
	mu     sync.Mutex
	list   []result
	enough int           // how many the lane waits for
	wake   chan struct{} // of length 1; there may be a word in it of which nothing is left to be seen
}

func newAnswers(slots int) *answers {
	return &answers{list: make([]result, 0, slots), wake: make(chan struct{}, 1)}
}

// put never blocks.
func (a *answers) put(r result) {
	a.mu.Lock()
	a.list = append(a.list, r)
	here := len(a.list) == a.enough
	a.mu.Unlock()
	if here {
		a.say()
	}
}

func (a *answers) say() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// await has a word put into wake when n answers are here, at once where they are.
func (a *answers) await(n int) {
	a.mu.Lock()
	a.enough = n
	here := len(a.list) >= n
	a.mu.Unlock()
	if here {
		a.say()
	}
}

// take empties the list into the room of an earlier one.
func (a *answers) take(room []result) []result {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := a.list
	a.list, a.enough = room[:0], 0
	return list
}
