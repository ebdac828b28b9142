// Package receipts owns what vendors say after a message was handed over: it takes in what they push, asks those that can be asked, reads the
// exports of their consoles, and settles all of it on the ledger. It knows each vendor's format, and sends no message.
//
// What arrives is kept first, as it came, and answered; it is settled afterwards. Proof has grades: a receipt that is signed settles a message that
// is unknown; one that is not does so only after the vendor, asked, has said the same.
package receipts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Posted is a request with receipts, as it came.
type Posted struct {
	URL    string      `json:"url,omitempty"` // as the vendor called it
	Header http.Header `json:"header,omitempty"`
	Body   []byte      `json:"-"`
	At     time.Time   `json:"-"`
}

// query is what stands behind the question mark.
func (p *Posted) query() url.Values {
	u, err := url.Parse(p.URL)
	if err != nil {
		return nil
	}
	return u.Query()
}

// Told is what a receipt says.
type Told struct {
	Events []message.Event
	// Said is what is about no message: a template that was approved.
	Said words.Text
	// Confirm is an address that is to be fetched once: the vendor asks whether we want its receipts.
	Confirm string
}

// Format is how a vendor pushes receipts.
type Format struct {
	Name string
	// Signs says that the vendor signs, if the account is set up for it.
	Signs bool
	// Verify says why the signature does not hold. It is asked only where the account has what it needs.
	Verify func(a *Account, p *Posted) error
	// Read reads what was posted. Its error says that it is not in this format.
	Read func(a *Account, p *Posted) (Told, error)
	// Answer is the body that the vendor wants to hear; empty for none.
	Answer string
}

// Account is an account as its receipts are read.
type Account struct {
	Name   string
	Kind   string // of its vendor
	Format *Format
	// Secret is what the vendor signs with, or the key that checks it; Topic is the only one that is believed, where the format has topics.
	Secret, Topic string
	// URL is how the vendor calls us, up to the path: "https://notify.example.test"; empty: as the request says.
	URL string
	// Sources are the addresses that receipts may come from; none: any.
	Sources []netip.Prefix
	// Local is where the sandbox is that stands for the account's vendor, as host:port; empty where the vendor is no part of this machine.
	Local string
	// Fetch gets a certificate of the vendor's, or confirms a subscription.
	Fetch func(address string) ([]byte, error)
}

// from reports whether receipts may come from there.
func (a *Account) from(source string) bool {
	ip, err := netip.ParseAddr(source)
	return len(a.Sources) == 0 || err == nil && slices.ContainsFunc(a.Sources, func(p netip.Prefix) bool { return p.Contains(ip.Unmap()) })
}

// grade is how good a proof is what was posted; the error says why it is none.
func (a *Account) grade(p *Posted) (message.Grade, error) {
	if !a.Signed() {
		return message.GradeUnsigned, nil
	}
	return message.GradeSigned, a.Format.Verify(a, p)
}

// why says why something was refused.
func why(err error) words.Text {
	return words.T("receipts.refused", words.A{"cause": words.Cause(err)})
}

var errSignature = words.Err("receipts.signature", nil)

// errForm is why something is not in the format that it should be in.
func errForm(err error) error { return words.Wrap(err, "receipts.form", nil) }

// keep is what was posted as the ledger keeps it.
func (a *Account) keep(p *Posted, source string) ledger.Receipt {
	r := ledger.Receipt{Account: a.Name, Format: a.Format.Name, Source: source, Raw: p.Body, At: p.At, Head: p.head()}
	var err error
	if r.Grade, err = a.grade(p); err != nil {
		r.Fate, r.Why, r.Grade = ledger.ReceiptRefused, why(err), message.GradeUnsigned
	}
	if !a.from(source) {
		r.Fate, r.Why, r.Grade = ledger.ReceiptRefused, why(words.Err("receipts.source", words.A{"source": source})), message.GradeUnsigned
	}
	r.Hash = hashOf(r, p.query().Encode())
	return r
}

// hashOf tells receipts apart. What is refused is another one than what is believed, so that a forgery never stands for what it copies.
func hashOf(r ledger.Receipt, query string) string {
	h := sha256.New()
	for _, part := range []string{r.Account, r.Format, string(r.Grade), string(r.Fate), query, string(r.Raw)} {
		_, _ = io.WriteString(h, strconv.Itoa(len(part))+":"+part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// head is what of a request is kept beside its body.
func (p *Posted) head() []byte {
	kept := Posted{URL: p.URL, Header: http.Header{}}
	for name, values := range p.Header {
		n := strings.ToLower(name)
		if n == "content-type" || strings.HasPrefix(n, "x-") && !strings.HasPrefix(n, "x-forwarded") || strings.HasPrefix(n, "svix-") || strings.HasPrefix(n, "ce-") {
			kept.Header[name] = values
		}
	}
	b, err := json.Marshal(kept)
	if err != nil {
		return nil // strings alone are always marshalled
	}
	return b
}

// posted is what was kept, as it came.
func posted(r *ledger.Receipt) *Posted {
	p := new(Posted)
	if len(r.Head) > 0 {
		_ = json.Unmarshal(r.Head, p) // head wrote it
	}
	p.Body, p.At = r.Raw, r.At
	return p
}

// Formats are those that are built in, by name.
func Formats() map[string]*Format {
	all := make(map[string]*Format)
	for _, f := range []*Format{
		eventsFormat(formatEvents), eventsFormat(ledger.FormatOneClick), aliyunFormat(), directMailFormat(), tencentFormat(), tencentMailFormat(), twilioFormat(), sesFormat(), sendgridFormat(),
		mailgunFormat(), postmarkFormat(), resendFormat(), dsnFormat(),
	} {
		all[f.Name] = f
	}
	return all
}

// formatEvents is what notify writes itself: what a vendor answered when it was asked, and what stood in a file.
const formatEvents = "events"

func eventsFormat(name string) *Format {
	return &Format{Name: name, Read: func(_ *Account, p *Posted) (Told, error) {
		var t Told
		err := json.Unmarshal(p.Body, &t.Events)
		return t, err
	}}
}

// eventsReceipt is a receipt of our own making.
func eventsReceipt(account, source string, events []message.Event, grade message.Grade, at time.Time) (ledger.Receipt, error) {
	raw, err := json.Marshal(events)
	r := ledger.Receipt{Account: account, Format: formatEvents, Source: source, Raw: raw, Grade: grade, At: at}
	r.Hash = hashOf(r, "")
	return r, err
}
