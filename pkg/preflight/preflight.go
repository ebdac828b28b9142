// Package preflight owns the question whether a campaign will get through: one check for each thing that would stop or
// spoil it, answered from evidence. It checks the plan, not the files, so that what was checked is what is sent; it sends
// nothing and writes nothing but a measuring file that it removes. view draws its Result; send refuses without one.
//
// To add a check: see CONTRIBUTING.md. The second paragraph of its function's comment is its section of docs/checks.md.
package preflight

import (
	"context"
	"slices"
	"time"

	"notify/pkg/campaign"
	"notify/pkg/checklist"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/words"
)

// Schema names the form of a Result as JSON.
const Schema = "notify.preflight/1"

// Status is what came of a check.
type Status string

// The statuses. The zero value is a check that did not run: nothing is known, and so the verdict is a fail.
const (
	NotRun    Status = ""
	Skip      Status = "skip"          // it has nothing to look at in this campaign
	Pass      Status = "pass"          // the evidence speaks for the campaign
	NotLooked Status = "not-looked-at" // nobody could be asked: nothing is known, which stops nothing and proves nothing
	Warn      Status = "warn"          // it may go, and somebody should know
	Fail      Status = "fail"          // it must not go
	Error     Status = "error"         // the check itself broke: nothing is known, and so the verdict is a fail
)

// Says is the word that stands before a finding: PASS, NOT LOOKED AT.
func (s Status) Says() words.Text {
	if s == NotRun {
		return words.T("status.not-run", nil)
	}
	return words.Of("status", s)
}

// Stops reports whether a finding of this status keeps the campaign from being sent, unless a person overrules it.
func (s Status) Stops() bool {
	switch s {
	case Fail, Error, NotRun:
		return true
	case Skip, Pass, NotLooked, Warn:
		return false
	}
	return true
}

// rank orders statuses by how much they matter, for a finding made of several answers.
func (s Status) rank() int {
	ranked := []Status{Skip, Pass, NotLooked, Warn, Error, Fail, NotRun}
	if i := slices.Index(ranked, s); i >= 0 {
		return i
	}
	return len(ranked)
}

// Check is one question. Run answers with a Finding; its ID, Group, Title and Took are filled in by the engine.
type Check struct {
	ID    string // stable, for machines and checklists: "balance"; "check.balance" of the catalogue is its title
	Group Group
	// Online checks ask a vendor; they are skipped in an offline preflight.
	Online bool
	// Overrule says what still protects the recipients where a person overrules the check. Empty is one that nobody may overrule:
	// where somebody could be told twice, the wrong person be reached, or the installation's own mail be spoiled, no reason is good
	// enough, and where a file can be mended, mending it is the way.
	Overrule string
	// Run must return soon after ctx ends. It may be called side by side with the other checks.
	Run func(ctx context.Context, s *Subject) Finding
	// After stands in place of Run for a check of what the others found: it is asked when all of them have answered.
	After func(ctx context.Context, s *Subject, r *Result) Finding
}

// Group is what a check is about.
type Group string

// The groups, in the order in which they are shown.
const (
	GroupList      Group = "list"
	GroupTexts     Group = "texts"
	GroupAccounts  Group = "accounts"
	GroupSender    Group = "sender"
	GroupMoney     Group = "money"
	GroupTime      Group = "time"
	GroupLedger    Group = "ledger"
	GroupChecklist Group = "checklist"
)

// Title is what is asked, in two or three words.
func (c *Check) Title() words.Text { return words.Of("check", c.ID) }

// Finding is the answer to a check.
type Finding struct {
	ID     string     `json:"id"`
	Group  Group      `json:"group"`
	Title  words.Text `json:"title"`
	Status Status     `json:"status"`
	// Summary is the evidence in figures: a sentence for each account or answer.
	Summary []words.Text `json:"summary"`
	// Details are further lines of evidence, such as the first rows concerned.
	Details []words.Text `json:"details,omitempty"`
	// Facts are the figures for machines.
	Facts []Fact `json:"facts,omitempty"`
	// Remedies are what to do, each with its figures and, where there is one, the command.
	Remedies []Remedy `json:"remedies,omitempty"`
	// Options are those remedies that can be put into figures: by how much, on which days, which part, which account.
	Options []Option `json:"options,omitempty"`
	// Override says that a person answers for going on in spite of it.
	Override *Override     `json:"override,omitempty"`
	Took     time.Duration `json:"took_ns"`
}

// Says is the evidence as it stands in a sentence.
func (f *Finding) Says() words.List { return words.Texts(words.Sentences, f.Summary...) }

// Stops reports a finding that keeps the campaign from being sent.
func (f *Finding) Stops() bool { return f.Status.Stops() && f.Override == nil }

// Remedy is something to do. Or says that it is another way to what the remedy before it is for.
type Remedy struct {
	Text words.Text `json:"text"`
	Or   bool       `json:"or,omitempty"`
}

// Says is the remedy as a line of its own.
func (r Remedy) Says() words.Text {
	if r.Or {
		return words.T("preflight.or", words.A{"way": r.Text})
	}
	return r.Text
}

