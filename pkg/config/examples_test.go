package config_test

import (
	"path/filepath"
	"testing"

	"notify/pkg/channel"
	"notify/pkg/config"
	"notify/pkg/message"
)

func TestTheExampleLoads(t *testing.T) {
	c, err := config.Load(config.LoadOptions{Path: filepath.Join("..", "..", "examples", "notify.yaml"), Vendors: kinds()})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) > 0 {
		t.Errorf("the example has warnings: %q", c.Warnings)
	}
	for _, ch := range channel.Builtin().Names() {
		if len(c.Routes[ch].Accounts) == 0 {
			t.Errorf("the example has no route for %s", ch)
		}
	}
	for addr, want := range map[message.Address]bool{
		"+8613495347019": true, "linxiaping1@163.test": true, "zhuleijie@company-11.test": true,
		"+8613800138000": false, "wang@qq.com": false,
	} {
		if c.Allows(addr) != want {
			t.Errorf("Allows(%s) is %v", addr.Masked(), !want)
		}
	}
}

func TestTheStarterIsTheDefault(t *testing.T) {
	got, err := load(t, config.Starter())
	if err != nil {
		t.Fatal(err)
	}
	def, err := config.Default(config.LoadOptions{Dir: got.Dir})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Warnings)+len(def.Warnings) > 0 {
		t.Errorf("warnings %q, %q", got.Warnings, def.Warnings)
	}
	if def.Ledger != got.Ledger || len(def.Accounts) != len(got.Accounts) || def.Accounts["sms"].Rate != got.Accounts["sms"].Rate {
		t.Errorf("the built-in configuration is %v, the starter %v", def, got)
	}
}
