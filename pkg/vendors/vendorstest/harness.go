// Package vendorstest is the one conformance suite that every adapter of pkg/vendors passes: the six outcomes, one attempt
// on the wire for each Send, contexts, keys, and no secret anywhere.
// An adapter brings a Harness: a scripted server on loopback that speaks its protocol and counts what reached it.
package vendorstest

import (
	"fmt"
	"testing"
	"time"

	"notify/pkg/message"
	"notify/pkg/vendors"
)

// Behaviour is what a scripted server does with the messages that it gets.
type Behaviour string

// The behaviours. A harness serves each of them, or says in NotApplicable why its protocol does not know it.
const (
	// The server answers each message, whole and in its protocol.
	Accept      Behaviour = "accepts"
	Reject      Behaviour = "rejects the recipient for good"
	Throttle    Behaviour = "says too fast"
	Refuse      Behaviour = "refuses the account"
	Unlisted    Behaviour = "answers with a code that is in no table"
	ServerError Behaviour = "answers with a failure of its own"

	// Nothing of a message can reach the server.
	NoListener Behaviour = "does not listen"             // connection refused
	NoName     Behaviour = "has no address"              // a host name that does not resolve, such as nobody.invalid
	BadTLS     Behaviour = "cannot do the TLS it should" // the handshake fails
	CutBefore  Behaviour = "cuts before the message"     // in a protocol with a dialogue: before the part that hands over

	// The whole message was read, and then no proper answer follows.
	CutAfter Behaviour = "cuts after the message"
	Slow     Behaviour = "never answers" // it holds the connection until the test ends
	Garbage  Behaviour = "answers garbage"
	Empty    Behaviour = "answers nothing" // an answer without content where there should be some
	Huge     Behaviour = "answers without end"
	Redirect Behaviour = "sends the client elsewhere" // elsewhere accepts, and its Tries are counted too

	// The first message is accepted on a connection that stays open.
	ReusedCut    Behaviour = "cuts a kept connection after its second message"
	ReusedClosed Behaviour = "closes a kept connection while it is idle"
)

// Behaviours are all behaviours, in the order in which the suite plays them.
func Behaviours() []Behaviour {
	return []Behaviour{
		Accept, Reject, Throttle, Refuse, Unlisted, ServerError,
		NoListener, NoName, BadTLS, CutBefore,
		CutAfter, Slow, Garbage, Empty, Huge, Redirect,
		ReusedCut, ReusedClosed,
	}
}

// Harness is an adapter under test.
type Harness struct {
	// Start starts a server that behaves so with every message, until the test ends.
	Start func(t *testing.T, b Behaviour) Server
	// NotApplicable names the behaviours that the protocol does not know, each with the reason.
	NotApplicable map[Behaviour]string
	// Message is message n, for n below 1000; another key and address for each n. SMS and Mail are ready-made.
	Message func(n int) message.Message
	// Secrets are what must not appear in an outcome, an error, or any fmt of the vendor: passwords and tokens as the server
	// gets them and in every encoding in which they travel.
	Secrets []string
	// RetryAfter is what the server asks for under Throttle; zero where the protocol cannot say.
	RetryAfter time.Duration
	// Refusal is the reason that the server gives under Refuse.
	Refusal message.Reason
	// NoKey is why the protocol carries no key of ours; empty where it does, and the server then reports it in Arrivals.
	NoKey string
	// NoID is why an accepted message has no vendor's id; empty where it has one.
	NoID string
}

// Server is a scripted server. Its methods may be called concurrently.
type Server interface {
	// Vendor builds the adapter on this server. The test closes it.
	Vendor(t *testing.T, l Limits) vendors.Vendor
	// Tries is how often a client began to hand over a message: requests of which a byte was read, mail transactions.
	Tries() int
	// Arrivals are the messages that the server has read whole, in the order of arrival, whatever it answered.
	Arrivals() []Arrival
	// Arrived gets a value for each arrival, as it is read whole. It is buffered for 1000.
	Arrived() <-chan Arrival
	// Open is how many connections are open now. Listener counts them.
	Open() int
}

// Arrival is a message as the server read it.
type Arrival struct {
	Key message.Key // empty where the protocol has none
	To  message.Address
}

// Limits are what the suite asks of a Vendor. Both are always set.
type Limits struct {
	Timeout     time.Duration
	Concurrency int
}

// SMS is message n on the channel sms, to a number that is reserved for fiction.
func SMS(n int) message.Message {
	to := message.Address(fmt.Sprintf("+447700900%03d", n))
	return message.Message{
		Key:      message.MakeKey("vendorstest", message.SMS, to, ""),
		Campaign: "vendorstest",
		Channel:  message.SMS,
		To:       to,
		Name:     "Test Person",
		Text:     fmt.Sprintf("Winner %d: \"quoted\" \\ {{to}} %%s 获奖\r\nline 2 😀", n),
		Vars:     map[string]string{"name": fmt.Sprintf("{{option.token}} %d", n)},
		Segments: 1,
	}
}

// Mail is message n on the channel email.
func Mail(n int) message.Message {
	to := message.Address(fmt.Sprintf("winner-%03d@customer.test", n))
	return message.Message{
		Key:      message.MakeKey("vendorstest", message.Email, to, ""),
		Campaign: "vendorstest",
		Channel:  message.Email,
		To:       to,
		Name:     "Test Person",
		From:     "Awards <award@edm.example.test>",
		Subject:  fmt.Sprintf("Award %d 获奖", n),
		Text:     fmt.Sprintf("Dear winner %d,\n.\n.leading dot\n获奖\n", n),
		HTML:     fmt.Sprintf("<p>Dear winner %d</p>", n),
		Headers:  map[string]string{"List-Unsubscribe": "<https://edm.example.test/u>"},
		Segments: 1,
	}
}
