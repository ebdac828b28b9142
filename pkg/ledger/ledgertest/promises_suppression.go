package ledgertest

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

func suppressionPromises() []promise {
	return []promise{
		{"who is on the suppression list is found there by every process, whatever the case of the address", func(s *story) {
			s.same("found on an empty list", s.found("+12025550101"), []ledger.Found(nil))
			phone, mail := s.entry("+12025550101", "opt-out"), s.entry("Wang@example.test", "hard-bounce")
			got := s.suppress(phone, mail)
			s.same("what became of them", got, ledger.Suppress{Added: 2})
			other := s.another()
			phone.ID, mail.ID = 1, 2
			s.same("found", other.found("+12025550100", "wang@EXAMPLE.test", "+12025550101", "+120255501011"),
				[]ledger.Found{{Row: 1, Suppression: mail}, {Row: 2, Suppression: phone}})
			s.same("in force", lines(s, other.Suppressions(s.ctx())), []ledger.Suppression{phone, mail})
			log := s.log("")
			s.same("audit", log, []ledger.AuditEntry{{Act: counted(s.by("suppress"), ledger.Figures{Addresses: 2})}})
		}},
		{"an address that is put on the list twice keeps its first entry", func(s *story) {
			first := s.entry("wang@example.test", "complaint")
			s.suppress(first)
			first.ID = 1
			s.now = s.now.Add(time.Hour)
			got := s.suppress(s.entry("WANG@example.test", "opt-out"), s.entry("li@example.test", "opt-out"), s.entry("li@example.test", "other"))
			second := s.entry("li@example.test", "opt-out")
			second.ID = 2
			s.same("what became of them", got, ledger.Suppress{Added: 1, Known: 2, Kept: []ledger.Suppression{first, second}})
			s.same("in force", lines(s, s.Suppressions(s.ctx())), []ledger.Suppression{first, second})
		}},
		{"taking an address off the list leaves its trace, and it can be put on again", func(s *story) {
			entry := s.entry("Wang@example.test", "opt-out")
			s.suppress(entry)
			s.now = s.now.Add(time.Hour)
			by := s.by("unsuppress")
			s.ok(s.Unsuppress(s.ctx(), []message.Address{"wang@example.test"}, by))
			s.same("found", s.found("wang@example.test"), []ledger.Found(nil))
			s.same("in force", lines(s, s.Suppressions(s.ctx())), []ledger.Suppression(nil))
			entry.ID = 1
			off := ledger.Suppression{ID: 2, Address: entry.Address, Channel: entry.Channel, Note: by.Reason, Who: by.Who, At: by.At}
			s.same("log", lines(s, s.SuppressionLog(s.ctx(), 0)), []ledger.Suppression{entry, off})
			log := s.log("")
			s.same("audit", log[len(log)-1], ledger.AuditEntry{Act: counted(by, ledger.Figures{Addresses: 1})})
			again := s.entry("wang@example.test", "complaint")
			s.same("put on again", s.suppress(again), ledger.Suppress{Added: 1})
			again.ID = 3
			s.same("since", lines(s, s.SuppressionLog(s.ctx(), 2)), []ledger.Suppression{again})
			s.same("found", s.found("wang@example.test"), []ledger.Found{{Suppression: again}})
		}},
		{"addresses are taken off the list all together or not at all", func(s *story) {
			s.suppress(s.entry("+12025550101", "opt-out"))
			err := s.Unsuppress(s.ctx(), []message.Address{"+12025550101", "+12025550102"}, s.by("unsuppress"))
			s.fails(err, ledger.ErrNotSuppressed)
			s.fails(s.Unsuppress(s.ctx(), []message.Address{"+12025550101", "+12025550101"}, s.by("unsuppress")), ledger.ErrNotSuppressed)
			s.same("found", len(s.found("+12025550101")), 1)
			s.same("log", len(lines(s, s.SuppressionLog(s.ctx(), 0))), 1)
			log := s.log("")
			s.same("audit", len(log), 1)
		}},
	}
}

// suppressionStreams are promises about many entries at once.
func suppressionStreams() []promise {
	return []promise{
		{"thousands of entries are found among thousands of addresses, in the order of the question", func(s *story) {
			const n = 5000
			phone := func(i int) message.Address { return message.Address(fmt.Sprintf("+1202%07d", i)) }
			got, err := s.Suppress(s.ctx(), func(yield func(ledger.Suppression, error) bool) {
				for i := range n {
					if !yield(s.entry(phone(3*i), "hard-bounce"), nil) {
						return
					}
				}
			}, s.by("suppress"))
			s.ok(err)
			s.same("added", got, ledger.Suppress{Added: n})
			asked, rows := 0, []int(nil)
			for f, err := range s.Suppressed(s.ctx(), func(yield func(ledger.Asked) bool) {
				for i := range n {
					asked++
					if !yield(ledger.Asked{Address: phone(i), Row: i}) {
						return
					}
				}
			}) {
				s.ok(err)
				rows = append(rows, f.Row)
			}
			s.same("how many were asked for", asked, n)
			s.same("how many were found", len(rows), (n+2)/3)
			s.same("in order", slices.IsSorted(rows), true)
			log := s.log("")
			s.same("audit", log, []ledger.AuditEntry{{Act: counted(s.by("suppress"), ledger.Figures{Addresses: n})}})
		}},
		{"what came before an error in the stream stays, and is counted", func(s *story) {
			torn := errors.New("torn")
			got, err := s.Suppress(s.ctx(), func(yield func(ledger.Suppression, error) bool) {
				_ = yield(s.entry("+12025550101", "opt-out"), nil) && yield(ledger.Suppression{}, torn)
			}, s.by("suppress"))
			s.fails(err, torn)
			s.same("what became of them", got, ledger.Suppress{Added: 1})
			s.same("found", len(s.found("+12025550101")), 1)
		}},
	}
}

func (s *story) entry(a message.Address, reason string) ledger.Suppression {
	ch := message.SMS
	if a.Domain() != "" {
		ch = message.Email
	}
	return ledger.Suppression{Address: a, Channel: ch, Reason: reason, Note: "asked for it", Who: "wang@ops-1", At: s.now}
}

func (s *story) suppress(entries ...ledger.Suppression) ledger.Suppress {
	s.Helper()
	got, err := s.Suppress(s.ctx(), func(yield func(ledger.Suppression, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}, s.by("suppress"))
	s.ok(err)
	return got
}

// found asks for addresses; their rows are their places.
func (s *story) found(addresses ...message.Address) []ledger.Found {
	s.Helper()
	var out []ledger.Found
	for f, err := range s.Suppressed(s.ctx(), func(yield func(ledger.Asked) bool) {
		for i, a := range addresses {
			if !yield(ledger.Asked{Address: a, Row: i}) {
				return
			}
		}
	}) {
		s.ok(err)
		out = append(out, f)
	}
	return out
}

func lines(s *story, seq iter.Seq2[ledger.Suppression, error]) []ledger.Suppression {
	s.Helper()
	var out []ledger.Suppression
	for x, err := range seq {
		s.ok(err)
		out = append(out, x)
	}
	return out
}
