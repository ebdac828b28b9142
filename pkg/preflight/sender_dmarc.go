package preflight

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-msgauth/dmarc"

	"notify/pkg/dns"
)

// dmarcCheck asks what receivers are told to do with mails from the sender's domain that are not authenticated, and whether
// this campaign's are: by an SPF pass, or a DKIM signature, of the same organisation as From.
func dmarcCheck() Check {
	return Check{ID: "dmarc", Group: GroupSender, Online: true, Run: func(ctx context.Context, s *Subject) Finding {
		return s.ofSender(func(from mailSender, a *senderAnswers) {
			if isReserved(from.From) {
				a.add(Skip, fmt.Sprintf(textReserved, from.From))
				return
			}
			policy, err := s.findDMARC(ctx, from.From)
			var fault *noPolicyError
			switch {
			case errors.As(err, &fault):
				s.withoutDMARC(from, fault, a)
				return
			case err != nil:
				a.unknown(fmt.Sprintf(textDMARCOf, from.From), err)
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
type noPolicyError struct{ says string }

func (f *noPolicyError) Error() string { return f.says }

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
			return dmarcPolicy{}, &noPolicyError{fmt.Sprintf(textDMARCMany, at, len(records))}
		}
		record, err := dmarc.Parse(records[0])
		if err != nil {
			return dmarcPolicy{}, &noPolicyError{fmt.Sprintf(textDMARCBroken, at, strings.TrimPrefix(err.Error(), "dmarc: "))}
		}
		p := dmarcPolicy{Record: record, At: "_dmarc." + at, Effective: record.Policy}
		if at != domain && record.SubdomainPolicy != "" {
			p.Effective = record.SubdomainPolicy
		}
		return p, nil
	}
	return dmarcPolicy{}, &noPolicyError{fmt.Sprintf(textDMARCNone, domain)}
}

// withoutDMARC judges a domain without a usable record: receivers with rules for bulk mail refuse it, others guess.
func (s *Subject) withoutDMARC(from mailSender, fault *noPolicyError, a *senderAnswers) {
	remedy := fmt.Sprintf(textPublishDMARC, organisation(from.From), organisation(from.From))
	a.fact("policy", "")
	if receiver, n := s.bulk(); n > 0 {
		a.add(Fail, fault.says+fmt.Sprintf(textBulkAsks, receiver, num(n)), remedy)
		return
	}
	a.add(Warn, fault.says, remedy)
}

// alignment asks whether an account's mails pass DMARC.
func (s *Subject) alignment(ctx context.Context, from mailSender, m mailer, policy dmarcPolicy, a *senderAnswers) {
	if o, err := s.origin(ctx, m); err == nil && o.Sandbox {
		a.about(m, Skip, fmt.Sprintf(textSandboxed, o.Why))
		return
	}
	bySPF, sayings := s.judgeSPF(ctx, m), []string(nil)
	byDKIM, signed := s.judgeDKIM(ctx, from, m), dkimDomain(from, m)
	for _, way := range []struct {
		name, domain string
		j            *judgement
		mode         dmarc.AlignmentMode
	}{{"SPF", m.Envelope, &bySPF, policy.SPFAlignment}, {"DKIM", signed, &byDKIM, policy.DKIMAlignment}} {
		if way.j.Proof != disproven && !aligned(way.domain, from.From, way.mode) {
			way.j.Proof = disproven
			sayings = append(sayings, fmt.Sprintf(textMisaligned, way.name, way.domain, from.From))
			continue
		}
		sayings = append(sayings, way.name+" "+way.j.Proof.says())
	}
	record := fmt.Sprintf(textPolicy, policy.At, policy.Effective)
	said := record + "; " + strings.Join(sayings, ", ")
	remedy := fmt.Sprintf(textAlign, from.From, m.Name, m.Name)
	receiver, n := s.bulk()
	switch {
	case bySPF.Proof == proven || byDKIM.Proof == proven:
		a.about(m, Pass, said)
	case bySPF.Proof == unasked:
		a.unknown(m.Name+": "+textAuthentication, bySPF.Err)
	case byDKIM.Proof == unasked:
		a.unknown(m.Name+": "+textAuthentication, byDKIM.Err)
	case bySPF.Proof == unproven && byDKIM.Proof == unproven:
		a.about(m, Warn, said, remedy)
	case policy.Effective != dmarc.PolicyNone:
		a.about(m, Fail, said+fmt.Sprintf(textWillBe, policy.Effective), remedy)
	case n > 0:
		a.about(m, Fail, said+fmt.Sprintf(textBulkAsks, receiver, num(n)), remedy)
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

// says is a proof in words.
func (p proof) says() string {
	switch p {
	case proven:
		return "passes and is aligned"
	case disproven:
		return "does not pass"
	case unasked:
		return "could not be checked"
	case unproven:
		return "is not known to pass"
	}
	return "is not known to pass"
}

const (
	textDMARCOf        = "the DMARC record of %s"
	textDMARCNone      = "%s has no DMARC record"
	textDMARCMany      = "%s has %d DMARC records, and only one may be: receivers take none"
	textDMARCBroken    = "the DMARC record of %s cannot be read: %s"
	textBulkAsks       = "; %s takes no bulk mail without it, and gets %s"
	textPublishDMARC   = `publish one TXT record at _dmarc.%s, to begin with "v=DMARC1; p=none; rua=mailto:dmarc@%s", and read the reports`
	textPolicy         = "%s says p=%s"
	textMisaligned     = "%s is for %s, which does not speak for %s"
	textWillBe         = ": receivers are told to %s the mails"
	textAuthentication = "whether the mails pass DMARC"
	textAlign          = "let %s be authenticated by one of the two: an envelope_from of the same domain whose SPF record covers the server (accounts.%s.options.envelope_from), or a DKIM signature with d= of it (accounts.%s.dkim)"
)
