package preflight

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"blitiri.com.ar/go/spf"
)

// proof is whether something about a sender has been shown.
type proof int

const (
	unproven  proof = iota // there is nothing to look at
	proven                 // the evidence is there
	disproven              // the evidence speaks against it
	unasked                // DNS gave no usable answer
)

// judgement is what came of looking at one account.
type judgement struct {
	Status Status
	Proof  proof
	Part   string // the evidence
	Remedy string // empty where there is nothing to do
	Err    error  // with Error: what DNS said
	Value  string // for machines
}

// spfCheck asks whether the SPF record of the domain that bounces go to lets the server send, as receivers will, and looks at
// that of the name with which the server greets, as some of them do.
func spfCheck() Check {
	return Check{ID: "spf", Group: GroupSender, Online: true, Run: func(ctx context.Context, s *Subject) Finding {
		return s.ofSender(func(from mailSender, a *senderAnswers) {
			for _, m := range from.Mailers {
				j := s.judgeSPF(ctx, m)
				a.judged(m, "spf", j)
				if j.Status != Skip && j.Status != Error {
					s.greeted(ctx, from, m, a)
				}
			}
		})
	}}
}

// judged adds a judgement to the answers.
func (a *senderAnswers) judged(m mailer, what string, j judgement) {
	a.fact("account."+m.Name+"."+what, j.Value)
	switch {
	case j.Status == Error:
		a.unknown(m.Name+": "+j.Part, j.Err)
	case j.Remedy == "":
		a.about(m, j.Status, j.Part)
	default:
		a.about(m, j.Status, j.Part, j.Remedy)
	}
}

// judgeSPF evaluates the record for every address that the account sends from; the worst result counts, because receivers
// see all of them.
func (s *Subject) judgeSPF(ctx context.Context, m mailer) judgement {
	if isReserved(m.Envelope) {
		return judgement{Status: Skip, Part: fmt.Sprintf(textReserved, m.Envelope), Value: "reserved"}
	}
	o, err := s.origin(ctx, m)
	switch {
	case err != nil:
		return judgement{Status: Error, Proof: unasked, Part: fmt.Sprintf(textServerIn, m.Host), Err: err, Value: "unknown"}
	case o.Sandbox:
		return judgement{Status: Skip, Part: fmt.Sprintf(textSandboxed, o.Why), Value: "sandbox"}
	}
	var worst judgement
	for _, addr := range o.Addrs {
		if j := s.spfOf(ctx, m, addr, o.Addrs); worst.Status == NotRun || j.Status.rank() > worst.Status.rank() {
			worst = j
		}
	}
	anybody := s.spfOf(ctx, m, stranger, o.Addrs)
	switch {
	case len(o.Addrs) == 0 && (anybody.Value == string(spf.None) || anybody.Value == string(spf.PermError) || anybody.Status == Error):
		return anybody
	case len(o.Addrs) == 0:
		return judgement{
			Status: Warn, Part: fmt.Sprintf(textSPFUnknown, m.Envelope, o.Why), Value: "unknown",
			Remedy: fmt.Sprintf(textSaySendsFrom, m.Name),
		}
	case worst.Status != Pass:
		return worst
	case anybody.Value == string(spf.Pass):
		return judgement{Status: Warn, Proof: proven, Part: fmt.Sprintf(textSPFAnybody, m.Envelope), Remedy: fmt.Sprintf(textSPFCloser, m.Envelope), Value: "pass"}
	case anybody.Value == string(spf.PermError):
		return judgement{Status: Warn, Proof: proven, Part: fmt.Sprintf(textSPFFragile, m.Envelope, anybody.Part), Remedy: anybody.Remedy, Value: "pass"}
	}
	worst.Part = fmt.Sprintf(textSPFPass, m.Envelope, addresses(o.Addrs))
	return worst
}

// stranger is an address from which nothing can come (RFC 6666), and which so shows how a record ends.
var stranger = netip.MustParseAddr("100::1") //nolint:gochecknoglobals // a constant

