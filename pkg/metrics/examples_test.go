package metrics_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const examples = "../../examples/prometheus/"

// promtool runs it in the folder of the examples. Where CI is set it is there, or the test fails.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil && os.Getenv("CI") == "" {
		t.Logf("!!! NOT TESTED: promtool %s: %v. Get it with: apt-get install prometheus", strings.Join(args, " "), err)
		_, _ = os.Stderr.WriteString("\n!!! NOT TESTED: what Prometheus makes of the examples: get promtool with: apt-get install prometheus\n\n")
		return
	}
	must(t, err)
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = examples
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// known are the names under which metrics are asked for.
func known(t *testing.T) []string {
	t.Helper()
	all := text(t, told(t))
	found := names(all)
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) histogram$`).FindAllStringSubmatch(all, -1) {
		found = append(found, m[1]+"_bucket", m[1]+"_sum", m[1]+"_count")
	}
	return found
}

// asksFor are the metrics in an expression.
func asksFor(expr string) []string {
	return regexp.MustCompile(`\bnotify_[a-z_]+`).FindAllString(expr, -1)
}

func TestTheRulesAskForWhatIsTold(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(examples + "notify.rules.yml")
	must(t, err)
	asked, all := asksFor(string(b)), known(t)
	if len(asked) < 20 {
		t.Errorf("the rules ask for %v", asked)
	}
	for _, name := range asked {
		if !slices.Contains(all, name) {
			t.Errorf("nothing tells %s", name)
		}
	}
	promtool(t, "check", "config", "prometheus.yml")
	promtool(t, "check", "rules", "--lint=all", "--lint-fatal", "notify.rules.yml")
	promtool(t, "test", "rules", "notify.test.yml")
}

func TestTheDashboardShowsWhatIsTold(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(examples + "dashboard.json")
	must(t, err)
	var d struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
		Templating struct {
			List []struct {
				Name  string
				Query any
			}
		}
	}
	must(t, json.Unmarshal(b, &d))
	all, shown, rules := known(t), []string{}, []string{}
	ask := func(where, expr string) {
		names := asksFor(expr)
		if len(names) == 0 {
			t.Errorf("%s asks for nothing of ours: %s", where, expr)
		}
		for _, name := range names {
			if !slices.Contains(all, name) {
				t.Errorf("%s: nothing tells %s", where, name)
			}
			shown = append(shown, name)
		}
	}
	taken := make(map[[2]int]string)
	for i, p := range d.Panels {
		if p.ID != i+1 || p.Title == "" || len(p.Targets) == 0 {
			t.Errorf("panel %d: %+v", i, p)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s lies over %s", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, target := range p.Targets {
			ask(p.Title, target.Expr)
			rules = append(rules, "  - record: notify:panel\n    expr: "+quote(strings.NewReplacer(`"$campaign"`, `".*"`, `"$account"`, `".*"`).Replace(target.Expr)))
		}
	}
	for _, v := range d.Templating.List {
		if q, ok := v.Query.(map[string]any); ok {
			ask(v.Name, q["query"].(string))
		}
	}
	// What everybody who sends looks at first is there.
	for _, name := range []string{"notify_attempts_total", "notify_account_rate_limit", "notify_account_bucket_level", "notify_account_quota_left", "notify_account_balance", "notify_in_flight", "notify_vendor_duration_seconds_bucket", "notify_commit_duration_seconds_bucket", "notify_messages", "notify_receipts_lag_seconds", "notify_receipts_last_timestamp_seconds", "notify_account_breaker", "notify_campaign_state", "notify_alerts_open"} {
		if !slices.Contains(shown, name) {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
	// Prometheus reads every expression of it.
	path := t.TempDir() + "/panels.yml"
	must(t, os.WriteFile(path, []byte("groups:\n- name: panels\n  rules:\n"+strings.Join(rules, "\n")+"\n"), 0o600))
	promtool(t, "check", "rules", "--lint=none", path)
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return s
	}
	return string(b)
}
