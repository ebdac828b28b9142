package config

import (
	"slices"
	"strings"

	"notify/pkg/checklist"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/sshsign"
	"notify/pkg/words"
)

// Signers are the people who may sign for a checklist, with their keys.
func (c *Config) Signers() checklist.Signers {
	return checklist.Signers{People: c.Roles, Keys: c.Keys}
}

// signers reads people one by one: {li: {roles: [legal], key: "ssh-ed25519 …"}}. Their roles join those that roles has.
func (c *Config) signers(m *yamldoc.Map) {
	defer m.Done()
	for _, name := range m.Keys() {
		person := m.Map(name)
		for _, item := range person.Value("roles").List() {
			role := strings.TrimSpace(item.Text())
			if !rolePattern().MatchString(role) {
				item.Problem(words.T("config.role-invalid", words.A{"role": role}), words.T("config.do.role", nil))
				continue
			}
			if c.Roles == nil {
				c.Roles = make(map[string][]string)
			}
			if !slices.ContainsFunc(c.Roles[role], func(have string) bool { return strings.EqualFold(have, name) }) {
				c.Roles[role] = append(c.Roles[role], name)
			}
		}
		if v := person.Value("key"); v.Set() {
			key, err := sshsign.ParseKey(v.Text())
			if err != nil {
				v.Problem(words.T("config.signer-key", words.A{"name": name, "why": words.Cause(err)}), words.T("config.do.signer-key", nil))
			}
			if c.Keys == nil {
				c.Keys = make(map[string]sshsign.Key)
			}
			c.Keys[strings.ToLower(name)] = key
		}
		person.Done()
	}
}
