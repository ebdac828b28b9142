package config

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"syscall"

	"notify/pkg/words"
)

// SandboxOff asks whether the sandbox is running, where an account's messages go to this machine and nothing answers there; it
// is no sentence otherwise.
func (c *Config) SandboxOff(account string, err error) words.Text {
	a := c.Accounts[account]
	place := a.Local()
	if place == "" || !errors.Is(err, syscall.ECONNREFUSED) {
		return words.Text{}
	}
	return words.T("account.sandbox", words.A{"account": account, "place": place})
}

// Local is where an account's messages go, if that is this machine; empty otherwise.
func (a *Account) Local() string {
	place, _ := a.Options["address"].(string)
	if u, err := url.Parse(a.Endpoint); err == nil && u.Host != "" {
		place = u.Host
	}
	host, _, err := net.SplitHostPort(place)
	if err != nil {
		return ""
	}
	if addr, err := netip.ParseAddr(host); host == "localhost" || err == nil && addr.IsLoopback() {
		return place
	}
	return ""
}
