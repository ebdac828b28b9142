package rehearse_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/channel"
	"notify/pkg/config"
	"notify/pkg/message"
	"notify/pkg/rehearse"
	"notify/pkg/vendors"
)

var place = rehearse.Place{SMS: "http://127.0.0.1:40123", Mail: "127.0.0.1:40124", Token: "rehearsal"}

// production is an installation whose every account leads to a real vendor.
func production() *config.Config {
	return &config.Config{
		Environment: config.Production, Timezone: time.UTC, Dir: "/etc/notify",
		Accounts: map[string]config.Account{
			"sms": {
				Name: "sms", Vendor: "http", Class: config.Notice, Rate: 100, Concurrency: 4, DailyQuota: 10000, DayBudget: 1,
				Endpoint: "https://api.sms-vendor.test", Options: config.Options{"definition": "vendors/real.yaml", "token": "secret"},
			},
			"sms-own": {Name: "sms-own", Vendor: "http", Rate: 10, Options: config.Options{"definition": "vendors/other.yaml", "proxy": "http://proxy.test"}},
			"edm": {
				Name: "edm", Vendor: "smtp", Rate: 50, DomainRate: map[string]float64{"qq.test": 2},
				Options: config.Options{"address": "smtp.company.test:587", "username": "u", "password": "secret"},
			},
			"other": {Name: "other", Vendor: "http", Endpoint: "https://elsewhere.test"},
			"aliyun": {
				Name: "aliyun", Vendor: "aliyun-sms", Rate: 10,
				Options: config.Options{"access_key_id": "LTAI", "access_key_secret": "secret", "sign_name": "示例公司", "billing_endpoint": "business.vendor.test"},
			},
			"tencent": {
				Name: "tencent", Vendor: "tencent-sms", Rate: 10,
				Options: config.Options{"secret_id": "AKID", "secret_key": "secret", "sdk_app_id": "1400006666", "region": "ap-beijing"},
			},
			"twilio": {Name: "twilio", Vendor: "twilio", Rate: 10, Options: config.Options{"account_sid": "AC1", "auth_token": "secret", "from": "+12025550100"}},
			"dm":     {Name: "dm", Vendor: "aliyun-dm", Rate: 10, Options: config.Options{"access_key_id": "LTAI", "access_key_secret": "secret"}},
			"qcloud": {Name: "qcloud", Vendor: "tencent-ses", Rate: 10, Options: config.Options{"secret_id": "AKID", "secret_key": "secret", "region": "ap-hongkong", "unsubscribe": "2"}},
			"ses": {
				Name: "ses", Vendor: "ses", Rate: 10, Endpoint: "https://email.eu-west-1.vendor.test",
				Options: config.Options{"access_key_id": "AKIA", "access_key_secret": "secret", "region": "eu-west-1", "configuration_set": "events"},
			},
		},
		Routes: map[message.Channel]config.Route{
			message.SMS:   {Accounts: []config.Share{{Account: "sms", Weight: 1}}, Failover: []string{"sms-own", "aliyun", "tencent", "twilio"}},
			message.Email: {Accounts: []config.Share{{Account: "edm", Weight: 1}}, Failover: []string{"dm", "qcloud", "ses"}},
		},
	}
}

