package ledgertest

import (
	"time"

	"notify/pkg/ledger"
)

func credentialPromises() []promise {
	return []promise{{"what an installation uses is what it said last, and known to all that share the ledger", func(s *story) {
		uses := func(host, installation, mark string) ledger.Credential {
			return ledger.Credential{
				Print: mark, Option: "password", Account: smsAcc, Environment: "test", Host: host, Installation: installation, Seen: s.now,
			}
		}
		keep := func(all ...ledger.Credential) {
			s.ok(s.KeepCredentials(s.ctx(), all[0].Host, all[0].Installation, all))
		}
		known := func(since time.Time) []ledger.Credential {
			all, err := s.another().Credentials(s.ctx(), since)
			s.ok(err)
			return all
		}
		here, there := uses("ops-1", "/etc/notify.yaml", "aa"), uses("ops-2", "/etc/notify.yaml", "aa")
		keep(here)
		keep(there)
		s.same("both", known(noon), []ledger.Credential{here, there})
		s.now = s.now.Add(time.Hour)
		changed := uses("ops-1", "/etc/notify.yaml", "bb")
		keep(changed)
		s.same("the newest", known(noon), []ledger.Credential{changed, there})
		s.same("the lately seen", known(s.now), []ledger.Credential{changed})
		s.ok(s.KeepCredentials(s.ctx(), "ops-1", "/etc/notify.yaml", nil))
		s.same("none any more", known(noon), []ledger.Credential{there})
	}}}
}
