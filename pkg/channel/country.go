package channel

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"notify/pkg/message"
)

// CountryOf is the country of a phone number in its normal form, ISO 3166 alpha-2; empty for any other address, and for one of no country.
func CountryOf(a message.Address) string {
	if !strings.HasPrefix(string(a), "+") {
		return ""
	}
	if strings.HasPrefix(string(a), "+861") && len(a) == len("+8613490000000") {
		return DefaultCountry // most are, and reading one takes long
	}
	n, err := phonenumbers.Parse(string(a), "")
	if err != nil {
		return ""
	}
	if region := phonenumbers.GetRegionCodeForNumber(n); region != "" {
		return region
	}
	return phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode())) // of a number that was never given out
}
