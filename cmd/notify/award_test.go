package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"notify/pkg/drill"
	"notify/pkg/exit"
	"notify/pkg/preflight"
	"notify/pkg/sandbox"
	"notify/pkg/words"
)

// The incident on a scale of 1:4, so that a test has the time to send it: what the preflight refuses, and what comes of
// doing what it prints, and nothing else.
const (
	quarterWinners  = winners / 4
	quarterCapacity = 8_000 / 4
	quarterBalance  = 10_000 / 4 // and the quota of the day
)

// followed is an installation and its campaign as what their files hold, into which settings can be written.
type followed struct {
	*place
	bulk              *receiver
	install, campaign map[string]any
	commands          []string // what to type in the end
}

func newFollowed(t *testing.T) *followed {
	t.Helper()
	p := &place{TB: t, dir: t.TempDir()}
	p.env = append(drillEnv(os.Getenv), "XDG_STATE_HOME="+p.path("state"))
	begin := func(dir string, flags ...string) *receiver {
		r, err := startReceiver(dir, p.env, flags...)
		p.must(err)
		t.Cleanup(r.stop)
		return r
	}
	limit := fmt.Sprint(quarterBalance)
	p.receiver = begin(p.dir, "--messages", limit, "--quota", limit)
	f := &followed{place: p, bulk: begin(t.TempDir()), commands: []string{"notify send award.csv"}}
	mailer := func(address string) map[string]any {
		return map[string]any{
			"vendor": "smtp", "class": "notice", "rate": "2000/s", "price": 0.002, "currency": "CNY",
			"options": map[string]any{"address": address, "tls": "none"},
		}
	}
	f.install = map[string]any{
		"environment": "test", "timezone": drill.Zone(time.Now()), "country": "CN", "ledger": "notify.db",
		"capacity":          map[string]any{"recipients": quarterCapacity},
		"protected_domains": []string{"company.test", "localhost"}, // localhost plays the official mail server
		"allow_list":        []string{"+861349*", "*@*.test"},
		"accounts": map[string]any{
			"sms": map[string]any{
				"vendor": "http", "class": "notice", "rate": "2000/s", "price": 0.045, "currency": "CNY", "endpoint": "http://" + p.receiver.sms,
				"options": map[string]any{"definition": "builtin:sandbox-sms", "token": "sandbox", "sign_name": "示例"},
			},
			"official": mailer(strings.Replace(p.receiver.mail, "127.0.0.1", "localhost", 1)),
			"bulk":     mailer(f.bulk.mail),
		},
	}
	f.route("official")
	f.campaign = map[string]any{
		"name": "award-2020", "owner": "Operations Wang", "class": "notice", "environment": "test", "expect": quarterWinners,
		"channels": map[string]any{
			"sms":   map[string]any{"text": "award.sms.txt"},
			"email": map[string]any{"from": "Awards <award@company.test>", "subject": "{{姓名}} ({{工号}}), your award", "text": "award.txt"},
		},
	}
	f.write("award.sms.txt", "{{姓名}}，您获得{{奖项}}，请于1月2日到行政部领取。\n")
	f.write("award.txt", "{{姓名}},\n\nyou have won: {{奖项}}.\n")
	all := people(1, quarterWinners)
	for i := range all {
		all[i].email = fmt.Sprintf("p%05d@customer.test", i)
	}
	p.must(writeList(p.path("award.csv"), all))
	f.save()
	return f
}

func (f *followed) route(mails string) {
	f.install["routes"] = map[string]any{
		"sms": map[string]any{"accounts": []string{"sms"}}, "email": map[string]any{"accounts": []string{mails}},
	}
}

// save writes both files; JSON is YAML.
func (f *followed) save() {
	f.Helper()
	for name, what := range map[string]any{"notify.yaml": f.install, "award.yaml": f.campaign} {
		b, err := json.Marshal(what)
		f.must(err)
		f.write(name, string(b))
	}
}

// set writes a setting where its key says.
func (f *followed) set(s preflight.Setting) {
	at := f.install
	if s.Campaign {
		at = f.campaign
	}
	path := strings.SplitN(s.Key, ".", 4) // the last may be a domain
	for _, k := range path[:len(path)-1] {
		below, ok := at[k].(map[string]any)
		if !ok {
			below = make(map[string]any)
			at[k] = below
		}
		at = below
	}
	at[path[len(path)-1]] = s.Value
	if s.Unit != "" {
		at[path[len(path)-1]] = fmt.Sprint(s.Value) + s.Unit
	}
}

// answered is a check as --json has it.
type answered = preflight.Finding

// saidBy is the evidence of a check in English.
func saidBy(a answered) string { return words.Printer{}.Value(a.Says()) }

// failing is what a preflight says of the checks that stop the campaign.
func (f *followed) failing() []answered {
	f.Helper()
	var all struct {
		Checks []answered `json:"checks"`
	}
	f.must(json.Unmarshal([]byte(f.wants([]int{exit.Failed, exit.OK}, "preflight", "award.csv", "--json")), &all))
	return slices.DeleteFunc(all.Checks, func(a answered) bool {
		return a.Status != preflight.Fail && a.Status != preflight.Error
	})
}

