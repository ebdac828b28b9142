package metrics

import (
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
)

// Patient has whoever asks wait for the ledger and for the vendors, however long they take.
func (s *Set) Patient() {
	b := s.books
	for asked := false; !asked; time.Sleep(time.Millisecond) {
		b.mu.Lock()
		b.wait, asked = time.Hour, !b.told.at.IsZero()
		b.mu.Unlock()
	}
}

// Text is what the set tells.
func (s *Set) Text() string {
	families, err := s.ours.Gather()
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, m := range families {
		if _, err := expfmt.MetricFamilyToText(&b, m); err != nil {
			return err.Error()
		}
	}
	return b.String()
}
