package receipts

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1" // signature version 1
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"

	"notify/pkg/message"
)

// Amazon SES tells its events through SNS, which signs each with a certificate of its own. Whoever has an account there can make SNS sign, so that
// only the topic that the account names is believed. docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html.
func sesFormat() *Format {
	return &Format{Name: "ses", Signs: true, Verify: verifySNS, Read: readSES}
}

type snsEnvelope struct {
	Type, MessageId, Token, TopicArn, Subject, Message, SubscribeURL, Timestamp, SignatureVersion, Signature, SigningCertURL string //nolint:revive // the vendor's names
}

var snsHost = regexp.MustCompile(`^sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$`)

// published reports whether an address is where the vendor publishes things: at one of its hosts; of an account whose vendor is the sandbox on this
// machine, there.
func (a *Account) published(address string, hosts *regexp.Regexp) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" && hosts.MatchString(u.Host) || u.Scheme == "http" && a.Local != "" && u.Host == a.Local)
}

func verifySNS(a *Account, p *Posted) error {
	var e snsEnvelope
	if err := json.Unmarshal(p.Body, &e); err != nil {
		return errForm(err)
	}
	if e.TopicArn != a.Topic || !a.published(e.SigningCertURL, snsHost) || !strings.HasSuffix(e.SigningCertURL, ".pem") {
		return errSignature
	}
	cert, err := a.Fetch(e.SigningCertURL)
	if err != nil {
		return err
	}
	key, err := publicKey(cert)
	if err != nil {
		return err
	}
	given, err := base64.StdEncoding.DecodeString(e.Signature)
	if err != nil {
		return errSignature
	}
	kind, sum := crypto.SHA1, sha1.Sum([]byte(e.signed()))
	digest := sum[:]
	if e.SignatureVersion == "2" {
		sum := sha256.Sum256([]byte(e.signed()))
		kind, digest = crypto.SHA256, sum[:]
	}
	if rsa.VerifyPKCS1v15(key, kind, digest, given) != nil {
		return errSignature
	}
	return nil
}

// signed is the text that SNS signs: names and values, each on a line, in the order of the alphabet.
func (e *snsEnvelope) signed() string {
	pairs := []string{"Message", e.Message, "MessageId", e.MessageId}
	if e.Type == "Notification" {
		if e.Subject != "" {
			pairs = append(pairs, "Subject", e.Subject)
		}
	} else {
		pairs = append(pairs, "SubscribeURL", e.SubscribeURL)
	}
	pairs = append(pairs, "Timestamp", e.Timestamp)
	if e.Type != "Notification" {
		pairs = append(pairs, "Token", e.Token)
	}
	return strings.Join(append(pairs, "TopicArn", e.TopicArn, "Type", e.Type), "\n") + "\n"
}

type sesEvent struct {
	EventType        string `json:"eventType"`
	NotificationType string `json:"notificationType"` // as it was called before
	Mail             struct {
		Timestamp, MessageId string //nolint:revive // the vendor's name
		Destination          []string
		Tags                 map[string][]string
	} `json:"mail"`
	Bounce struct {
		BounceType, BounceSubType, Timestamp string
		BouncedRecipients                    []struct{ EmailAddress, Status, DiagnosticCode string }
	} `json:"bounce"`
	Complaint struct{ Timestamp, ComplaintFeedbackType string } `json:"complaint"`
	Delivery  struct{ Timestamp, SMTPResponse string }          `json:"delivery"`
	Reject    struct{ Reason string }                           `json:"reject"`
	Click     struct{ Timestamp string }                        `json:"click"`
	Delay     struct {
		Timestamp, DelayType string
	} `json:"deliveryDelay"`
}

func readSES(a *Account, p *Posted) (Told, error) {
	var e snsEnvelope
	if err := json.Unmarshal(p.Body, &e); err != nil {
		return Told{}, errForm(err)
	}
	if e.Type == "SubscriptionConfirmation" {
		if !a.published(e.SubscribeURL, snsHost) {
			return Told{}, errSignature
		}
		return Told{Confirm: e.SubscribeURL}, nil
	}
	var s sesEvent
	if !strings.HasPrefix(e.Message, "{") {
		return Told{}, nil // SNS tries a new topic with a sentence
	}
	if err := json.Unmarshal([]byte(e.Message), &s); err != nil {
		return Told{}, errForm(err)
	}
	out := message.Event{VendorID: s.Mail.MessageId, At: rfcTime(s.Mail.Timestamp)}
	if keys := s.Mail.Tags[keyTag]; len(keys) > 0 {
		out.Key = keyIn(keys[0])
	}
	if len(s.Mail.Destination) == 1 {
		out.To = mailbox(s.Mail.Destination[0])
	}
	if s.into(&out); out.State == "" {
		return Told{}, nil
	}
	return Told{Events: []message.Event{out}}, nil
}

// into says what happened; nothing where it is no matter of ours.
func (s *sesEvent) into(out *message.Event) {
	switch s.EventType + s.NotificationType {
	case "Send":
		out.State = message.Waiting
	case "Delivery":
		out.State, out.At, out.Detail = message.Delivered, rfcTime(s.Delivery.Timestamp), said(s.Delivery.SMTPResponse)
	case "Bounce":
		out.State, out.At, out.Code = message.SoftBounce, rfcTime(s.Bounce.Timestamp), s.Bounce.BounceSubType
		if s.Bounce.BounceType == "Permanent" {
			out.State = message.HardBounce
		}
		for _, r := range s.Bounce.BouncedRecipients {
			out.Code, out.Detail = strings.TrimSpace(r.Status), said(r.DiagnosticCode)
		}
	case "Complaint":
		out.State, out.At, out.Code = message.Complained, rfcTime(s.Complaint.Timestamp), s.Complaint.ComplaintFeedbackType
	case "Reject":
		out.State, out.Code = message.Dropped, s.Reject.Reason
	case "DeliveryDelay":
		out.State, out.At, out.Code = message.SoftBounce, rfcTime(s.Delay.Timestamp), s.Delay.DelayType
	case "Click":
		out.State, out.At = message.Clicked, rfcTime(s.Click.Timestamp)
	case "Subscription":
		out.State = message.OptedOut
	}
}
