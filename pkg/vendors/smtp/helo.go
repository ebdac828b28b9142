package smtp

import (
	"context"
	"net"
	"strings"
	"time"
)

// nameTimeout is how long to look for this machine's full name: nothing depends on it but what strangers think of the mail.
const nameTimeout = 2 * time.Second

// named finds the name to greet with, once: the one that was configured, or this machine's, in full where that can be found.
// Servers refuse a name without a dot (Postfix: reject_non_fqdn_helo_hostname), and filters count it against the mail.
func (v *relay) named(ctx context.Context) {
	v.naming.Do(func() {
		if strings.Contains(v.opts.helo, ".") || v.opts.heloGiven {
			return
		}
		ctx, cancel := context.WithTimeout(ctx, nameTimeout)
		defer cancel()
		if full := v.fullName(ctx, v.opts.helo); full != "" && hostNamed(full) {
			v.opts.helo = full
		}
	})
}

// fullName is what this machine is called in full by its own tables, or by DNS; empty where neither knows.
func fullName(ctx context.Context, host string) string {
	addrs, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return ""
	}
	for _, addr := range addrs {
		names, _ := net.DefaultResolver.LookupAddr(ctx, addr)
		for _, name := range names {
			if name = strings.TrimSuffix(name, "."); strings.HasPrefix(name, host+".") {
				return name
			}
		}
	}
	return ""
}
