package preflight

import (
	"context"
	"errors"
	"strings"

	"github.com/emersion/go-msgauth/dmarc"

	"notify/pkg/dns"
	"notify/pkg/words"
)

// dmarcCheck asks what receivers are told to do with mails from the sender's domain that are not authenticated, and whether
// this campaign's are: by an SPF pass, or a DKIM signature, of the same organisation as From.
//
// *Do the mails pass the policy of the sender's domain?* FAIL where neither SPF nor DKIM passes for the same organisation and the policy is
// quarantine or reject; WARN without a record.
func dmarcCheck() Check {
	return Check{ID: "dmarc", Group: GroupSender, Online: true, Overrule: "what receivers refuse bounces, and nothing is sent twice", Run: func(ctx context.Context, s *Subject) Finding {
		return s.ofSender(func(from mailSender, a *senderAnswers) {
			if isReserved(from.From) {
				a.add(Skip, reserved(from.From))
				return
			}
			policy, err := s.findDMARC(ctx, from.From)
			var fault *noPolicyError
			switch {
			case errors.As(err, &fault):
				s.withoutDMARC(from, fault, a)
				return
			case err != nil:
				a.unknown(words.T("dmarc.of", words.A{"domain": from.From}), err)
				return
			}
			a.fact("policy", string(policy.Effective))
			a.fact("record", policy.At)
			for _, m := range from.Mailers {
				s.alignment(ctx, from, m, policy, a)
			}
		})
	}}
}

// dmarcPolicy is what holds for a domain.
type dmarcPolicy struct {
	*dmarc.Record
	At        string // where the record is
	Effective dmarc.Policy
}

// noPolicyError is an answer of DNS that holds no policy.
type noPolicyError struct{ says words.Text }

func (f *noPolicyError) Error() string { return f.says.String() }

// findDMARC reads the record of the domain, or of its organisation (RFC 7489 6.6.3). An error is a *noPolicyError, or DNS
// without a usable answer.
func (s *Subject) findDMARC(ctx context.Context, domain string) (dmarcPolicy, error) {
	for _, at := range []string{domain, organisation(domain)} {
		texts, err := s.resolver().LookupTXT(ctx, "_dmarc."+at)
		if err != nil && !dns.IsNotFound(err) {
			return dmarcPolicy{}, err
		}
		var records []string
		for _, t := range texts {
			if strings.HasPrefix(t, "v=DMARC1") {
				records = append(records, t)
			}
		}
		switch len(records) {
		case 0:
			continue
		case 1:
		default:
			return dmarcPolicy{}, &noPolicyError{words.T("dmarc.many", words.A{"domain": at, "records": len(records)})}
		}
		record, err := dmarc.Parse(records[0])
		if err != nil {
			return dmarcPolicy{}, &noPolicyError{words.T("dmarc.broken", words.A{"domain": at, "fault": strings.TrimPrefix(err.Error(), "dmarc: ")})}
		}
		p := dmarcPolicy{Record: record, At: "_dmarc." + at, Effective: record.Policy}
		if at != domain && record.SubdomainPolicy != "" {
			p.Effective = record.SubdomainPolicy
		}
		return p, nil
	}
	return dmarcPolicy{}, &noPolicyError{words.T("dmarc.none", words.A{"domain": domain})}
}

// withoutDMARC judges a domain without a usable record: receivers with rules for bulk mail refuse it, others guess.
func (s *Subject) withoutDMARC(from mailSender, fault *noPolicyError, a *senderAnswers) {
	org := organisation(from.From)
	remedy := words.T("dmarc.publish", words.A{"name": "_dmarc." + org, "record": `"v=DMARC1; p=none; rua=mailto:dmarc@` + org + `"`})
	a.fact("policy", "")
	if receiver, n := s.bulk(); n > 0 {
		a.add(Fail, bulkAsks(fault.says, receiver, n), remedy)
		return
	}
	a.add(Warn, fault.says, remedy)
}

// alignment asks whether an account's mails pass DMARC.
func (s *Subject) alignment(ctx context.Context, from mailSender, m mailer, policy dmarcPolicy, a *senderAnswers) {
	if o, err := s.origin(ctx, m); err == nil && o.Sandbox {
		a.about(m, Skip, sandboxed(o.Why))
		return
	}
	bySPF, sayings := s.judgeSPF(ctx, m), []words.Text(nil)
	byDKIM, signed := s.judgeDKIM(ctx, from, m), dkimDomain(from, m)
	for _, way := range []struct {
		name, domain string
		j            *judgement
		mode         dmarc.AlignmentMode
	}{{"SPF", m.Envelope, &bySPF, policy.SPFAlignment}, {"DKIM", signed, &byDKIM, policy.DKIMAlignment}} {
		if way.j.Proof != disproven && !aligned(way.domain, from.From, way.mode) {
			way.j.Proof = disproven
			sayings = append(sayings, words.T("dmarc.misaligned", words.A{"way": way.name, "domain": way.domain, "from": from.From}))
			continue
		}
		sayings = append(sayings, way.j.Proof.says(way.name))
	}
	said := words.T("dmarc.policy", words.A{
		"record": policy.At, "policy": string(policy.Effective), "ways": words.Texts(words.Commas, sayings...),
	})
	remedy := words.T("dmarc.align", words.A{"domain": from.From, "account": m.Name})
	receiver, n := s.bulk()
	switch {
	case bySPF.Proof == proven || byDKIM.Proof == proven:
		a.about(m, Pass, said)
	case bySPF.Proof == unasked:
		a.unknown(m.of(words.T("dmarc.whether", nil)), bySPF.Err)
	case byDKIM.Proof == unasked:
		a.unknown(m.of(words.T("dmarc.whether", nil)), byDKIM.Err)
	case bySPF.Proof == unproven && byDKIM.Proof == unproven:
		a.about(m, Warn, said, remedy)
	case policy.Effective != dmarc.PolicyNone:
		a.about(m, Fail, words.T("dmarc.will-be", words.A{"said": said, "policy": words.Of("dmarc.do", policy.Effective)}), remedy)
	case n > 0:
		a.about(m, Fail, bulkAsks(said, receiver, n), remedy)
	default:
		a.about(m, Warn, said, remedy)
	}
}

// aligned reports whether a domain speaks for From (RFC 7489 3.1): the same organisation, or where the record is strict, the
// same name.
func aligned(domain, from string, mode dmarc.AlignmentMode) bool {
	if mode == dmarc.AlignmentStrict {
		return domain == from
	}
	return organisation(domain) == organisation(from)
}

// bulkAsks adds that a receiver with rules for bulk mail wants it.
func bulkAsks(said words.Text, receiver string, n int) words.Text {
	return words.T("dmarc.bulk", words.A{"said": said, "receiver": receiver, "mails": words.N(n, "mail")})
}

// says is in words what is known of a way to authenticate mails.
func (p proof) says(way string) words.Text {
	args := words.A{"way": way}
	switch p {
	case proven:
		return words.Text{ID: "dmarc.proven", Args: args}
	case disproven:
		return words.Text{ID: "dmarc.disproven", Args: args}
	case unasked:
		return words.Text{ID: "dmarc.unasked", Args: args}
	case unproven:
	}
	return words.Text{ID: "dmarc.unproven", Args: args}
}