// Fact is a figure under a stable name: "account.sms-marketing.balance".
type Fact struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// Result is a preflight: what was asked, what came of it, and the plan that it was asked about.
type Result struct {
	Schema   string    `json:"schema"`
	Campaign string    `json:"campaign"`
	Digest   string    `json:"digest"` // of the plan: the result holds for exactly this
	At       time.Time `json:"at"`
	// Offline says that no vendor was asked, so that it is no clean pass.
	Offline bool `json:"offline,omitempty"`
	// Verdict is Pass, Warn or Fail.
	Verdict  Status         `json:"verdict"`
	Counts   map[Status]int `json:"counts"`
	Findings []Finding      `json:"checks"`
	Plan     Summary        `json:"plan"`
	// Scopes are the parts of the digest, and Terms what they cover, so that it can be said later what changed.
	Scopes map[string]string `json:"scopes"`
	Terms  []plan.Term       `json:"terms"`
	// Checklist is how the campaign's checklist stood; nil where it names none.
	Checklist *checklist.State `json:"checklist,omitempty"`
	// Since is what changed since the preflight that people signed; nil where nobody has signed.
	Since *Since `json:"since_signed,omitempty"`
}

// Fails reports that a check other than that of the signatures stops the campaign.
func (r *Result) Fails() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Group != GroupChecklist && f.Stops() })
}

// Finding looks a finding up by the ID of its check.
func (r *Result) Finding(id string) (Finding, bool) {
	for _, f := range r.Findings {
		if f.ID == id {
			return f, true
		}
	}
	return Finding{}, false
}

// Summary is the plan in figures. Messages = Left + ToSend, unless Unknown says that this could not be worked out.
type Summary struct {
	List       string `json:"list"`
	Recipients int    `json:"recipients"`
	Hidden     int    `json:"hidden"`
	// Duplicates is how many messages are told through another row's.
	Duplicates int `json:"duplicates"`
	Messages   int `json:"messages"`
	Segments   int `json:"segments"`
	// Emergency are the accounts of the other class that stand in.
	Emergency []string `json:"emergency,omitempty"`
	// Left is how many have left, or may have, under this campaign's name; they are never sent again.
	Left   int `json:"left"`
	ToSend int `json:"to_send"`
	// People is how many recipients what is still to be sent tells, those told through another row's message among them.
	People int `json:"people"`
	// Part is what of the list is sent; zero for all of it.
	Part words.Text `json:"part,omitzero"`
	// Missing are the people who are pending and not on this list.
	Missing  Missing          `json:"missing,omitzero"`
	Channels []ChannelSummary `json:"channels"`
	Accounts []AccountSummary `json:"accounts"`
	// Costs are what is still to be paid, one for each currency; Unpriced are the accounts that it leaves out.
	Costs    []Cost   `json:"costs"`
	Unpriced []string `json:"unpriced,omitempty"`
	// Start is when the first message can leave, Done when the last has; Done is zero where that cannot be known.
	Start time.Time `json:"start,omitzero"`
	Done  time.Time `json:"done,omitzero"`
	// Waves are those in which the campaign goes out; zero for none.
	Waves campaign.Waves `json:"waves,omitzero"`
	// Unknown says why the figures could not be made, empty where they were.
	Unknown words.Text `json:"unknown,omitzero"`
}

// ChannelSummary is one channel. Messages = Left + ToSend.
type ChannelSummary struct {
	// Countries is what of it goes to each country; nil where all goes to one.
	Countries      map[string]plan.Units `json:"countries,omitempty"`
	Channel        message.Channel       `json:"channel"`
	Messages       int                   `json:"messages"`
	Segments       int                   `json:"segments"`
	BySegments     map[int]int           `json:"by_segments,omitempty"`
	Subjects       int                   `json:"subjects,omitempty"`
	Left           int                   `json:"left"`
	ToSend         int                   `json:"to_send"`
	SegmentsToSend int                   `json:"segments_to_send"`
}

// AccountSummary is what an account is still to carry for one channel.
type AccountSummary struct {
	Account  string          `json:"account"`
	Channel  message.Channel `json:"channel"`
	Messages int             `json:"messages"`
	Segments int             `json:"segments"`
	// Price is of a segment; nil where it is not known, or hangs on the country: then Cost is known.
	Price    *message.Money `json:"price,omitempty"`
	Cost     *message.Money `json:"cost,omitempty"`
	Currency string         `json:"currency,omitempty"`
	Rate     float64        `json:"rate,omitempty"` // messages per second that it will keep to; 0: not limited
	// Limit is what holds the account back most: its rate, its quota, the pace of a domain; zero where nothing does.
	Limit words.Text `json:"limit,omitzero"`
	Days  []Day      `json:"days"`
	// Done is when its last message leaves; zero where that cannot be known.
	Done time.Time `json:"done,omitzero"`
}

// Day is how many messages leave on a calendar day of the installation's zone.
type Day struct {
	Date     string `json:"date"` // "2026-11-20"
	Messages int    `json:"messages"`
}

// Cost is an amount with its currency, which is empty where no account names one.
type Cost struct {
	Currency string        `json:"currency"`
	Amount   message.Money `json:"amount"`
}
