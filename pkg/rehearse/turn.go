package rehearse

import (
	"errors"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"time"

	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// The kinds of account that a sandbox serves, and how an SMS account speaks to it.
const (
	kindHTTP   = "http"
	kindSMTP   = "smtp"
	definition = "builtin:sandbox-sms"
)

// Place is where the sandbox listens.
type Place struct {
	SMS   string // "http://127.0.0.1:40123"
	Mail  string // "127.0.0.1:40124"
	Token string
}

// Turn copies the configuration with every account on the routes of these channels turned to the sandbox: another address,
// no login of the real vendor, no quota and no budget, and rates that are speed times as high. Class, price, concurrency and
// time-outs stay. Other accounts are left out. The original is not changed.
func Turn(c *config.Config, channels []message.Channel, at Place, speed float64) (*config.Config, error) {
	turned := *c
	turned.Accounts, turned.DNS = make(map[string]config.Account), ""
	turned.Hours = nil // as the campaign's window
	turned.Routes = make(map[message.Channel]config.Route)
	for _, ch := range channels {
		turned.Routes[ch] = c.Routes[ch]
		for _, name := range plan.RouteAccounts(c.Routes[ch]) {
			a, ok := c.Accounts[name]
			if !ok {
				return nil, words.Err("rehearse.no-account", words.A{"account": name})
			}
			if _, taken := turned.Accounts[name]; taken {
				return nil, words.Err("rehearse.both-channels", words.A{"account": name}).Do("rehearse.do.both-channels", nil)
			}
			turned.Accounts[name] = turnAccount(a, ch, at, speed)
		}
	}
	return &turned, nil
}

func turnAccount(a config.Account, ch message.Channel, at Place, speed float64) config.Account {
	a.Rate *= speed
	a.DomainQuota, a.Scenarios = nil, maps.Clone(a.Scenarios)
	for class, s := range a.Scenarios {
		a.Scenarios[class] = config.Scenario{Rate: s.Rate * speed}
	}
	a.DomainRate = maps.Clone(a.DomainRate)
	for d := range a.DomainRate {
		a.DomainRate[d] *= speed
	}
	a.DailyQuota, a.DayBudget, a.MonthBudget, a.LowBalance = 0, 0, 0, 0
	a.DKIM, a.SendsFrom = config.DKIM{}, nil
	a.Endpoint, a.Options = at.SMS, vendorOptions(a, at)
	switch {
	case a.Options != nil:
	case ch == message.SMS:
		a.Vendor, a.Options = kindHTTP, config.Options{"definition": definition, "token": at.Token}
	case ch == message.Email:
		a.Vendor, a.Endpoint = kindSMTP, ""
		a.Options = config.Options{"address": at.Mail, "tls": "none"}
	}
	return a
}

// vendorOptions are those of an account whose vendor's protocol the sandbox speaks, nil of another: its own adapter, and what the vendor's client
// does, is rehearsed. Of its options only what messages carry stays.
func vendorOptions(a config.Account, at Place) config.Options {
	var o config.Options
	var keep []string
	switch a.Vendor {
	case "aliyun-sms":
		o, keep = config.Options{"access_key_id": nobody, "access_key_secret": at.Token}, []string{"sign_name"}
	case "tencent-sms":
		o, keep = config.Options{"secret_id": nobody, "secret_key": at.Token}, []string{"sdk_app_id", "sign_name"}
	case "aliyun-dm":
		o = config.Options{"access_key_id": nobody, "access_key_secret": at.Token}
	case "tencent-ses":
		o, keep = config.Options{"secret_id": nobody, "secret_key": at.Token}, []string{"unsubscribe"}
	case "ses":
		o, keep = config.Options{"access_key_id": nobody, "access_key_secret": at.Token}, []string{"region", "configuration_set"}
	case "twilio":
		o, keep = config.Options{"account_sid": nobody, "auth_token": at.Token, "status_callback": at.SMS + "/receipts"}, []string{"from"}
	}
	for _, name := range keep {
		if v, ok := a.Options[name].(string); ok {
			o[name] = v
		}
	}
	return o
}

// nobody is the name under which the sandbox is called.
const nobody = "rehearsal"

// ErrElsewhere says that an account would leave the sandbox. Nothing was built, and nothing was sent.
var ErrElsewhere = words.Err("rehearse.elsewhere", nil)

// elsewhere is what would lead away from the sandbox.
func elsewhere(id string, args words.A) error {
	return &words.Error{Text: words.T(id, args), Err: ErrElsewhere}
}

// Vendors builds the accounts of a turned configuration. It is the only way by which a rehearsal gets any, and it builds
// nothing that does not lead to the sandbox on this machine, whatever the configuration says.
func Vendors(r vendors.Registry, c *config.Config, at Place, now func() time.Time) (built map[string]vendors.Vendor, err error) {
	built = make(map[string]vendors.Vendor)
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(built))
			built = nil
		}
	}()
	for _, name := range slices.Sorted(maps.Keys(c.Accounts)) {
		a := c.Accounts[name]
		if err := inside(a, at); err != nil {
			return built, words.Wrap(err, "rehearse.account", words.A{"account": name})
		}
		v, err := r.New(a.Vendor, vendors.Settings{
			Account: name, Endpoint: a.Endpoint, Concurrency: a.Concurrency, Timeout: a.Timeout, Options: a.Options,
			Channels: c.Channels, Dir: c.Dir, Now: now,
		})
		if err != nil {
			return built, words.Wrap(err, "rehearse.account", words.A{"account": name})
		}
		built[name] = v
	}
	return built, nil
}

func closeAll(vs map[string]vendors.Vendor) error {
	var errs []error
	for _, v := range vs {
		errs = append(errs, v.Close())
	}
	return errors.Join(errs...)
}

// inside refuses an account that is not exactly as turnAccount leaves it: its kind, its address, its options.
func inside(a config.Account, at Place) error {
	want := vendorOptions(a, at)
	address := at.Mail
	switch {
	case a.Vendor == kindSMTP:
		want = config.Options{"address": at.Mail, "tls": "none"}
		if a.Endpoint != "" {
			return elsewhere("rehearse.other-endpoint", words.A{"address": a.Endpoint})
		}
	case a.Vendor != kindHTTP && want == nil:
		return elsewhere("rehearse.other-vendor", words.A{"vendor": a.Vendor})
	default:
		u, err := url.Parse(a.Endpoint)
		if err != nil || a.Endpoint != at.SMS {
			return elsewhere("rehearse.other-endpoint", words.A{"address": a.Endpoint})
		}
		if address = u.Host; want == nil {
			want = config.Options{"definition": definition, "token": at.Token}
		}
	}
	if !reflect.DeepEqual(want, a.Options) {
		return elsewhere("rehearse.other-options", nil)
	}
	return loopback(address)
}

// loopback wants an address, not a name: a name can lead anywhere tomorrow.
func loopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return elsewhere("rehearse.other-endpoint", words.A{"address": address})
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || !ip.IsLoopback() {
		return elsewhere("rehearse.other-endpoint", words.A{"address": address})
	}
	return nil
}
