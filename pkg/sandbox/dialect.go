package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The gateway speaks as large vendors do, too, so that their own adapters and clients can be tried. What a message meets is the same
// whichever way it comes: balance, quota, rate, templates and faults are those of the one account. Signatures are verified with the token as
// the secret, as the vendors document them.

// dialect is how a vendor says what became of a message.
type dialect struct {
	way string // the form in which this vendor tells receipts
	// taken is the answer about a message that was taken.
	taken func(w http.ResponseWriter, id string, n int)
	// refused is the answer with a code of the vendor.
	refused func(w http.ResponseWriter, c coded)
	codes   map[string]coded // by what became of it
}

// coded is a refusal: the status of HTTP, the vendor's code, and what it says.
type coded struct {
	status     int
	code, said string
}

// What a message may lack, beside the outcomes of faults and limits.
const (
	outNumber    = "number"
	outText      = "text"
	outTemplate  = "template"
	outSignature = "signature"
	outAuth      = "auth"
)

// deliver takes a message and answers in a dialect.
func (s *Sandbox) deliver(w http.ResponseWriter, r *http.Request, d *dialect, q *sendRequest) {
	lacks := ""
	switch {
	case !number.MatchString(string(q.To)):
		lacks = outNumber
	case q.Text == "" && q.Template == "", units(q.Text) > maxChars:
		lacks = outText
	case !s.templates.allows(KindText, q.Template):
		lacks = outTemplate
	case !s.templates.allows(KindSignature, q.Sign):
		lacks = outSignature
	}
	if lacks != "" {
		d.refused(w, d.codes[lacks])
		return
	}
	f := s.sms.draw(q.To)
	n := segments(q.Text)
	one := request{to: q.To, ref: q.Ref, hash: textHash(q.Text), segments: n, listed: q.listed}
	if q.listed {
		one.text = q.Text
	}
	s.settle(w, r, d, s.sms, one, f)
}

// settle plays the fate of a message that was read whole, writes down what became of it, and answers.
func (s *Sandbox) settle(w http.ResponseWriter, r *http.Request, d *dialect, a *account, one request, f fate) {
	one.way = d.way
	v, err := a.take(s.record, one, f.fault)
	if err != nil { // the message was not taken, and nothing can be promised: no answer is the honest one
		cut(w)
		return
	}
	if taken(v.out) {
		f.wait += s.pushers.of(d.way).took(one.ref, one.to, v)
	}
	if v.out != outCutBefore {
		s.wait(r.Context(), f.wait)
	}
	switch v.out {
	case outAccepted:
		d.taken(w, v.id, one.segments)
	case outCutBefore, outCutAfter:
		cut(w)
	case outGarbage:
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html><head><title>502 Bad Gateway</title></head>")
	case outThrottle, outRate:
		w.Header().Set("Retry-After", "1")
		d.refused(w, d.codes[outThrottle])
	default:
		d.refused(w, d.codes[v.out])
	}
}

// vendor serves the one address at which vendors are called whose action stands in a header.
func (s *Sandbox) vendor(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMail))
	switch {
	case err != nil:
		answer(w, http.StatusBadRequest, refusal{"TEXT", "the body is too long"})
	case r.Header.Get("X-Acs-Action") != "":
		s.aliyun(w, r, body)
	case r.Header.Get("X-Tc-Action") != "":
		s.tencent(w, r, body)
	default:
		answer(w, http.StatusNotFound, refusal{"PATH", "no vendor is called this way"})
	}
}

// signedHeaders are those that an Authorization header names, each on a line of its own, and their names as they stand there.
func signedHeaders(r *http.Request) (lines, names string, ok bool) {
	_, rest, found := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	names, _, _ = strings.Cut(rest, ",")
	var b strings.Builder
	for name := range strings.SplitSeq(names, ";") {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		}
		fmt.Fprintf(&b, "%s:%s\n", name, strings.TrimSpace(value))
	}
	return b.String(), names, found
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	_, _ = io.WriteString(m, text)
	return m.Sum(nil)
}

// signedBy reports whether the Authorization header ends with a signature.
func signedBy(r *http.Request, want []byte) bool {
	_, got, ok := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	given, err := hex.DecodeString(got)
	return ok && err == nil && hmac.Equal(given, want)
}

// scopeSigned verifies a signature whose scope (day/…/service/…) is part of its key, one after the other.
func scopeSigned(r *http.Request, body []byte, secret, algorithm, date, path, query string) bool {
	lines, names, ok := signedHeaders(r)
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	_, scope, named := strings.Cut(scope, "/")
	scope, _, _ = strings.Cut(scope, ",")
	key := []byte(secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	canonical := strings.Join([]string{r.Method, path, query, lines, names, sum(body)}, "\n")
	return ok && named && signedBy(r, mac(key, strings.Join([]string{algorithm, r.Header.Get(date), scope, sum([]byte(canonical))}, "\n")))
}

// percent is a query as vendors canonicalise it: RFC 3986.
func percent(q url.Values) string {
	return strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(q.Encode())
}

// filled stands for the text that a template makes of variables: the sandbox has no text of the template.
func filled(values ...string) string { return strings.Join(values, " ") }

// variables are those of a JSON object of texts.
func variables(text string) (string, bool) {
	var vars map[string]any
	if err := json.Unmarshal([]byte(text), &vars); err != nil {
		return "", false
	}
	values := make([]string, 0, len(vars))
	for _, name := range slices.Sorted(maps.Keys(vars)) { // the same message has the same hash
		values = append(values, fmt.Sprint(vars[name]))
	}
	return filled(values...), true
}
