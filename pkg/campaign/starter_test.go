package campaign_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notify/pkg/campaign"
	"notify/pkg/message"
	"notify/pkg/render"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares files with those under testdata/starter.
func golden(t *testing.T, folder string, files []campaign.File) {
	t.Helper()
	for _, f := range files {
		path := filepath.Join("testdata", "starter", folder, f.Name)
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(f.Text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), f.Text); diff != "" {
			t.Errorf("%s differs (go test -update writes it anew):\n%s", path, diff)
		}
	}
}

func TestStarterFilesLoadAndRender(t *testing.T) {
	award := []string{"工号", "姓名", "手机号", "邮箱", "奖项", "金额", "领奖日期"}
	awardMapped := map[string]string{"key": "工号", "name": "姓名", "phone": "手机号", "email": "邮箱"}
	odd := []string{"id #", `na"me: x`, "e-mail", "{{x}}", "a}}b", "<b>", "default", "yes", "two\nlines", "line: [1]"}
	for _, c := range []struct {
		name, golden string
		o            campaign.StarterOptions
		want         map[message.Channel][]string
	}{
		{
			"a list in Chinese with both channels", "award",
			campaign.StarterOptions{List: "lists/award.xlsx", Sheet: "获奖名单", Columns: award, Mapped: awardMapped, Owner: "王伟: 运营"},
			map[message.Channel][]string{message.SMS: {"姓名", "奖项", "金额", "领奖日期"}, message.Email: {"姓名", "奖项", "金额", "领奖日期"}},
		},
		{
			"a list in English with mail only", "winners",
			campaign.StarterOptions{List: "winners.csv", Columns: []string{"Full name", "E-mail", "Prize"}, Mapped: map[string]string{"name": "Full name", "email": "E-mail"}},
			map[message.Channel][]string{message.Email: {"Full name", "Prize"}},
		},
		{
			"headers that YAML, HTML and the texts would misread", "odd",
			campaign.StarterOptions{List: "odd list (1).xlsx", Columns: odd, Mapped: map[string]string{"key": "id #", "name": `na"me: x`, "email": "e-mail"}},
			map[message.Channel][]string{message.Email: {`na"me: x`, "<b>", "default", "yes", "line: [1]"}},
		},
		{
			"no list yet", "empty",
			campaign.StarterOptions{},
			map[message.Channel][]string{message.SMS: {"姓名"}, message.Email: {"姓名"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			files, err := campaign.Starter(c.o)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, c.golden, files)
			texts := make(map[string]string)
			for _, f := range files {
				texts[f.Name] = f.Text
			}
			dir := write(t, texts)
			got, err := campaign.Load(filepath.Join(dir, files[0].Name), time.UTC, nil)
			if err != nil {
				t.Fatal(err)
			}
			for role, header := range c.o.Mapped {
				if got.List.Columns[role] != header {
					t.Errorf("the %s column is %q, want %q", role, got.List.Columns[role], header)
				}
			}
			columns := c.o.Columns
			if columns == nil {
				columns = []string{"姓名", "手机号", "邮箱"}
			}
			r, err := render.New(render.Texts{Texts: got.Texts}, columns)
			if err != nil {
				t.Fatal(err)
			}
			uses := make(map[message.Channel][]string)
			for _, ch := range got.Channels() {
				uses[ch] = r.Uses(ch)
			}
			if diff := cmp.Diff(c.want, uses); diff != "" {
				t.Error(diff)
			}
		})
	}
}
