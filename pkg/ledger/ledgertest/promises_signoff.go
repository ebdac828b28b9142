package ledgertest

import (
	"time"

	"notify/pkg/ledger"
)

func signOffPromises() []promise {
	return []promise{
		{"a sign-off is kept whole, in the order of signing, with its audit entry", func(s *story) {
			first, second := s.signOff("texts-read", "wang"), s.signOff("texts-read", "liu")
			second.Evidence, second.Scopes = nil, map[string]string{}
			other := s.signOff("texts-read", "zhang")
			other.Campaign = "another"
			for _, x := range []*ledger.SignOff{&first, &other, &second} {
				id, err := s.SignOff(s.ctx(), *x, s.by("sign "+x.Item))
				s.ok(err)
				x.ID = id
			}
			got, err := s.another().SignOffs(s.ctx(), award)
			s.ok(err)
			s.same("sign-offs", got, []ledger.SignOff{first, second})
			log := s.log(award)
			by := ledger.AuditEntry{Act: s.by("sign texts-read"), Campaign: award}
			s.same("audit", log, []ledger.AuditEntry{by, by})
			none, err := s.SignOffs(s.ctx(), "nothing")
			s.ok(err)
			s.same("of a campaign that nobody signed", len(none), 0)
		}},
		{"a sign-off is revoked once, and stays on record", func(s *story) {
			x := s.signOff("texts-read", "wang")
			id, err := s.SignOff(s.ctx(), x, s.by("sign"))
			s.ok(err)
			by := s.by("revoke texts-read")
			s.ok(s.Revoke(s.ctx(), id, by))
			s.fails(s.Revoke(s.ctx(), id, by), ledger.ErrNoSignOff)
			s.fails(s.Revoke(s.ctx(), id+1, by), ledger.ErrNoSignOff)
			got, err := s.SignOffs(s.ctx(), award)
			s.ok(err)
			x.ID, x.Revoked = id, &by
			s.same("sign-offs", got, []ledger.SignOff{x})
			log := s.log(award)
			s.same("audit", len(log), 2)
		}},
		{"the preflight result that was signed is found among newer ones", func(s *story) {
			_, err := s.NewestCheck(s.ctx(), award)
			s.fails(err, ledger.ErrNoCheck)
			first := ledger.Check{Campaign: award, Digest: "d1", Verdict: "pass", Result: []byte(`{"n":1}`), At: noon, Who: "wang"}
			again := first
			again.At, again.Verdict = noon.Add(time.Minute), "fail"
			changed := again
			changed.Digest, changed.At = "d2", noon.Add(2*time.Minute)
			other := changed
			other.Campaign = "another"
			for _, c := range []ledger.Check{first, again, changed, other} {
				s.ok(s.SaveCheck(s.ctx(), c))
			}
			newest, err := s.NewestCheck(s.ctx(), award)
			s.ok(err)
			s.same("newest", newest, changed)
			signed, err := s.CheckAt(s.ctx(), award, "d1", noon)
			s.ok(err)
			s.same("signed", signed, first)
			_, err = s.CheckAt(s.ctx(), award, "d2", noon)
			s.fails(err, ledger.ErrNoCheck)
		}},
	}
}

func (s *story) signOff(item, name string) ledger.SignOff {
	return ledger.SignOff{
		Campaign: award, Item: item, Role: "product", Name: name, Who: name + "@ops-1", At: s.now, Digest: "d1",
		Scopes: map[string]string{"list": "l1", "texts": "t1"}, Checked: noon, Evidence: []byte(`{"kind":"note"}`),
	}
}
