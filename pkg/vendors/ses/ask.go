package ses

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"notify/pkg/vendors"
	"notify/pkg/words"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"
)

// account is what GetAccount says.
type account struct {
	failure
	SendingEnabled    bool
	EnforcementStatus string // HEALTHY, PROBATION or SHUTDOWN
	SendQuota         struct{ Max24HourSend, SentLast24Hours, MaxSendRate *float64 }
}

// refused is how the vendor says no; empty where it does not.
func (f *failure) refused(status int) string {
	if status == http.StatusOK {
		return ""
	}
	return strings.TrimSpace("HTTP " + strconv.Itoa(status) + " " + f.name(nil) + " " + f.Message)
}

// off is how the vendor says that sending is switched off.
func (a *account) off() string {
	return "SendingEnabled=" + strconv.FormatBool(a.SendingEnabled) + " EnforcementStatus=" + a.EnforcementStatus
}

func (v *vendor) account(ctx context.Context) (account, time.Time, error) {
	var a account
	date, err := v.Ask(ctx, "", func(ctx context.Context) error {
		_, err := v.client.GetAccount(ctx, new(sesv2.GetAccountInput))
		return err
	}, &a, a.refused)
	return a, date, err
}

// Probe implements vendors.Prober: the account may send, and is not shut down.
func (v *vendor) Probe(ctx context.Context) error {
	a, _, err := v.account(ctx)
	switch {
	case err != nil:
		return words.Wrap(err, "vendor.probe", words.A{"account": v.Name})
	case !a.SendingEnabled || a.EnforcementStatus == "SHUTDOWN":
		return words.Wrap(words.Err("vendor.refused", words.A{"said": v.Clean(a.off())}), "vendor.probe", words.A{"account": v.Name})
	}
	return nil
}

// unlimited is what the vendor writes in place of a quota.
const unlimited = -1

// Balance implements vendors.Balancer: the rate, and the quota of 24 hours. It is one that slides; taken for that of a day it is never more than there is.
func (v *vendor) Balance(ctx context.Context) (vendors.Balance, error) {
	a, date, err := v.account(ctx)
	most, used := a.SendQuota.Max24HourSend, a.SendQuota.SentLast24Hours
	if err == nil && (most == nil || used == nil) {
		err = words.Err("vendor.figure-none", words.A{"name": "SendQuota"})
	}
	if err != nil {
		return v.Balanced(vendors.Balance{}, err)
	}
	out := vendors.Balance{Date: date, Rate: a.SendQuota.MaxSendRate}
	if *most != unlimited {
		limit, sent := int64(*most), int64(*used)
		out.QuotaLimit, out.QuotaUsed = &limit, &sent
	}
	return out, nil
}
