package evidence_test

import (
	"testing"

	"notify/pkg/vendors/evidence"
)

func TestWhichStatusIsTheVendorsAnswer(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{
		100: false, 199: false, 200: true, 299: true, 300: false, 308: false, 399: false, 400: true, 429: true, 499: true, 500: false, 503: false,
	} {
		if evidence.Definite(status) != want {
			t.Errorf("%d is an answer: %t", status, !want)
		}
	}
}
