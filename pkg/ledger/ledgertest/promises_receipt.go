package ledgertest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// RunReceipts checks every promise of ledger.Receipts, each on a fresh target.
func RunReceipts(t *testing.T, fresh func(t *testing.T) Target) {
	t.Helper()
	for _, promises := range [][]promise{inboxPromises(), notePromises(), matchPromises(), proofPromises(), orderPromises(), awaitedPromises()} {
		for _, p := range promises {
			t.Run(p.says, func(t *testing.T) { p.proof(t, fresh) })
		}
	}
}

func (s *story) receipts() ledger.Receipts {
	s.Helper()
	r, ok := s.Ledger.(ledger.Receipts)
	if !ok {
		s.Fatal("the ledger keeps no receipts")
	}
	return r
}

// raw is a receipt whose hash is its text.
func (s *story) raw(text string, edit ...func(*ledger.Receipt)) ledger.Receipt {
	r := ledger.Receipt{Hash: "h-" + text, Account: smsAcc, Format: "aliyun-sms", Source: "203.0.113.7", Raw: []byte(text), Grade: message.GradeSigned, At: s.now}
	for _, e := range edit {
		e(&r)
	}
	return r
}

func (s *story) keep(rs ...ledger.Receipt) []bool {
	s.Helper()
	news, err := s.receipts().Keep(s.ctx(), rs)
	s.ok(err)
	return news
}

// hear keeps a receipt with these events and notes it.
func (s *story) hear(name string, events ...message.Event) ledger.Noted {
	s.Helper()
	s.keep(s.raw(name))
	id := int64(0)
	for r, err := range s.receipts().Inbox(s.ctx(), ledger.InboxQuery{}) {
		s.ok(err)
		if r.Hash == "h-"+name {
			id = r.ID
		}
	}
	return s.note(ledger.Note{Receipt: id, Events: events, Again: s.now.Add(time.Minute)})
}

func (s *story) note(n ledger.Note) ledger.Noted {
	s.Helper()
	got, err := s.receipts().Note(s.ctx(), []ledger.Note{n}, s.by("receipts"))
	s.ok(err)
	return got[0]
}

func (s *story) inbox() ledger.Inbox {
	s.Helper()
	all, err := s.receipts().Inboxes(s.ctx())
	s.ok(err)
	if len(all) != 1 {
		s.Fatalf("inboxes: %v", all)
	}
	return all[0]
}

func (s *story) due() []int64 {
	s.Helper()
	rs, err := s.receipts().Due(s.ctx(), s.now, 100)
	s.ok(err)
	var out []int64
	for _, r := range rs {
		out = append(out, r.ID)
	}
	return out
}

// event is signed, about the message of a row, now.
func (s *story) event(row int, state message.ReceiptState, edit ...func(*message.Event)) message.Event {
	e := message.Event{Key: key(row), At: s.now, State: state, Code: "DELIVRD", Grade: message.GradeSigned}
	for _, f := range edit {
		f(&e)
	}
	return e
}

func unsigned(e *message.Event) { e.Grade = message.GradeUnsigned }

