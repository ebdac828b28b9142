package metrics

import (
	"strings"

	"github.com/prometheus/common/expfmt"
)

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
