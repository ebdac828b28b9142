package preflight

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"

	"blitiri.com.ar/go/spf"

	"notify/pkg/words"
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
	Status   Status
	Proof    proof
	Evidence words.Text // the evidence
	Remedy   words.Text // none where there is nothing to do
	Err      error      // with Error: what DNS said
	Value    string     // for machines
}

// spfCheck asks whether the SPF record of the domain that bounces go to lets the server send, as receivers will, and looks at
// that of the name with which the server greets, as some of them do.
//
// *Does the SPF record let the server send?* FAIL without a record, with a broken one (also by more than 10 lookups), and where it says fail;
// WARN for softfail and neutral, and where the name with which our own server greets (EHLO) has a record that says fail.
func spfCheck() Check {
	return Check{ID: "spf", Group: GroupSender, Online: true, Overrule: "what receivers refuse bounces, and nothing is sent twice", Run: func(ctx context.Context, s *Subject) Finding {
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
		a.unknown(m.of(j.Evidence), j.Err)
	case j.Remedy.IsZero():
		a.about(m, j.Status, j.Evidence)
	default:
		a.about(m, j.Status, j.Evidence, j.Remedy)
	}
}

// judgeSPF evaluates the record for every address that the account sends from; the worst result counts, because receivers
// see all of them.
func (s *Subject) judgeSPF(ctx context.Context, m mailer) judgement {
	if isReserved(m.Envelope) {
		return judgement{Status: Skip, Evidence: reserved(m.Envelope), Value: "reserved"}
	}
	o, err := s.origin(ctx, m)
	switch {
	case err != nil:
		return judgement{Status: Error, Proof: unasked, Evidence: serverIn(m.Host), Err: err, Value: "unknown"}
	case o.Sandbox:
		return judgement{Status: Skip, Evidence: sandboxed(o.Why), Value: "sandbox"}
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
			Status: Warn, Evidence: words.T("spf.unknown", words.A{"domain": m.Envelope, "why": o.Why}), Value: "unknown",
			Remedy: words.T("spf.say-sends-from", words.A{"account": m.Name}),
		}
	case worst.Status != Pass:
		return worst
	case anybody.Value == string(spf.Pass):
		return judgement{Status: Warn, Proof: proven, Evidence: words.T("spf.anybody", words.A{"domain": m.Envelope}), Remedy: words.T("spf.closer", words.A{"domain": m.Envelope}), Value: "pass"}
	case anybody.Value == string(spf.PermError):
		return judgement{Status: Warn, Proof: proven, Evidence: words.T("spf.fragile", words.A{"domain": m.Envelope, "fault": anybody.Evidence}), Remedy: anybody.Remedy, Value: "pass"}
	}
	worst.Evidence = words.T("spf.good", words.A{"domain": m.Envelope, "addresses": addresses(o.Addrs)})
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
		j.Status, j.Evidence, j.Remedy = Warn, spfResult(m, result, addr), m.addToSPF(all)
	case spf.Fail:
		j.Status, j.Evidence, j.Remedy = Fail, spfResult(m, result, addr), m.addToSPF(all)
	case spf.None:
		j.Status, j.Evidence = Fail, words.T("spf.none", words.A{"domain": m.Envelope})
		j.Remedy = words.T("spf.publish", words.A{"domain": m.Envelope, "record": `"v=spf1 ` + mechanisms(all) + ` -all"`})
	case spf.PermError:
		j.Status, j.Evidence = Fail, words.T("spf.broken", words.A{"domain": m.Envelope, "fault": spfFault(err)})
		j.Remedy = words.T("spf.mend", words.A{"domain": m.Envelope})
		if errors.Is(err, spf.ErrLookupLimitReached) || errors.Is(err, spf.ErrVoidLookupLimitReached) {
			j.Remedy = words.T("spf.fewer", words.A{"domain": m.Envelope})
		}
	case spf.TempError:
		j.Status, j.Proof, j.Evidence, j.Err = Error, unasked, spfOf(m.Envelope), err
	}
	return j
}

// spfOf is the question about a record.
func spfOf(domain string) words.Text { return words.T("spf.of", words.A{"domain": domain}) }

func spfResult(m mailer, result spf.Result, addr netip.Addr) words.Text {
	return words.T("spf.result", words.A{"domain": m.Envelope, "result": string(result), "address": addr.String()})
}