func inboxPromises() []promise {
	return []promise{
		{"what arrives is kept as it came, each once, and is there for every process", func(s *story) {
			s.same("new", s.keep(s.raw("a"), s.raw("b"), s.raw("a")), []bool{true, true, false})
			s.now = s.now.Add(time.Minute)
			s.same("new", s.keep(s.raw("b")), []bool{false})
			other := s.another()
			var got []ledger.Receipt
			for r, err := range other.receipts().Inbox(s.ctx(), ledger.InboxQuery{}) {
				s.ok(err)
				got = append(got, r)
			}
			a, b := s.raw("a"), s.raw("b")
			a.ID, b.ID, a.At, b.At, a.Fate, b.Fate, a.Repeats, b.Repeats = 1, 2, noon, noon, ledger.ReceiptNew, ledger.ReceiptNew, 1, 1
			s.same("inbox", got, []ledger.Receipt{b, a})
			s.same("stands", other.inbox(), ledger.Inbox{Account: smsAcc, Last: s.now, Receipts: 2, Repeats: 2, Waiting: 2})
		}},
		{"what is refused is counted and listed, and is no sign of life", func(s *story) {
			s.keep(s.raw("good"))
			s.now = s.now.Add(time.Minute)
			forged := s.raw("forged", func(r *ledger.Receipt) { r.Fate, r.Why = ledger.ReceiptRefused, words.Raw("no signature") })
			s.keep(forged, forged)
			s.same("stands", s.inbox(), ledger.Inbox{Account: smsAcc, Last: noon, Receipts: 2, Repeats: 1, Waiting: 1, Refused: 1})
			s.same("due", s.due(), []int64{1})
			for r, err := range s.receipts().Inbox(s.ctx(), ledger.InboxQuery{Odd: true, Most: 1}) {
				s.ok(err)
				s.same("why", r.Why, words.Raw("no signature"))
			}
		}},
		{"what cannot be settled yet is due again when it was said to be", func(s *story) {
			s.stage("d", people(award, 1)...)
			s.claim(s.acquire(award), claims(1))
			s.keep(s.raw("a"), s.raw("b"))
			again := s.now.Add(time.Minute)
			n := s.note(ledger.Note{Receipt: 1, Events: []message.Event{s.event(1, message.Delivered)}, Again: again})
			s.same("noted", n, ledger.Noted{Held: 1})
			s.same("due", s.due(), []int64{2})
			s.now = again
			s.same("due", s.due(), []int64{2, 1})
			s.note(ledger.Note{Receipt: 2, Refuse: words.Raw("not to be read")})
			s.same("stands", s.inbox(), ledger.Inbox{Account: smsAcc, Last: noon, Receipts: 2, Waiting: 1, Refused: 1})
		}},
		{"a bookmark stays, and the secret is that of the ledger", func(s *story) {
			r := s.receipts()
			at, err := r.Bookmark(s.ctx(), "pull")
			s.ok(err)
			s.same("at first", at, "")
			s.ok(r.SetBookmark(s.ctx(), "pull", "page 1"))
			s.ok(r.SetBookmark(s.ctx(), "pull", "page 2"))
			at, err = s.another().receipts().Bookmark(s.ctx(), "pull")
			s.ok(err)
			s.same("later", at, "page 2")
			one, err := r.Secret(s.ctx())
			s.ok(err)
			two, err := s.another().receipts().Secret(s.ctx())
			s.ok(err)
			s.same("secret", one, two)
			s.same("it is something", len(one) > 8, true)
		}},
	}
}

// three has a campaign of five: 1 accepted as "v1", 2 rejected, 3 unknown, 4 under way, 5 not handed out.
func (s *story) three() ledger.RunID {
	s.Helper()
	s.stage("d", people(award, 5)...)
	run := s.acquire(award)
	cs := s.claim(run, claims(4)).Claims
	st := s.settled(cs[:3], message.Outcome{Kind: message.OutcomeAccepted, VendorID: "v1"})
	st[1].Outcome = message.Outcome{Kind: message.OutcomeRejected, Code: "isv.MOBILE_NUMBER_ILLEGAL"}
	st[2].Outcome = message.Outcome{Kind: message.OutcomeUnknown, Code: "notify:timeout"}
	s.turn(run, st)
	s.now = s.now.Add(time.Second)
	return run
}

func notePromises() []promise {
	return []promise{
		{"each event means what the state of its message makes of it", func(s *story) {
			s.three()
			n := s.hear("a",
				s.event(1, message.Delivered), s.event(1, message.Waiting), s.event(2, message.Undelivered), s.event(2, message.Delivered),
				s.event(3, message.Delivered, unsigned), s.event(4, message.Delivered), s.event(5, message.Delivered),
				message.Event{Key: "0000", State: message.Delivered, Grade: message.GradeSigned},
				s.event(1, message.Delivered, func(e *message.Event) { e.To = "+12025559999" }),
				s.event(1, message.Delivered, func(e *message.Event) { e.VendorID = "v2" }))
			ask := n.Ask
			n.Ask = nil
			s.same("noted", n, ledger.Noted{Ours: 3, Foreign: 3, Contrary: 2, Held: 2})
			s.same("asks", ask, []ledger.Ask{{Event: 4, Record: ledger.Awaited{
				Campaign: award, Key: key(3), Channel: message.SMS, Address: person(award, 3, 1).Messages[0].Address, State: message.Unknown, Account: smsAcc, Claimed: noon,
			}}})
			s.same("stands", s.inbox(), ledger.Inbox{Account: smsAcc, Last: s.now, Receipts: 1, Waiting: 1, Ours: 3, Foreign: 3, Contrary: 2})
			s.same("states", s.states(award), []message.State{message.Accepted, message.Rejected, message.Unknown, message.Attempting, message.Pending})
			s.sound(award)
		}},
		{"a receipt that is signed settles what is unknown, and the debit stays", func(s *story) {
			s.three()
			before := s.day(smsAcc)
			s.same("noted", s.hear("a", s.event(3, message.Undelivered, func(e *message.Event) { e.VendorID = "v3" })), ledger.Noted{Ours: 1})
			r := s.records(award)[2]
			s.same("it is", []any{r.State, r.VendorID, r.Code}, []any{message.Accepted, "v3", ledger.CodeReceipt})
			s.same("debit", s.day(smsAcc), before)
			log := s.log(award)
			s.same("audit", log[len(log)-1], ledger.AuditEntry{Act: counted(s.by("receipts"), ledger.Figures{Messages: 1, Cost: map[string]message.Money{"CNY": r.Price.Times(r.Segments)}}), Campaign: award})
			s.same("again", s.hear("b", s.event(3, message.Undelivered)), ledger.Noted{Ours: 1})
			s.same("stands", s.inbox(), ledger.Inbox{Account: smsAcc, Last: s.now, Receipts: 2, Ours: 2})
			after := s.log(award)
			s.same("audit entries", len(after), len(log))
			s.sound(award)
		}},
		{"what the vendor did not hand on becomes rejected, and is credited", func(s *story) {
			s.three()
			before := s.day(smsAcc)
			s.same("noted", s.hear("a", s.event(3, message.Dropped)), ledger.Noted{Ours: 1})
			s.same("state", s.records(award)[2].State, message.Rejected)
			s.same("credited", s.day(smsAcc).Messages, before.Messages-1)
			s.sound(award)
		}},
	}
}

