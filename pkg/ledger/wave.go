package ledger

import "time"

// WaveState is how far a campaign has come that goes out in waves.
type WaveState struct {
	// Number is how many waves are over: 0 during the first.
	Number int `json:"over"`
	// Held is since when as many are out as the wave has, and all of them settled; zero before.
	Held time.Time `json:"held,omitzero"`
	// Asked says that a person is to say whether it goes on.
	Asked bool `json:"asked,omitempty"`
}

// WaveChange is what a run finds out about a wave. Runs find out the same at the same time: it counts once.
type WaveChange struct {
	// Number is the wave that it is about. Where another one is out by now, nothing changes.
	Number int
	At     time.Time
	// Held says that the wave is out.
	Held bool
	// Ask and Next are written down: a person is asked, or the next wave begins. Nil for neither.
	Ask, Next *Act
}

// Apply makes the change, and returns what is to be written down; nil for nothing.
func (c WaveChange) Apply(w *WaveState) *Act {
	switch {
	case c.Number != w.Number:
	case c.Next != nil:
		*w = WaveState{Number: w.Number + 1}
		return c.Next
	case c.Ask != nil && !w.Asked:
		w.Asked = true
		return c.Ask
	case c.Held && (w.Held.IsZero() || w.Held.After(c.At.Add(PutBack))):
		w.Held = c.At
	}
	return nil
}

// WaveMost is how many messages of each channel may be out until a wave of these sizes is over; 0 for any number, when all were.
func WaveMost(sizes []int, number int) int {
	if number >= len(sizes) {
		return 0
	}
	most := 0
	for _, n := range sizes[:number+1] {
		most += n
	}
	return most
}