// spfOf is what a receiver finds that gets a mail from an address.
func (s *Subject) spfOf(ctx context.Context, m mailer, addr netip.Addr, all []netip.Addr) judgement {
	result, err := spf.CheckHostWithSender(net.IP(addr.AsSlice()), m.Envelope, "bounces@"+m.Envelope,
		spf.WithContext(ctx), spf.WithResolver(s.resolver()))
	j := judgement{Value: string(result), Proof: disproven}
	switch result {
	case spf.Pass:
		j.Status, j.Proof = Pass, proven
	case spf.Neutral, spf.SoftFail:
		j.Status, j.Part, j.Remedy = Warn, fmt.Sprintf(textSPFResult, m.Envelope, result, addr), textSPFAdd
	case spf.Fail:
		j.Status, j.Part, j.Remedy = Fail, fmt.Sprintf(textSPFResult, m.Envelope, result, addr), textSPFAdd
	case spf.None:
		j.Status, j.Part, j.Remedy = Fail, fmt.Sprintf(textSPFNone, m.Envelope), textSPFPublish
	case spf.PermError:
		j.Status, j.Part = Fail, fmt.Sprintf(textSPFBroken, m.Envelope, spfFault(err))
		j.Remedy = fmt.Sprintf(textSPFMend, m.Envelope)
		if errors.Is(err, spf.ErrLookupLimitReached) || errors.Is(err, spf.ErrVoidLookupLimitReached) {
			j.Remedy = fmt.Sprintf(textSPFFewer, m.Envelope)
		}
	case spf.TempError:
		j.Status, j.Proof, j.Part, j.Err = Error, unasked, fmt.Sprintf(textSPFOf, m.Envelope), err
	}
	switch j.Remedy {
	case textSPFAdd:
		j.Remedy = fmt.Sprintf(textSPFAdd, mechanisms(all), m.Envelope, m.Name)
	case textSPFPublish:
		j.Remedy = fmt.Sprintf(textSPFPublish, m.Envelope, mechanisms(all))
	}
	return j
}

// greeted judges the other identity that RFC 7208, 2.3, recommends to receivers: the name with which the server greets
// (EHLO). Few refuse a mail for it alone, so that the worst is a warning; and it proves nothing about the sender, so that a
// pass is a detail only.
func (s *Subject) greeted(ctx context.Context, from mailSender, m mailer, a *senderAnswers) {
	o, err := s.origin(ctx, m)
	switch {
	case err != nil || len(o.Addrs) == 0:
		return // the answer about the envelope says so
	case !s.isOurs(from, m):
		a.detail(m.Name + ": " + fmt.Sprintf(textEhloForeign, m.Host))
		return
	}
	done := make(map[string]bool)
	for _, addr := range o.Addrs {
		name, err := s.ehlo(ctx, m, addr)
		switch {
		case err != nil:
			a.about(m, Warn, fmt.Sprintf(textUnchecked, fmt.Sprintf(textNameOf, addr), err), textMendDNS)
		case name == "":
			a.detail(m.Name + ": " + fmt.Sprintf(textEhloUnknown, addr))
		case name == m.Envelope || isReserved(name):
		default:
			s.greetedAs(ctx, m, name, addr, done, a)
		}
	}
}

// ehlo is the name with which a server of ours greets receivers, as far as it can be known: its own, or where others hand its
// mails on, or it has none, the name that its address leads to and back; empty where there is none.
func (s *Subject) ehlo(ctx context.Context, m mailer, addr netip.Addr) (string, error) {
	if _, err := netip.ParseAddr(m.Host); err != nil && m.Host != "" && len(m.Account.SendsFrom) == 0 {
		return m.Host, nil
	}
	_, name, err := s.confirmed(ctx, addr)
	return name, err
}

