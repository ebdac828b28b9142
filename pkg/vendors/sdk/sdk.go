// Package sdk is what the adapters that stand on a vendor's own client have in common. The client builds and signs the request, over
// the transport of package evidence, which lets one request through and keeps what came of it; the adapter reads the answer itself,
// by its table. What the client says of an answer is not used: it hides the status, or fails on an answer without content.
package sdk

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/vendors"
	"notify/pkg/vendors/evidence"
	"notify/pkg/vendors/scrub"
	"notify/pkg/words"
)

// Account is one account at a vendor with a client of its own.
type Account struct {
	// Name is the account's, Vendor the service's: "Aliyun SMS".
	Name, Vendor string
	Transport    *evidence.Transport
	Codes        Codes
	Timeout      time.Duration
	Now          func() time.Time

	scrub *scrub.Scrubber
}

// New builds an Account. Whatever set declares as a secret is kept out of every text, and so are others.
func New(vendor string, codes Codes, s vendors.Settings, set option.Set, given map[string]string, others ...string) *Account {
	secrets := others
	for _, o := range set {
		if o.Secret {
			secrets = append(secrets, given[o.Name])
		}
	}
	return &Account{
		Name: s.Account, Vendor: vendor, Codes: codes, Timeout: s.Timeout, Now: s.Now, scrub: scrub.New(secrets...),
		Transport: evidence.New(evidence.Options{Concurrency: s.Concurrency}),
	}
}

// Format implements fmt.Formatter, so that no verb prints a secret.
func (a *Account) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "account %s at %s", a.Name, a.Vendor)
}

// Close implements vendors.Vendor.
func (a *Account) Close() error {
	a.Transport.Close()
	return nil
}

// Call makes one request with the vendor's client, under ctx.
type Call func(ctx context.Context) error

// Said is what an answer says about a message.
type Said struct {
	Accepted bool
	// Code is the vendor's, as it stands in the table; Message what it says for people.
	Code, Message string
	// ID is the vendor's of the message.
	ID string
	// Segments is how many units it counted; zero where it does not say.
	Segments int
	// RetryAfter is how long it wants us to wait.
	RetryAfter time.Duration
}

// Send makes one attempt. read reads an answer of any status, which is JSON unless it says otherwise; its error means that the answer is not
// in the form that the vendor answers in.
func (a *Account) Send(ctx context.Context, m message.Message, call Call, read func(evidence.Answer) (Said, error)) message.Outcome {
	if ctx.Err() != nil {
		return unsent(evidence.StageContext, "")
	}
	ctx, cancel := context.WithTimeout(evidence.UnlessLate(ctx, m.Late), a.Timeout)
	defer cancel()
	answer, err := a.once(ctx, call)
	switch {
	case answer.Whole:
		return a.judge(answer, m, read)
	case answer.Unsent && answer.Stage == evidence.StageRequest && err != nil:
		return unsent(answer.Stage, a.scrub.Text(unmade(err), m.To))
	case answer.Unsent:
		return unsent(answer.Stage, a.scrub.Text(words.Cause(answer.Err), m.To))
	}
	return message.Outcome{Kind: message.OutcomeUnknown, Code: "notify:" + answer.Stage}
}

// unmade is why the vendor's client made no request, in its own words where it has some.
func unmade(err error) words.Text {
	if said := words.Cause(err); said.ID != "words.raw" {
		return said
	}
	return words.T("vendor.client-error", words.A{"said": err.Error()})
}

// once is a call and what is known of it.
func (a *Account) once(ctx context.Context, call Call) (evidence.Answer, error) {
	ctx, attempt := evidence.Begin(ctx)
	err := call(ctx)
	return attempt.Answer(), err
}

// NoPlace is the outcome of a message with a part that the vendor's request has no place for.
func (a *Account) NoPlace(part string) message.Outcome {
	return unsent(evidence.StageRequest, words.T("vendor.no-place", words.A{"vendor": a.Vendor, "part": part}).Stored())
}

