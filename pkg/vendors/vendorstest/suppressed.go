package vendorstest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
)

// NoList plays answers in which there is no list of suppressed addresses: each is asked for once, and is an error without a secret and without the
// address, never an empty list. serve makes a vendor whose server answers so, and tells how often it was asked.
func NoList(t *testing.T, secret string, serve func(t *testing.T, a Answer) (v vendors.Vendor, asked func() int), others ...Answer) {
	t.Helper()
	const to = message.Address("winner-001@customer.test")
	answers := []Answer{
		{Status: http.StatusOK},
		{Status: http.StatusOK, Body: `{}`},
		{Status: http.StatusOK, Body: `null`},
		{Status: http.StatusOK, Body: `<html>`},
		{Status: http.StatusNotFound, Body: `{}`},
		{Status: http.StatusNotFound, Body: `<html>`},
		{Status: http.StatusTooManyRequests, Body: `{}`},
		{Status: http.StatusInternalServerError, Body: `{}`},
		{Status: http.StatusServiceUnavailable, Body: `<html>`},
		{Status: http.StatusTemporaryRedirect, Header: "Location: /elsewhere\r\n", Body: `{}`},
	}
	for _, a := range append(answers, others...) {
		v, asked := serve(t, a)
		lister, can := vendors.As[vendors.SuppressionLister](v)
		if !can {
			t.Fatal("it has no list")
		}
		one, err := lister.SuppressedAt(t.Context(), to)
		if err == nil || one != nil {
			t.Errorf("%+v: the address is %+v, %v", a, one, err)
		}
		if strings.Contains(fmt.Sprint(err), string(to)) {
			t.Errorf("%+v: %v", a, err)
		}
		n := 0
		for _, e := range lister.Suppressed(t.Context(), time.Time{}) {
			if n++; e == nil {
				t.Errorf("%+v is a list", a)
			}
			err = errors.Join(err, e)
		}
		if n != 1 || asked() != 2 {
			t.Errorf("%+v: %d errors, %d requests", a, n, asked())
		}
		if strings.Contains(fmt.Sprint(err), secret) {
			t.Errorf("%+v: %v", a, err)
		}
	}
}
