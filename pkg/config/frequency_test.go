package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/config"
	"notify/pkg/message"
)

const plain = "environment: test\nledger: a.db\n"

func TestHowOftenSomebodyIsWrittenTo(t *testing.T) {
	type limits = map[string]map[message.Channel]config.Frequency
	for _, c := range []struct {
		name, yaml string
		want       limits
	}{
		{"not at all limited", "", nil},
		{"for each class by itself", "frequency: {sms: 2/day, email: 5/week}\n", limits{
			config.Notice:    {message.SMS: {Most: 2, Days: 1}, message.Email: {Most: 5, Days: 7}},
			config.Marketing: {message.SMS: {Most: 2, Days: 1}, message.Email: {Most: 5, Days: 7}},
		}},
		{"one class otherwise", "frequency: {sms: 2/day, marketing: {sms: 1/3d, email: 10/month}}\n", limits{
			config.Notice:    {message.SMS: {Most: 2, Days: 1}},
			config.Marketing: {message.SMS: {Most: 1, Days: 3}, message.Email: {Most: 10, Days: 30}},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := load(t, plain+c.yaml)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.Frequency); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	for _, bad := range []string{"0/day", "2", "2/year", "day", "2/0d", "-1/day", "1/400d"} {
		if _, err := load(t, plain+"frequency: {sms: "+bad+"}\n"); err == nil || !strings.Contains(err.Error(), "2/day") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := load(t, plain+"frequency: {smss: 2/day}\n"); err == nil || !strings.Contains(err.Error(), "did you mean sms?") {
		t.Errorf("another channel: %v", err)
	}
}

func TestTheDaysThatCountAreThoseOfTheCalendar(t *testing.T) {
	china := time.FixedZone("CST", 8*3600)
	now := time.Date(2026, 11, 20, 0, 30, 0, 0, china)
	for f, want := range map[config.Frequency]string{
		{Most: 2, Days: 1}: "2/day 2026-11-20T00:00:00+08:00", {Most: 5, Days: 7}: "5/week 2026-11-14T00:00:00+08:00", {Most: 1, Days: 3}: "1/3d 2026-11-18T00:00:00+08:00",
	} {
		if got := f.String() + " " + f.Since(now.UTC(), china).Format(time.RFC3339); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestWhereTheLinksOfOneClickLead(t *testing.T) {
	got, err := load(t, plain+"unsubscribe: {url: https://edm.example.com/leave/, key: 0123456789abcdef}\n")
	if err != nil || got.Unsubscribe != (message.OneClick{URL: "https://edm.example.com/leave", Secret: "0123456789abcdef"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for bad, want := range map[string]string{
		"{url: http://edm.example.com/leave, key: 0123456789abcdef}": "https", "{url: https://edm.example.com, key: 0123456789abcdef}": "path",
		"{url: https://edm.example.com/u, key: short}": "fewer than 16", "{url: https://edm.example.com/u}": "both", "{key: 0123456789abcdef}": "both",
	} {
		if _, err := load(t, plain+"unsubscribe: "+bad+"\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
