package ledgertest

import (
	"time"

	"notify/pkg/ledger"
	"notify/pkg/words"
)

func alertPromises() []promise {
	return []promise{
		{"a condition is told once, again when it is time, and when it is over", func(s *story) {
			low := ledger.Condition{Kind: "low-balance", About: smsAcc, Severity: ledger.SeverityWarning, Said: words.Raw("120 left"), Next: "notify accounts", Again: time.Hour}
			kinds, none := []string{"low-balance", "paused"}, []ledger.Change(nil)
			raise := func(holds ...ledger.Condition) []ledger.Change {
				got, err := s.another().Raise(s.ctx(), ledger.Look{At: s.now, Kinds: kinds, Holds: holds})
				s.ok(err)
				var changes []ledger.Change
				for _, n := range got {
					changes = append(changes, n.Change)
					s.same("said", n.Condition, low)
				}
				return changes
			}
			s.same("nothing", raise(), none)
			s.same("first", raise(low), []ledger.Change{ledger.Began})
			s.same("by another process", raise(low), none)
			s.now = s.now.Add(time.Hour)
			s.same("an hour later", raise(low), []ledger.Change{ledger.Holds})
			open, err := s.Alerts(s.ctx())
			s.ok(err)
			s.same("what holds", open, []ledger.Alert{{Condition: low, Since: noon, Told: s.now}})
			kinds = []string{"paused"}
			s.same("nobody looked", raise(), none)
			kinds = []string{"low-balance"}
			s.same("over", raise(), []ledger.Change{ledger.Over})
			notices, err := s.Notices(s.ctx(), 1, 9)
			s.ok(err)
			s.same("kept", notices, []ledger.Notice{
				{ID: 2, At: s.now, Change: ledger.Holds, Condition: low, Since: noon}, {ID: 3, At: s.now, Change: ledger.Over, Condition: low, Since: noon},
			})
			s.now = s.now.Add(ledger.NoticesKept + time.Second)
			s.same("much later", raise(low), []ledger.Change{ledger.Began})
			notices, err = s.Notices(s.ctx(), 0, 9)
			s.ok(err)
			s.same("what is left", len(notices), 1)
			s.same("ids are not given again", notices[0].ID, int64(4))
		}},
		{"what nothing could be learned of is left as it is; what became worse is told at once; a passing one ends without a word", func(s *story) {
			c := ledger.Condition{Kind: "low-balance", About: "a", Severity: ledger.SeverityWarning, Said: words.Raw("low")}
			raise := func(look ledger.Look) int {
				look.At, look.Kinds = s.now, []string{c.Kind}
				got, err := s.Raise(s.ctx(), look)
				s.ok(err)
				return len(got)
			}
			s.same("began", raise(ledger.Look{Holds: []ledger.Condition{c}}), 1)
			s.same("unsure", raise(ledger.Look{Unsure: []ledger.Condition{{Kind: c.Kind, About: "a"}}}), 0)
			c.Severity, c.Passing = ledger.SeverityCritical, true
			s.same("worse", raise(ledger.Look{Holds: []ledger.Condition{c}}), 1)
			s.same("over", raise(ledger.Look{}), 0)
			open, err := s.Alerts(s.ctx())
			s.ok(err)
			s.same("holds", len(open), 0)
		}},
	}
}

func targetPromises() []promise {
	return []promise{
		{"one process tells a target, from where it was told", func(s *story) {
			raise := func(about string) {
				_, err := s.Raise(s.ctx(), ledger.Look{At: s.now, Kinds: []string{"old"}, Holds: []ledger.Condition{{Kind: "k", About: about, Severity: ledger.SeverityInfo, Passing: true}}})
				s.ok(err)
			}
			raise("long ago")
			s.now = s.now.Add(2 * time.Hour)
			raise("now")
			until := s.now.Add(time.Minute)
			t, ok, err := s.TakeTarget(s.ctx(), "ops", s.now, until)
			s.ok(err)
			s.same("taken", ok, true)
			s.same("target", t, ledger.Target{Name: "ops", Reached: 1, NotBefore: until})
			_, ok, err = s.another().TakeTarget(s.ctx(), "ops", s.now.Add(30*time.Second), until)
			s.ok(err)
			s.same("taken twice", ok, false)
			t.Reached, t.Told, t.NotBefore, t.Tries, t.Error = 2, s.now, s.now.Add(5*time.Second), 1, words.T("words.not-known", nil)
			s.ok(s.PutTarget(s.ctx(), t))
			all, err := s.another().Targets(s.ctx())
			s.ok(err)
			s.same("targets", all, []ledger.Target{t})
			_, ok, err = s.another().TakeTarget(s.ctx(), "ops", s.now.Add(5*time.Second), until.Add(time.Hour))
			s.ok(err)
			s.same("taken again", ok, true)
			_, ok, err = s.TakeTarget(s.ctx(), "ops", noon.Add(-24*time.Hour), noon)
			s.ok(err)
			s.same("with a clock that was put back", ok, true)
		}},
	}
}
