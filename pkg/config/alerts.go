package config

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/words"
)

// AlertTarget is where somebody is told of what goes wrong. URL and Secret are secrets: nothing prints them.
type AlertTarget struct {
	Name string
	// Kind is a robot that is known by name: dingtalk, feishu, wecom; webhook for any other web address, service for what shoutrrr
	// has a scheme for.
	Kind     string
	URL      string `json:"-"`
	Secret   string `json:"-"`
	Severity string // the least of which it is told: info, warning, critical
	Language string // empty: that of the installation
}

// The kinds of targets.
const (
	DingTalk = "dingtalk"
	Feishu   = "feishu"
	WeCom    = "wecom"
	Webhook  = "webhook"
	Service  = "service"
)

// Format prints the target without what is secret in it, under every verb.
func (t AlertTarget) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "alert target "+t.Name+" ("+t.Kind+")")
}

// alerts reads the list of targets. One that is only an address has defaults for the rest.
func (r *reader) alerts(v yamldoc.Value) []AlertTarget {
	var targets []AlertTarget
	for _, item := range v.List() {
		t := AlertTarget{Severity: "warning"}
		if item.IsMap() {
			t = r.alert(item.Map())
		} else if t.URL = r.expanded(item, item.Text()); t.URL == "" {
			continue
		}
		if t.URL == "" || !target(item, &t) {
			continue
		}
		for n := 2; slices.ContainsFunc(targets, func(o AlertTarget) bool { return o.Name == t.Name }); n++ {
			if item.IsMap() && item.Map().Value("name").Set() {
				item.Problem(words.T("config.alert-twice", words.A{"name": t.Name}), words.T("config.do.alert-name", nil))
				break
			}
			t.Name = fmt.Sprintf("%s-%d", t.Kind, n)
		}
		targets = append(targets, t)
	}
	return targets
}

func (r *reader) alert(m *yamldoc.Map) AlertTarget {
	defer m.Done()
	t := AlertTarget{
		Name: m.Value("name").Text(), Kind: m.Value("kind").OneOf(DingTalk, Feishu, WeCom, Webhook, Service),
		URL: r.filled(m.Value("url")), Secret: r.filled(m.Value("secret")),
		Severity: m.Value("severity").OneOf("info", "warning", "critical"), Language: m.Value("language").OneOf("en", "zh"),
	}
	if t.Severity == "" {
		t.Severity = "warning"
	}
	if m.Value("url").Missing() {
		m.Problem("url", words.T("config.alert-url-missing", nil), words.T("config.do.alert-url", nil))
	}
	return t
}

// robots are the hosts by which the kinds are known.
func robots() map[string]string {
	return map[string]string{
		"oapi.dingtalk.com": DingTalk, "open.feishu.cn": Feishu, "open.larksuite.com": Feishu, "qyapi.weixin.qq.com": WeCom,
	}
}

// target completes a target from its address, which is in no problem.
func target(v yamldoc.Value, t *AlertTarget) bool {
	u, err := url.Parse(t.URL)
	if err != nil || u.Scheme == "" {
		v.Problem(words.T("config.alert-url-invalid", nil), words.T("config.do.alert-url", nil))
		return false
	}
	web := u.Scheme == "http" || u.Scheme == "https"
	switch {
	case t.Kind != "":
	case !web:
		t.Kind = Service
	case robots()[u.Hostname()] != "":
		t.Kind = robots()[u.Hostname()]
	default:
		t.Kind = Webhook
	}
	if web == (t.Kind == Service) || web && u.Host == "" {
		v.Problem(words.T("config.alert-kind", words.A{"kind": t.Kind, "scheme": u.Scheme}), words.T("config.do.alert-url", nil))
		return false
	}
	if t.Name == "" {
		t.Name = t.Kind
	}
	if strings.ContainsFunc(t.Name, func(r rune) bool { return r < ' ' }) || len(t.Name) > 60 {
		v.Problem(words.T("config.alert-name", nil), words.T("config.do.alert-name", nil))
		return false
	}
	return true
}

// AlertTargets are the names of the targets.
func (c *Config) AlertTargets() []string {
	names := make([]string, len(c.Alerts))
	for i, t := range c.Alerts {
		names[i] = t.Name
	}
	return names
}

// AlertTarget finds a target by its name; the error names the near ones.
func (c *Config) AlertTarget(name string) (AlertTarget, *words.Error) {
	for _, t := range c.Alerts {
		if t.Name == name {
			return t, nil
		}
	}
	err := words.Err("config.alert-unknown", words.A{"name": name})
	err.Hint = diag.Known(name, c.AlertTargets())
	return AlertTarget{}, err
}