func matchPromises() []promise {
	return []promise{
		{"a receipt that came before the acceptance is settled after it, and after a crash", func(s *story) {
			s.stage("d", people(award, 2)...)
			other := s.another()
			run := other.acquire(award)
			cs := other.claim(run, claims(2)).Claims
			s.same("noted", s.hear("a", s.event(1, message.Delivered), s.event(2, message.Delivered)), ledger.Noted{Held: 2})
			other.turn(run, other.settled(cs[:1], message.Outcome{Kind: message.OutcomeAccepted, VendorID: "v1"}))
			s.ok(other.Close())
			s.now = s.now.Add(lease + 2*hold)
			s.same("noted", s.hear("a", s.event(1, message.Delivered), s.event(2, message.Delivered)), ledger.Noted{Ours: 2})
			s.same("states", s.states(award), repeat(message.Accepted, 2))
			s.same("ended", s.deliveries()[0].Ended(), 2)
			s.sound(award)
		}},
		{"a receipt of another account, or one that comes too late, says nothing", func(s *story) {
			s.three()
			s.keep(s.raw("a", func(r *ledger.Receipt) { r.Account = "sms-other" }))
			s.same("of another", s.note(ledger.Note{Receipt: 1, Events: []message.Event{s.event(1, message.Delivered)}}), ledger.Noted{Foreign: 1})
			s.now = s.now.Add(ledger.ReceiptLate + time.Hour)
			s.same("late", s.hear("b", s.event(1, message.Delivered)), ledger.Noted{Late: 1})
			s.same("nothing", len(s.deliveries()), 0)
			s.same("what a person did later", s.hear("c", s.event(1, message.OptedOut)), ledger.Noted{Ours: 1})
			s.same("of this campaign", s.deliveries()[0].ByState, map[message.ReceiptState]int{message.OptedOut: 1})
		}},
		{"a click by which somebody leaves is no sign of life of the account", func(s *story) {
			s.three()
			s.keep(s.raw("a", func(r *ledger.Receipt) { r.Format = ledger.FormatOneClick }))
			s.same("last", s.inbox().Last.IsZero(), true)
		}},
		{"without our key a message is found by address and time, or by the vendor's id, in the newest campaign that fits", func(s *story) {
			s.three()
			to := person(award, 1, 1).Messages[0].Address
			bare := func(e message.Event) message.Event {
				e.State, e.Grade = message.Delivered, message.GradeSigned
				return e
			}
			s.same("noted", s.hear("a", bare(message.Event{To: to, At: s.now}), bare(message.Event{VendorID: "v1", At: s.now}),
				bare(message.Event{To: to, VendorID: "v1", At: s.now}), bare(message.Event{To: to, At: s.now.Add(-time.Hour)}),
				bare(message.Event{To: to, VendorID: "v9"}), bare(message.Event{VendorID: "v9"}), bare(message.Event{To: "+12025559999"})),
				ledger.Noted{Ours: 3, Foreign: 4})
			s.now = s.now.Add(time.Hour)
			s.stageAs("bonus", "d", people("bonus", 1)...)
			run := s.acquire("bonus")
			s.turn(run, s.settled(s.claim(run, claims(1)).Claims, message.Outcome{Kind: message.OutcomeAccepted, VendorID: "b1"}))
			s.same("noted", s.hear("b", bare(message.Event{To: to, At: s.now}), bare(message.Event{To: to, VendorID: "v1", At: s.now})), ledger.Noted{Ours: 2})
			bonus, err := s.receipts().Deliveries(s.ctx(), "bonus")
			s.ok(err)
			s.same("bonus", bonus[0].Ended(), 1)
			s.same("award", s.deliveries()[0].Ended(), 1)
		}},
		{"the vendor's id of an attempt that is over stands for nothing, in order or not", func(s *story) {
			s.stage("d", people(award, 2)...)
			run := s.acquire(award)
			s.turn(run, s.settled(s.claim(run, claims(1)).Claims, message.Outcome{Kind: message.OutcomeThrottled, VendorID: "v0"}))
			s.now = s.now.Add(time.Minute)
			cs := s.claim(run, claims(2)).Claims
			s.turn(run, append(s.settled(cs[:1], message.Outcome{Kind: message.OutcomeAccepted}), s.settled(cs[1:], message.Outcome{Kind: message.OutcomeAccepted, VendorID: "v1"})...))
			bare := func(id string) message.Event {
				return message.Event{VendorID: id, At: s.now, State: message.Delivered, Grade: message.GradeSigned}
			}
			s.same("noted", s.hear("a", bare("v0"), bare("v1")), ledger.Noted{Ours: 1, Foreign: 1})
			s.ok(s.Gather(s.ctx()))
			s.same("noted", s.hear("b", bare("v0"), bare("v1")), ledger.Noted{Ours: 1, Foreign: 1})
		}},
	}
}