func (s *Subject) greetedAs(ctx context.Context, m mailer, name string, addr netip.Addr, done map[string]bool, a *senderAnswers) {
	result, err := spf.CheckHostWithSender(net.IP(addr.AsSlice()), name, "postmaster@"+name, spf.WithContext(ctx), spf.WithResolver(s.resolver()))
	a.fact("account."+m.Name+".spf.ehlo."+addr.String(), string(result))
	var st Status
	part, remedy := fmt.Sprintf(textEhlo, name, result, addr), fmt.Sprintf(textEhloAdd, name)
	switch result {
	case spf.Pass, spf.None, spf.Neutral: // RFC 7208, 2.6.2: neutral is to be taken for none
		a.detail(m.Name + ": " + part)
		return
	case spf.Fail, spf.SoftFail:
		st = Warn
	case spf.PermError:
		st, part, remedy = Warn, fmt.Sprintf(textSPFBroken, name, spfFault(err)), fmt.Sprintf(textSPFMend, name)
	case spf.TempError:
		st, part, remedy = Warn, fmt.Sprintf(textUnchecked, fmt.Sprintf(textSPFOf, name), err), textMendDNS
	}
	if done[remedy] {
		a.about(m, st, part)
		return
	}
	done[remedy] = true
	a.about(m, st, part, remedy)
}

// mechanisms are the addresses as they stand in a record.
func mechanisms(addrs []netip.Addr) string {
	if len(addrs) == 0 {
		return "include:(what the vendor names)"
	}
	words := make([]string, 0, len(addrs))
	for _, a := range addrs {
		kind := "ip6:"
		if a.Is4() {
			kind = "ip4:"
		}
		words = append(words, kind+a.String())
	}
	return strings.Join(words, " ")
}

// spfFault says what is wrong with a record.
func spfFault(err error) string {
	switch {
	case errors.Is(err, spf.ErrLookupLimitReached):
		return "it needs more than 10 lookups (RFC 7208, 4.6.4)"
	case errors.Is(err, spf.ErrVoidLookupLimitReached):
		return "more than 2 of its lookups find nothing (RFC 7208, 4.6.4)"
	case errors.Is(err, spf.ErrMultipleRecords):
		return "there is more than one"
	case errors.Is(err, spf.ErrNoResult):
		return "it includes a domain without a record"
	case err == nil:
		return "it cannot be read"
	}
	return err.Error()
}

const (
	textServerIn     = "where the server %s is"
	textSandboxed    = "%s: no receiver sees it"
	textSPFOf        = "the SPF record of %s"
	textSPFPass      = "the SPF record of %s covers %s"
	textSPFResult    = "the SPF record of %s says %s for %s"
	textSPFNone      = "%s has no SPF record"
	textSPFBroken    = "the SPF record of %s is broken: %s"
	textSPFFragile   = "the SPF record of %s covers the server, and is broken for others: %s"
	textSPFAnybody   = "the SPF record of %s lets anybody send"
	textSPFUnknown   = "%s has an SPF record; whether it covers the server is not known: %s"
	textSPFAdd       = "add %s (or the include: that the vendor names) to the SPF record of %s; if receivers get the mails from other addresses, write those into accounts.%s.sends_from in notify.yaml"
	textSPFPublish   = `publish a TXT record at %s: "v=spf1 %s -all", with the include: that the vendor names`
	textSPFMend      = "mend the SPF record of %s"
	textSPFFewer     = "take include:, a, mx and exists that are not needed out of the SPF record of %s, or write the addresses instead, until 10 lookups are enough"
	textSPFCloser    = "end the SPF record of %s in -all or ~all, and name the servers: receivers trust no domain that anybody can use"
	textEhlo         = "SPF for the name with which the server greets (EHLO %s) says %s for %s"
	textEhloAdd      = `publish a TXT record at %s that covers the server: "v=spf1 a -all"; receivers that look at EHLO refuse or mark the mails otherwise`
	textEhloForeign  = "the name with which %s greets (EHLO) is its owner's affair"
	textEhloUnknown  = "the name with which %s greets (EHLO) is not known: it has no name in DNS that leads back to it"
	textSaySendsFrom = "write the addresses from which receivers get the mails into accounts.%s.sends_from in notify.yaml, or send one to yourself and look for spf=pass in Authentication-Results"
)