func TestEveryAccountIsTurnedToTheSandbox(t *testing.T) {
	installed := production()
	got, err := rehearse.Turn(installed, channel.Builtin().Names(), place, 3)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]config.Account{
		"sms": {
			Name: "sms", Vendor: "http", Class: config.Notice, Rate: 300, Concurrency: 4, Endpoint: place.SMS,
			Options: config.Options{"definition": "builtin:sandbox-sms", "token": "rehearsal"},
		},
		"sms-own": {Name: "sms-own", Vendor: "http", Rate: 30, Endpoint: place.SMS, Options: config.Options{"definition": "builtin:sandbox-sms", "token": "rehearsal"}},
		"aliyun": {
			Name: "aliyun", Vendor: "aliyun-sms", Rate: 30, Endpoint: place.SMS,
			Options: config.Options{"access_key_id": "rehearsal", "access_key_secret": "rehearsal", "sign_name": "示例公司"},
		},
		"tencent": {
			Name: "tencent", Vendor: "tencent-sms", Rate: 30, Endpoint: place.SMS,
			Options: config.Options{"secret_id": "rehearsal", "secret_key": "rehearsal", "sdk_app_id": "1400006666"},
		},
		"twilio": {
			Name: "twilio", Vendor: "twilio", Rate: 30, Endpoint: place.SMS, Options: config.Options{
				"account_sid": "rehearsal", "auth_token": "rehearsal", "from": "+12025550100", "status_callback": place.SMS + "/receipts",
			},
		},
		"dm": {
			Name: "dm", Vendor: "aliyun-dm", Rate: 30, Endpoint: place.SMS, Options: config.Options{"access_key_id": "rehearsal", "access_key_secret": "rehearsal"},
		},
		"qcloud": {
			Name: "qcloud", Vendor: "tencent-ses", Rate: 30, Endpoint: place.SMS,
			Options: config.Options{"secret_id": "rehearsal", "secret_key": "rehearsal", "unsubscribe": "2"},
		},
		"ses": {
			Name: "ses", Vendor: "ses", Rate: 30, Endpoint: place.SMS,
			Options: config.Options{"access_key_id": "rehearsal", "access_key_secret": "rehearsal", "region": "eu-west-1", "configuration_set": "events"},
		},
		"edm": {
			Name: "edm", Vendor: "smtp", Rate: 150, DomainRate: map[string]float64{"qq.test": 6},
			Options: config.Options{"address": place.Mail, "tls": "none"},
		},
	}
	if diff := cmp.Diff(want, got.Accounts); diff != "" {
		t.Errorf("accounts (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(production().Accounts, installed.Accounts); diff != "" {
		t.Errorf("the installation's own configuration was changed\n%s", diff)
	}
	vs, err := rehearse.Vendors(registry(), got, place, time.Now)
	if err != nil || len(vs) != 9 {
		t.Errorf("built %d accounts: %v", len(vs), err)
	}
	for _, v := range vs {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAnAccountThatLeadsElsewhereIsNeverBuilt(t *testing.T) {
	for name, spoil := range map[string]func(a *config.Account){
		"a real endpoint":             func(a *config.Account) { a.Endpoint = "https://api.sms-vendor.test" },
		"an address of another host":  func(a *config.Account) { a.Endpoint = "http://192.0.2.1:40123" },
		"a name of this machine":      func(a *config.Account) { a.Endpoint = "http://localhost:40123" },
		"another port":                func(a *config.Account) { a.Endpoint = "http://127.0.0.1:80" },
		"the vendor's own address":    func(a *config.Account) { a.Endpoint = "" },
		"another vendor file":         func(a *config.Account) { a.Options["definition"] = "vendors/real.yaml" },
		"a proxy":                     func(a *config.Account) { a.Options["proxy"] = "http://proxy.test" },
		"options that are lists":      func(a *config.Account) { a.Options["token"] = []any{"x"} },
		"another vendor":              func(a *config.Account) { a.Vendor = "aliyun-sms" },
		"a vendor that is not served": func(a *config.Account) { a.Vendor = "pigeon" },
		"another place for money": func(a *config.Account) {
			a.Vendor = "aliyun-sms"
			a.Options = config.Options{"access_key_id": "rehearsal", "access_key_secret": "rehearsal", "billing_endpoint": "business.vendor.test"}
		},
		"a callback": func(a *config.Account) {
			a.Vendor = "twilio"
			a.Options = config.Options{"account_sid": "rehearsal", "auth_token": "rehearsal", "status_callback": "https://elsewhere.test"}
		},
		"a mail server elsewhere":      func(a *config.Account) { mailAccount(a, "smtp.company.test:587") },
		"a mail server by an endpoint": func(a *config.Account) { mailAccount(a, place.Mail); a.Endpoint = "smtp.company.test:587" },
	} {
		t.Run(name, func(t *testing.T) {
			turned, err := rehearse.Turn(production(), channel.Builtin().Names(), place, 1)
			if err != nil {
				t.Fatal(err)
			}
			a := turned.Accounts["sms"]
			spoil(&a)
			turned.Accounts["sms"] = a
			kinds := registry()
			var endpoints []string
			for k, kind := range kinds {
				build := kind.New
				kind.New = func(s vendors.Settings) (vendors.Vendor, error) {
					if s.Account == "sms" {
						endpoints = append(endpoints, s.Endpoint)
					}
					return build(s)
				}
				kinds[k] = kind
			}
			vs, err := rehearse.Vendors(kinds, turned, place, time.Now)
			if !errors.Is(err, rehearse.ErrElsewhere) || vs != nil || endpoints != nil {
				t.Errorf("built %v at %v: %v", vs, endpoints, err)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("a secret in %v", err)
			}
		})
	}
}

func mailAccount(a *config.Account, address string) {
	a.Vendor, a.Endpoint, a.Options = "smtp", "", config.Options{"address": address, "tls": "none"}
}

func TestASandboxThatIsNotOnThisMachineIsNone(t *testing.T) {
	far := rehearse.Place{SMS: "http://192.0.2.1:80", Mail: "192.0.2.1:25", Token: "t"}
	turned, err := rehearse.Turn(production(), channel.Builtin().Names(), far, 1)
	if err != nil {
		t.Fatal(err)
	}
	if vs, err := rehearse.Vendors(registry(), turned, far, time.Now); !errors.Is(err, rehearse.ErrElsewhere) {
		t.Errorf("built %v: %v", vs, err)
	}
}

func TestWhatCannotBeTurnedIsSaid(t *testing.T) {
	both := production()
	both.Routes[message.Email] = both.Routes[message.SMS]
	missing := production()
	delete(missing.Accounts, "sms-own")
	for want, c := range map[string]*config.Config{"carries both channels": both, "account sms-own is not configured": missing} {
		if _, err := rehearse.Turn(c, channel.Builtin().Names(), place, 1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("it says %v, want %q", err, want)
		}
	}
}

func path(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "scratch.db")
}