func (s *story) deliveries() []ledger.Delivery {
	s.Helper()
	ds, err := s.receipts().Deliveries(s.ctx(), award)
	s.ok(err)
	return ds
}

func (s *story) proofs(keys ...message.Key) []ledger.Proof {
	s.Helper()
	var out []ledger.Proof
	for p, err := range s.receipts().Proofs(s.ctx(), award, keys...) {
		s.ok(err)
		out = append(out, p)
	}
	return out
}

func proofPromises() []promise {
	return []promise{
		{"who wants no more, who complained and who is not there is suppressed, once for what was told", func(s *story) {
			s.three()
			s.hear("a", s.event(1, message.OptedOut), s.event(1, message.Complained), s.event(1, message.Clicked))
			s.hear("b", s.event(3, message.HardBounce, func(e *message.Event) { e.Grade = message.GradeSigned }), s.event(1, message.OptedOut))
			var got []string
			for line, err := range s.SuppressionLog(s.ctx(), 0) {
				s.ok(err)
				got = append(got, string(line.Address)+" "+line.Reason+" "+line.Note+" "+line.Who)
			}
			of := func(row int) string { return string(person(award, row, 1).Messages[0].Address) }
			s.same("suppressed", got, []string{of(1) + " opt-out award-2020 notify", of(3) + " hard-bounce award-2020 notify"})
			s.ok(s.Unsuppress(s.ctx(), []message.Address{person(award, 1, 1).Messages[0].Address}, s.by("she wants it again")))
			s.hear("c", s.event(1, message.OptedOut))
			s.same("told once more", len(s.found(person(award, 1, 1).Messages[0].Address)), 0)
		}},
		{"of how it ended the newest counts, of the proof the best, and further facts stand beside it", func(s *story) {
			s.three()
			at := func(d time.Duration, g message.Grade) func(*message.Event) {
				return func(e *message.Event) { e.At, e.Grade = noon.Add(d), g }
			}
			s.hear("a", s.event(1, message.HardBounce, at(3*time.Second, message.GradeUnsigned)), s.event(1, message.Delivered, at(2*time.Second, message.GradeSigned)),
				s.event(1, message.Clicked, at(9*time.Second, message.GradeSigned)), s.event(1, message.Delivered, at(time.Second, message.GradeVendor)))
			s.hear("b", s.event(3, message.Waiting, at(time.Second, message.GradeConfirmed)))
			fact := func(st message.ReceiptState, d time.Duration, g message.Grade) ledger.Fact {
				return ledger.Fact{State: st, Code: "DELIVRD", Grade: g, At: noon.Add(d)}
			}
			first := ledger.Proof{Key: key(1), Facts: []ledger.Fact{
				fact(message.Delivered, 2*time.Second, message.GradeVendor), fact(message.HardBounce, 3*time.Second, message.GradeUnsigned),
				fact(message.Clicked, 9*time.Second, message.GradeSigned),
			}}
			third := ledger.Proof{Key: key(3), Settled: message.GradeConfirmed}
			s.same("proofs", s.proofs(), []ledger.Proof{first, third})
			s.same("of one", s.proofs(key(3), key(4)), []ledger.Proof{third})
			s.same("deliveries", s.deliveries(), []ledger.Delivery{{
				Channel: message.SMS, Account: smsAcc, ByState: map[message.ReceiptState]int{message.HardBounce: 1, message.Clicked: 1},
				ByGrade: map[message.Grade]int{message.GradeUnsigned: 1},
			}})
		}},
	}
}