// NoTemplate is the outcome of a message without an approved text, at a vendor that takes no other.
func (a *Account) NoTemplate() message.Outcome {
	return unsent(evidence.StageRequest, words.T("vendor.template-none", nil).Stored())
}

func unsent(stage, detail string) message.Outcome {
	return message.Outcome{Kind: message.OutcomeUnsent, Code: "notify:" + stage, Detail: detail}
}

// judge turns a whole answer into an outcome. A failure of the server and a redirect prove nothing, whatever stands in them.
func (a *Account) judge(answer evidence.Answer, m message.Message, read func(evidence.Answer) (Said, error)) message.Outcome {
	said, err := read(answer)
	if err != nil {
		return message.Outcome{Kind: message.OutcomeUnknown, Code: "notify:garbage", Detail: a.scrub.Text(words.Cause(err), m.To)}
	}
	o := message.Outcome{
		Kind: message.OutcomeUnknown, Code: a.scrub.Code(said.Code, m.To), Detail: a.scrub.Detail(said.Message, m.To),
	}
	if o.Code == "" {
		o.Code = "notify:http-" + strconv.Itoa(answer.Status)
	}
	row, listed := a.Codes.find(said.Code, said.Message)
	switch {
	case said.Accepted && answer.Status/100 == 2 && !listed:
		if !vendors.ValidID(said.ID) {
			return message.Outcome{Kind: message.OutcomeUnknown, Code: "notify:id"}
		}
		return message.Outcome{Kind: message.OutcomeAccepted, VendorID: said.ID, Segments: said.Segments}
	case said.Accepted || !listed || !evidence.Definite(answer.Status):
		return o
	}
	o.Kind, o.Reason, o.Recipient, o.RetryAfter = row.Outcome, row.Reason, row.Recipient, row.Wait
	if said.RetryAfter > 0 && (o.Kind == message.OutcomeThrottled || o.Kind == message.OutcomeRefused) {
		o.RetryAfter = said.RetryAfter
	}
	return o
}

// Ask makes a question that sends no message, and reads its answer, JSON, into out. Asked once more where a kept connection died: what asks
// may be repeated. refused says what the vendor said instead of an answer; empty where it gave one.
func (a *Account) Ask(ctx context.Context, to message.Address, call Call, out any, refused func(status int) string) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, a.Timeout)
	defer cancel()
	var answer evidence.Answer
	var err error
	for range 2 {
		if answer, err = a.once(ctx, call); answer.Whole || answer.Stage != evidence.StageCut && answer.Stage != evidence.StageWrite {
			break
		}
	}
	if !answer.Whole {
		said := words.Cause(answer.Err).Stored()
		if answer.Stage == evidence.StageRequest {
			said = unmade(err).Stored()
		}
		return time.Time{}, &words.Error{Text: a.scrub.Clean(words.Asked(answer.Stage, said), to)}
	}
	if err := Read(answer, out); err != nil {
		return time.Time{}, err
	}
	if said := refused(answer.Status); said != "" {
		return time.Time{}, words.Err("vendor.refused", words.A{"said": a.scrub.Detail(said, to)})
	}
	date, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		date = time.Time{} // an answer without a clock
	}
	return date, nil
}

// Balanced is a balance, or the error that says of which account it could not be asked.
func (a *Account) Balanced(b vendors.Balance, err error) (vendors.Balance, error) {
	if err != nil {
		return vendors.Balance{}, words.Wrap(err, "vendor.ask-balance", words.A{"account": a.Name})
	}
	return b, nil
}

// Read reads an answer that is JSON; an error says that it is not.
func Read(answer evidence.Answer, out any) error {
	if err := json.Unmarshal(answer.Body, out); err != nil {
		return words.Err("vendor.answer-no-json", words.A{"status": answer.Status})
	}
	return nil
}

// Clean is a text of the vendor's without secrets, on one line.
func (a *Account) Clean(text string) string { return a.scrub.Detail(text, "") }
