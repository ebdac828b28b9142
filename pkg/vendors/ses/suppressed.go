package ses

import (
	"context"
	"iter"
	"net/http"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/words"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
)

// suppressed is an entry of the account's list as the vendor tells it (docs.aws.amazon.com/ses/latest/APIReference-V2/API_SuppressedDestination.html).
type suppressed struct {
	EmailAddress   string
	Reason         string  // BOUNCE or COMPLAINT
	LastUpdateTime float64 // seconds since 1970
}

func (s *suppressed) entry() vendors.Suppressed {
	out := vendors.Suppressed{Address: message.Address(s.EmailAddress), Said: s.Reason, Reason: vendors.SuppressedOther}
	switch s.Reason {
	case "BOUNCE":
		out.Reason = vendors.SuppressedBounce
	case "COMPLAINT":
		out.Reason = vendors.SuppressedComplaint
	}
	if s.LastUpdateTime > 0 {
		out.Since = time.Unix(int64(s.LastUpdateTime), 0).UTC()
	}
	return out
}

const (
	// suppressedAtOnce is the most that a page may have.
	suppressedAtOnce = 1000
	// maxPages is more than any list has: a vendor that never comes to an end is not followed.
	maxPages = 100_000
)

// Suppressed implements vendors.SuppressionLister.
func (v *vendor) Suppressed(ctx context.Context, since time.Time) iter.Seq2[vendors.Suppressed, error] {
	return func(yield func(vendors.Suppressed, error) bool) {
		in := sesv2.ListSuppressedDestinationsInput{PageSize: aws.Int32(suppressedAtOnce)}
		if !since.IsZero() {
			in.StartDate = &since
		}
		for range maxPages {
			var page struct {
				failure
				NextToken                      string
				SuppressedDestinationSummaries []suppressed
			}
			_, err := v.Ask(ctx, "", func(ctx context.Context) error {
				_, err := v.client.ListSuppressedDestinations(ctx, &in)
				return err
			}, &page, page.refused)
			if err == nil && page.SuppressedDestinationSummaries == nil {
				err = words.Err("vendor.not-in-answer", words.A{"name": "SuppressedDestinationSummaries"})
			}
			if err != nil {
				yield(vendors.Suppressed{}, words.Wrap(err, "vendor.ask-suppressed", words.A{"account": v.Name}))
				return
			}
			for i := range page.SuppressedDestinationSummaries {
				if !yield(page.SuppressedDestinationSummaries[i].entry(), nil) {
					return
				}
			}
			if page.NextToken == "" {
				return
			}
			in.NextToken = &page.NextToken
		}
		yield(vendors.Suppressed{}, words.Wrap(words.Err("vendor.pages-endless", nil), "vendor.ask-suppressed", words.A{"account": v.Name}))
	}
}

// SuppressedAt implements vendors.SuppressionLister.
func (v *vendor) SuppressedAt(ctx context.Context, to message.Address) (*vendors.Suppressed, error) {
	var one struct {
		failure
		SuppressedDestination *suppressed
	}
	none := false
	_, err := v.Ask(ctx, to, func(ctx context.Context) error {
		_, err := v.client.GetSuppressedDestination(ctx, &sesv2.GetSuppressedDestinationInput{EmailAddress: aws.String(string(to))})
		return err
	}, &one, func(status int) string {
		none = status == http.StatusNotFound && one.Message != "" // said by the vendor, and not by who stands in front
		if none {
			return ""
		}
		return one.refused(status)
	})
	switch {
	case err == nil && none:
		return nil, nil
	case err == nil && one.SuppressedDestination == nil:
		err = words.Err("vendor.not-in-answer", words.A{"name": "SuppressedDestination"})
	}
	if err != nil {
		return nil, words.Wrap(err, "vendor.ask-suppressed", words.A{"account": v.Name})
	}
	out := one.SuppressedDestination.entry()
	return &out, nil
}
