package httpvendor

import (
	"context"
	"errors"
	"iter"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// maxSuppressedPages is more than any list of addresses has, at a hundred a page.
const maxSuppressedPages = 10_000

// suppressedPlan is a compiled question for the addresses to which the vendor delivers nothing.
type suppressedPlan struct {
	pagePlan
	address, reason, since *expression
	reasons                map[string]vendors.SuppressedReason
}

// withholder is a vendor whose file describes how to ask for its own suppression list.
type withholder struct {
	*vendor
	next vendors.Vendor
}

// Unwrap implements vendors.Wrapper.
func (w withholder) Unwrap() vendors.Vendor { return w.next }

// errEnough ends a list that nobody reads on.
var errEnough = errors.New("enough")

// Suppressed implements vendors.SuppressionLister.
func (w withholder) Suppressed(ctx context.Context, since time.Time) iter.Seq2[vendors.Suppressed, error] {
	return func(yield func(vendors.Suppressed, error) bool) {
		for _, p := range w.spec.suppressed {
			err := w.pages(ctx, &p.pagePlan, "", maxSuppressedPages, func(items []any, answer *answerEnv) error {
				return w.tell(p, items, answer, since, yield)
			})
			if errors.Is(err, errEnough) {
				return
			}
			if err != nil {
				yield(vendors.Suppressed{}, words.Wrap(err, "vendor.ask-suppressed", words.A{"account": w.account}))
				return
			}
		}
	}
}

// tell hands on what stands on one page.
func (v *vendor) tell(p *suppressedPlan, items []any, answer *answerEnv, since time.Time, yield func(vendors.Suppressed, error) bool) error {
	for _, answer.Item = range items {
		one, err := v.suppressed(p, answer)
		if err != nil {
			return v.fault(words.Cause(err), "")
		}
		if !one.Since.IsZero() && one.Since.Before(since) {
			continue
		}
		if !yield(one, nil) {
			return errEnough
		}
	}
	return nil
}

// suppressed reads one item.
func (v *vendor) suppressed(p *suppressedPlan, item *answerEnv) (vendors.Suppressed, error) {
	address, err := v.reader.code(p.address, item)
	if err != nil || address == "" {
		return vendors.Suppressed{}, lacks("address", err)
	}
	out := vendors.Suppressed{Address: message.Address(address), Reason: vendors.SuppressedOther}
	if said, err := v.reader.code(p.reason, item); err == nil {
		if reason, known := p.reasons[said]; known {
			out.Reason = reason
		}
		out.Said = v.scrub.Code(said, out.Address)
	}
	if at, err := v.reader.code(p.since, item); err == nil {
		out.Since = moment(at)
	}
	return out, nil
}

// moment is a time in RFC 3339, in seconds since 1970, or as in the head of a mail (RFC 5322); zero for any other.
func moment(s string) time.Time {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UTC()
	}
	if t, err := mail.ParseDate(s); err == nil {
		return t.UTC()
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 0 {
		return time.Unix(n, 0).UTC()
	}
	return time.Time{}
}

// SuppressedAt implements vendors.SuppressionLister: the list is read, and the address looked for.
func (w withholder) SuppressedAt(ctx context.Context, to message.Address) (*vendors.Suppressed, error) {
	for one, err := range w.Suppressed(ctx, time.Time{}) {
		if err != nil {
			return nil, err
		}
		if strings.EqualFold(string(one.Address), string(to)) {
			return &one, nil
		}
	}
	return nil, nil
}