// orderPromises are about what must not depend on the order of things.
func orderPromises() []promise {
	return []promise{
		{"proofs follow the list, also where a later list has another order", func(s *story) {
			two := people(award, 2)
			s.stage("d", two...)
			two[0].Row, two[1].Row = 2, 1
			s.stage("e", two[1], two[0])
			run := s.acquire(award)
			s.turn(run, s.settled(s.claim(run, claims(2)).Claims, message.Outcome{Kind: message.OutcomeAccepted}))
			s.hear("a", s.event(1, message.Delivered), s.event(2, message.Delivered))
			var want, got []message.Key
			for _, r := range s.records(award) {
				want = append(want, r.Key)
			}
			for _, p := range s.proofs() {
				got = append(got, p.Key)
			}
			s.same("the order", got, want)
			s.same("the list", got, []message.Key{key(2), key(1)})
		}},
		{"in whatever order and however often it is told, the result is the same", func(s *story) {
			const people10 = 10
			s.stage("d", people(award, people10)...)
			run := s.acquire(award)
			s.turn(run, s.settled(s.claim(run, claims(people10)).Claims, message.Outcome{Kind: message.OutcomeAccepted}))
			random := rand.New(rand.NewPCG(1, 2))
			var events []message.Event
			states, grades := message.ReceiptStates(), message.Grades()
			for range 60 {
				events = append(events, message.Event{
					Key: key(1 + random.IntN(people10)), At: noon.Add(time.Duration(random.IntN(4)) * time.Second), State: states[random.IntN(len(states))],
					Code: fmt.Sprint(random.IntN(3)), Grade: grades[random.IntN(len(grades))],
				})
			}
			fresh := NewMemory().Open()
			model := &story{T: s.T, Ledger: fresh, now: s.now, target: s.target}
			model.stage("d", people(award, people10)...)
			run = model.acquire(award)
			model.turn(run, model.settled(model.claim(run, claims(people10)).Claims, message.Outcome{Kind: message.OutcomeAccepted}))
			for i, e := range events {
				model.hear(fmt.Sprint("m", i), e)
			}
			for round := range 3 {
				random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
				for i := range 6 {
					s.hear(fmt.Sprint("r", round, i), events[10*i:10*i+10]...)
				}
				s.same("proofs", s.proofs(), model.proofs())
				s.same("deliveries", s.deliveries(), model.deliveries())
			}
		}},
	}
}

func awaitedPromises() []promise {
	return []promise{
		{"what is awaited is read in portions, and what has ended is left out", func(s *story) {
			s.stage("d", people(award, 6)...)
			s.stageAs("bonus", "d", people("bonus", 2)...)
			for _, campaign := range []string{award, "bonus"} {
				run := s.acquire(campaign)
				s.turn(run, s.settled(s.claim(run, claims(5)).Claims, message.Outcome{Kind: message.OutcomeAccepted, VendorID: "v"}))
			}
			s.hear("a", s.event(2, message.Delivered), s.event(3, message.Clicked))
			var got [][]int
			place := ledger.Place{}
			for first := true; first || place != (ledger.Place{}); first = false {
				part, next, err := s.receipts().Awaited(s.ctx(), smsAcc, noon, place, 3)
				s.ok(err)
				var rows []int
				for _, a := range part {
					for row := range 7 {
						if a.Key == person(a.Campaign, row, 1).Messages[0].Key {
							rows = append(rows, row)
						}
					}
				}
				got, place = append(got, rows), next
			}
			s.same("rows", got, [][]int{{1, 3, 4}, {5, 1, 2}, nil})
			none, _, err := s.receipts().Awaited(s.ctx(), smsAcc, noon.Add(time.Second), ledger.Place{}, 3)
			s.ok(err)
			s.same("later", len(none), 0)
		}},
	}
}
