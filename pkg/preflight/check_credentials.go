package preflight

import (
	"context"
	"maps"
	"slices"

	"notify/pkg/words"
)

// credentialsCheck asks whether a key of one environment opens another's door as well. Told apart they are by fingerprints, and among all
// accounts that are configured: a copy that no route uses yet is found too.
//
// *Does every environment have credentials of its own?* FAIL where an account uses the secret of an account of another environment.
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
				mark, mine := prints[option], holder{name, acc.Environment}
				a.fact("account."+name+"."+option, mark)
				other, known := seen[mark]
				switch {
				case !known:
					seen[mark] = mine
				case other.environment != mine.environment:
					a.say(Fail, "credentials.shared", words.A{
						"account": name, "is": words.Of("environment", mine.environment), "other": other.account,
						"environment": words.Of("environment", other.environment), "option": option, "print": mark,
					}, words.T("credentials.own", words.A{"account": name, "option": option}))
				}
			}
		}
		if a.status == NotRun && accounts > 0 {
			a.say(Pass, "credentials.good", words.A{"accounts": words.N(accounts, "account")})
		}
		return a.done(words.T("credentials.none", nil))
	}}
}