// addToSPF is how the record is made to cover the account's servers.
func (m mailer) addToSPF(all []netip.Addr) words.Text {
	return words.T("spf.add", words.A{"mechanisms": mechanisms(all), "domain": m.Envelope, "account": m.Name})
}

// sandboxed says why no receiver sees the mails.
func sandboxed(why words.Text) words.Text { return words.T("sender.sandboxed", words.A{"why": why}) }

// greeted judges the other identity that RFC 7208, 2.3, recommends to receivers: the name with which the server greets
// (EHLO). Few refuse a mail for it alone, so that the worst is a warning; and it proves nothing about the sender, so that a
// pass is a detail only.
func (s *Subject) greeted(ctx context.Context, from mailSender, m mailer, a *senderAnswers) {
	o, err := s.origin(ctx, m)
	switch {
	case err != nil || len(o.Addrs) == 0:
		return // the answer about the envelope says so
	case !s.isOurs(from, m):
		a.aside(m, words.T("spf.ehlo-foreign", words.A{"host": m.Host}))
		return
	}
	done := make(map[string]bool)
	for _, addr := range o.Addrs {
		name, err := s.ehlo(ctx, m, addr)
		switch {
		case err != nil:
			a.about(m, Warn, words.T("sender.unchecked", words.A{"what": nameOf(addr), "cause": words.Cause(err)}), words.T("sender.mend-dns", nil))
		case name == "":
			a.aside(m, words.T("spf.ehlo-unknown", words.A{"address": addr.String()}))
		case name == m.Envelope || isReserved(name):
		default:
			s.greetedAs(ctx, m, name, addr, done, a)
		}
	}
}

// ehlo is the name with which a server of ours greets receivers, as far as it can be known: its own, or where others hand its
// mails on, or it has none, the name that its address leads to and back; empty where there is none.
func (s *Subject) ehlo(ctx context.Context, m mailer, addr netip.Addr) (string, error) {
	if _, err := netip.ParseAddr(m.Host); err != nil && len(m.Account.SendsFrom) == 0 {
		return m.Host, nil
	}
	_, name, err := s.confirmed(ctx, addr)
	return name, err
}

func (s *Subject) greetedAs(ctx context.Context, m mailer, name string, addr netip.Addr, done map[string]bool, a *senderAnswers) {
	result, err := spf.CheckHostWithSender(net.IP(addr.AsSlice()), name, "postmaster@"+name, spf.WithContext(ctx), spf.WithResolver(s.resolver()))
	a.fact("account."+m.Name+".spf.ehlo."+addr.String(), string(result))
	var st Status
	part := words.T("spf.ehlo", words.A{"name": name, "result": string(result), "address": addr.String()})
	remedy := words.T("spf.ehlo-add", words.A{"name": name, "record": `"v=spf1 a -all"`})
	switch result {
	case spf.Pass, spf.None, spf.Neutral: // RFC 7208, 2.6.2: neutral is to be taken for none
		a.aside(m, part)
		return
	case spf.Fail, spf.SoftFail:
		st = Warn
	case spf.PermError:
		st, part = Warn, words.T("spf.broken", words.A{"domain": name, "fault": spfFault(err)})
		remedy = words.T("spf.mend", words.A{"domain": name})
	case spf.TempError:
		st, part = Warn, words.T("sender.unchecked", words.A{"what": spfOf(name), "cause": words.Cause(err)})
		remedy = words.T("sender.mend-dns", nil)
	}
	if done[remedy.String()] {
		a.about(m, st, part)
		return
	}
	done[remedy.String()] = true
	a.about(m, st, part, remedy)
}

// mechanisms are the addresses as they stand in a record.
func mechanisms(addrs []netip.Addr) string {
	if len(addrs) == 0 {
		return "include:…"
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
func spfFault(err error) words.Text {
	switch {
	case errors.Is(err, spf.ErrLookupLimitReached):
		return words.T("spf.fault-lookups", nil)
	case errors.Is(err, spf.ErrVoidLookupLimitReached):
		return words.T("spf.fault-void", nil)
	case errors.Is(err, spf.ErrMultipleRecords):
		return words.T("spf.fault-several", nil)
	case errors.Is(err, spf.ErrNoResult):
		return words.T("spf.fault-include", nil)
	case err == nil:
		return words.T("spf.fault-unread", nil)
	}
	return words.Cause(err)
}
