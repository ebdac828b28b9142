package receivers

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// Lookup asks which mail hosts a domain has, the preferred first.
type Lookup interface {
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
}

// Hosts tells which receiver takes the mail of a domain. It never waits: names are asked for beside it, each once, and until its mail hosts are
// known a domain stands for itself. Where name servers do not answer, all do. It is safe for concurrent use, and remembers one word for
// each domain.
type Hosts struct {
	rules  *Rules
	lookup Lookup // nil: nobody is asked
	asking chan struct{}
	ctx    context.Context

	mu     sync.Mutex
	known  map[string]string
	byHost map[string]string // the name of the receiver at a mail host
	silent int               // how many names in a row were not answered
	unsaid int               // of how many names nobody said anything
	under  sync.WaitGroup    // what is asked
}

const (
	lookupsAtOnce = 16
	lookupTime    = 2 * time.Second
	givenUp       = 5 // names in a row
)

// NewHosts makes a Hosts that asks until ctx ends. Domains in own have a pace of their own in the configuration: they name the receiver that
// takes their mail.
func NewHosts(ctx context.Context, rules *Rules, lookup Lookup, own []string) *Hosts {
	h := &Hosts{
		rules: rules, lookup: lookup, asking: make(chan struct{}, lookupsAtOnce), ctx: ctx,
		known: make(map[string]string), byHost: make(map[string]string),
	}
	for _, domain := range own {
		h.known[domain] = domain
	}
	if lookup != nil {
		h.name(own)
	}
	return h
}

// name has the configured domains name the receivers at their mail hosts.
func (h *Hosts) name(own []string) {
	asked := make([][]string, len(own))
	var wg sync.WaitGroup
	for i, domain := range own {
		wg.Go(func() { asked[i], _ = h.ask(domain) }) // one that is not known names nobody else's
	}
	wg.Wait()
	for i, hosts := range asked {
		if len(hosts) > 0 && h.byHost[hosts[0]] == "" {
			h.byHost[hosts[0]] = own[i]
		}
	}
}

// Of is the receiver of a domain, by the name of one of its domains or, where nobody has named it, of its first mail host.
func (h *Hosts) Of(domain string) string {
	domain = strings.ToLower(domain)
	h.mu.Lock()
	defer h.mu.Unlock()
	if name, ok := h.known[domain]; ok {
		return name
	}
	name := domain
	if of := h.rules.named[domain]; of != "" {
		name = of
	} else if h.lookup != nil && domain != "" {
		h.under.Go(func() { h.learn(domain) })
	}
	h.known[domain] = name
	return name
}

// Ask asks for the mail hosts of domains and waits for what is answered. It returns the receiver of each, and of how many nobody knows
// their mail hosts, so that they stand for themselves.
func (h *Hosts) Ask(domains []string) (of map[string]string, unknown int) {
	for _, domain := range domains {
		h.Of(domain)
	}
	h.under.Wait()
	of = make(map[string]string, len(domains))
	for _, domain := range domains {
		of[domain] = h.Of(domain)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return of, h.unsaid
}

func (h *Hosts) learn(domain string) {
	hosts, err := h.turn(domain)
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		if !errors.Is(err, errNone) {
			h.unsaid++
		}
		return
	}
	first := hosts[0]
	if h.byHost[first] == "" {
		h.byHost[first] = first
		if known := h.rules.at(first); known != "" {
			h.byHost[first] = known
		}
	}
	h.known[domain] = h.byHost[first]
}

// turn asks when few others do.
func (h *Hosts) turn(domain string) ([]string, error) {
	select {
	case h.asking <- struct{}{}:
		defer func() { <-h.asking }()
		return h.ask(domain)
	case <-h.ctx.Done():
		return nil, h.ctx.Err()
	}
}

var (
	// errNone says that a domain has no mail host.
	errNone = errors.New("no mail host")
	// errGivenUp says that name servers do not answer.
	errGivenUp = errors.New("name servers do not answer")
)

// ask is which mail hosts a domain prefers, by their names.
func (h *Hosts) ask(domain string) ([]string, error) {
	h.mu.Lock()
	silent := h.silent
	h.mu.Unlock()
	if silent >= givenUp {
		return nil, errGivenUp
	}
	ctx, cancel := context.WithTimeout(h.ctx, lookupTime)
	defer cancel()
	all, err := h.lookup.LookupMX(ctx, domain)
	var answer *net.DNSError
	h.mu.Lock()
	none := errors.As(err, &answer) && answer.IsNotFound
	if err == nil || none {
		h.silent = 0
	} else {
		h.silent++
	}
	h.mu.Unlock()
	if none {
		return nil, errNone
	}
	if err != nil {
		return nil, err
	}
	var hosts []string
	for _, mx := range all {
		if host := strings.ToLower(strings.TrimSuffix(mx.Host, ".")); host != "" && mx.Pref == all[0].Pref {
			hosts = append(hosts, host)
		}
	}
	if len(hosts) == 0 {
		return nil, errNone
	}
	slices.Sort(hosts)
	return hosts, nil
}
