package preflight

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"notify/pkg/words"
)

// credentialsCheck asks whether a key of one environment opens another's door as well. Told apart they are by fingerprints, and among all
// accounts that are configured: a copy that no route uses yet is found too. So is one of another installation that this machine or the ledger knows.
//
// *Does every environment have credentials of its own?* FAIL where an account uses the secret of an account of another environment, be it of
// another installation: this machine, and a ledger that is shared, remember for 90 days which fingerprints the others use. ERROR where that
// cannot be read.
func credentialsCheck() Check {
	return Check{ID: "credentials", Group: GroupAccounts, Run: func(_ context.Context, s *Subject) Finding {
		type holder struct{ account, environment string }
		var a answers
		seen, accounts := make(map[string]holder), 0
		for _, name := range slices.Sorted(maps.Keys(s.Config.Accounts)) {
			acc := s.Config.Accounts[name]
			prints := acc.Credentials()
			if len(prints) > 0 {
				accounts++
			}
			for _, option := range slices.Sorted(maps.Keys(prints)) {
				mark, mine := prints[option], holder{name, cmp.Or(acc.Environment, s.Config.Environment)}
				a.fact("account."+name+"."+option, mark)
				other, known := seen[mark]
				switch {
				case !known:
					seen[mark] = mine
					s.usedElsewhere(&a, name, option, mine.environment, mark)
				case other.environment != mine.environment:
					a.say(Fail, "credentials.shared", words.A{
						"account": name, "is": words.Of("environment", mine.environment), "other": other.account,
						"environment": words.Of("environment", other.environment), "option": option, "print": mark,
					}, words.T("credentials.own", words.A{"account": name, "option": option}))
				}
			}
		}
		if accounts > 0 && s.ElsewhereErr != nil {
			a.say(Error, "credentials.unread", words.A{"cause": words.Cause(s.ElsewhereErr)}, words.T("credentials.unread-do", nil))
		}
		if a.status == NotRun && accounts > 0 {
			a.say(Pass, "credentials.good", words.A{"accounts": words.N(accounts, "account")})
		}
		return a.done(words.T("credentials.none", nil))
	}}
}

// usedElsewhere says which other installations use the secret of an account in another environment.
func (s *Subject) usedElsewhere(a *answers, account, option, environment, mark string) {
	for _, c := range s.Elsewhere {
		if c.Print != mark || c.Environment == environment {
			continue
		}
		a.say(Fail, "credentials.elsewhere", words.A{
			"account": account, "is": words.Of("environment", environment), "option": option, "other": c.Account,
			"environment": words.Of("environment", c.Environment), "file": c.Installation, "host": c.Host, "seen": c.Seen, "print": mark,
		}, words.T("credentials.own", words.A{"account": account, "option": option}), words.T("credentials.tell", words.A{"file": c.Installation}))
	}
}