// follow does what a check prints, by the option of this kind.
func (f *followed) follow(a answered, kind preflight.OptionKind) {
	f.Helper()
	i := slices.IndexFunc(a.Options, func(o preflight.Option) bool { return o.Kind == kind })
	if i < 0 || !slices.ContainsFunc(a.Remedies, func(r preflight.Remedy) bool { return r.Text.String() == a.Options[i].Text.String() }) {
		f.Fatalf("%s prints no %s: %v %+v", a.ID, kind, a.Remedies, a.Options)
	}
	o := a.Options[i]
	switch kind {
	case preflight.OptionRehearse:
		f.wants([]int{exit.OK}, strings.Fields(o.Command)[1:]...)
	case preflight.OptionPart:
		f.commands = nil
		for _, part := range o.Parts {
			f.commands = append(f.commands, part.Command)
		}
	case preflight.OptionTopUp:
		f.must(f.receiver.admin.Topup(f.Context(), sandbox.Topup{Messages: o.Segments}))
	case preflight.OptionRaiseQuota:
		f.must(f.receiver.admin.Topup(f.Context(), sandbox.Topup{Quota: int64(o.Settings[0].Value.(float64) - o.Settings[0].Now.(float64))}))
	case preflight.OptionSender:
		if !slices.ContainsFunc(a.Remedies, func(r preflight.Remedy) bool {
			return r.Text.String() == "put an account with a server of its own for bulk mail on the route instead of official"
		}) {
			f.Errorf("%v", a.Remedies)
		}
		f.route("bulk")
	}
	for _, s := range o.Settings {
		f.set(s)
	}
	f.save()
}

// TestTheAwardPassesOnceItsOptionsAreFollowed: five things stop the award of 2020 before anything leaves; with what is
// printed under each of them done, the same campaign passes and reaches everybody once.
func TestTheAwardPassesOnceItsOptionsAreFollowed(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]preflight.OptionKind{"proven by a rehearsal": preflight.OptionRehearse, "in parts": preflight.OptionPart} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFollowed(t)
			kinds := map[string]preflight.OptionKind{
				"capacity": way, "protected": preflight.OptionSender, "balance": preflight.OptionTopUp, "quota": preflight.OptionRaiseQuota,
				"pace": preflight.OptionRate,
			}
			f.stopped()
			for _, a := range f.failing() {
				f.follow(a, kinds[a.ID])
			}
			for _, a := range f.failing() { // bulk is another account than the one whose pace was set
				if a.ID == "capacity" && way == preflight.OptionPart {
					continue // the whole list is as large as it was
				}
				if a.ID != "pace" {
					t.Errorf("after its options were followed, %s says %s", a.ID, saidBy(a))
				}
				f.follow(a, kinds[a.ID])
			}
			f.sent()
		})
	}
}

// stopped looks at each of the five, and that nothing leaves.
func (f *followed) stopped() {
	f.Helper()
	want := [][2]string{
		{"capacity", "5,750 recipients, the installation was designed for 2,000: 3,750 too many"},
		{"protected", "5,750 mails from company.test, which is protected; official: the server localhost is protected"},
		{"balance", "sms: 2,500 messages in packages left, needs 6,325 segments"},
		{"quota", "sms: 2,500 a day (vendor), 0 used today, 2,500 left, 5,750 to send; it takes 3 days"},
		{"pace", "official: 1 domain would get more than 1,000 mails without a pace, customer.test 5,750"},
	}
	got := f.failing()
	if len(got) != len(want) {
		f.Fatalf("these stop it: %+v", got)
	}
	for i, w := range want {
		if got[i].ID != w[0] || got[i].Status != preflight.Fail || !strings.Contains(saidBy(got[i]), w[1]) || len(got[i].Options) == 0 {
			f.Errorf("%s: %s: %q, %d options; want %q", got[i].ID, got[i].Status, saidBy(got[i]), len(got[i].Options), w)
		}
	}
	f.wants([]int{exit.Failed}, "send", "award.csv", "--yes")
	f.arrived(0)
}

// sent sends with the commands that were printed. The pace that is printed passes; as it also says, the customer is asked,
// who bears more here: a test has no hour and a half.
func (f *followed) sent() {
	f.Helper()
	for i, bears := range []string{"", "2000/s"} {
		if bears != "" {
			f.set(preflight.Setting{Key: "accounts.bulk.domain_rate.customer.test", Value: bears})
			f.save()
		}
		for _, c := range f.commands {
			args := strings.Fields(c)[2:]
			f.wants([]int{exit.OK}, append([]string{"preflight"}, args...)...)
			if i == 1 {
				f.wants([]int{exit.OK}, append([]string{"send", "--yes"}, args...)...)
			}
		}
	}
	f.arrived(quarterWinners)
	f.wants([]int{exit.OK}, append([]string{"send", "--yes"}, strings.Fields(f.commands[0])[2:]...)...)
	f.arrived(quarterWinners)
}

// arrived looks at what the vendors count: so many by each channel, nobody twice, and nothing through the official server.
func (f *followed) arrived(n int) {
	f.Helper()
	vendor, err := f.receiver.count()
	f.must(err)
	bulk, err := f.bulk.count()
	f.must(err)
	for name, c := range map[string]sandbox.Count{"SMS": vendor.SMS, "mails": bulk.Mail} {
		if c.Reached != n || c.Distinct != n || c.Twice != 0 {
			f.Errorf("%d %s to %d people, %d of them twice; want %d", c.Reached, name, c.Distinct, c.Twice, n)
		}
	}
	if vendor.Mail.Reached != 0 {
		f.Errorf("%d mails left through the official server", vendor.Mail.Reached)
	}
}
