package config_test

import (
	"testing"
	"time"
)

func TestTimer(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       time.Duration
		bad        bool
	}{
		{name: "none", text: "environment: test\n"},
		{name: "ten minutes", text: "environment: test\ntimer: 10m\n", want: 10 * time.Minute},
		{name: "without a unit", text: "environment: test\ntimer: 10\n", bad: true},
		{name: "faster than anything is done", text: "environment: test\ntimer: 1ms\n", bad: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := load(t, c.text)
			if (err != nil) != c.bad {
				t.Fatalf("err = %v", err)
			}
			if err == nil && cfg.Timer != c.want {
				t.Errorf("timer %s, want %s", cfg.Timer, c.want)
			}
		})
	}
}
