package sandbox

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode/utf16"

	"notify/pkg/message"
)

// sendRequest is the body of POST /sms/send.
type sendRequest struct {
	To       message.Address   `json:"to"`
	Text     string            `json:"text"`
	Ref      string            `json:"ref"`
	Template string            `json:"template"`
	Vars     map[string]string `json:"vars"`
	Sign     string            `json:"sign"` // the signature before the text

	listed bool // the vendor is asked for it by number
}

type sendAnswer struct {
	Code     string `json:"code"`
	ID       string `json:"id"`
	Segments int    `json:"segments"`
}

type refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// balanceAnswer is GET /sms/balance; what the account does not count is left out.
type balanceAnswer struct {
	Code     string  `json:"code"`
	Balance  *string `json:"balance,omitempty"`
	Currency string  `json:"currency,omitempty"`
	Messages *int64  `json:"messages,omitempty"` // prepaid segments left
	Quota    *int64  `json:"quota,omitempty"`    // by calendar day
	Used     int64   `json:"used"`               // of it today
}

// unlimited is the balance of an account whose money is not counted, where a vendor always tells one.
const unlimited = "1000000.00"

// amount is the balance for a vendor that always tells one.
func (b *balanceAnswer) amount() string {
	if b.Balance == nil {
		return unlimited
	}
	return *b.Balance
}

type findAnswer struct {
	Code   string `json:"code"`
	Found  bool   `json:"found"`
	ID     string `json:"id,omitempty"`
	Status string `json:"status,omitempty"`
}

// maxBody is far more than an SMS with its variables has.
const maxBody = 64 << 10

func (s *Sandbox) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sms/send", s.authorised(s.send(ownDialect())))
	mux.HandleFunc("GET /sms/balance", s.authorised(s.balance))
	mux.HandleFunc("GET /sms/find", s.authorised(s.find))
	mux.HandleFunc("GET /sms/templates", s.authorised(s.listTemplates))
	mux.HandleFunc("POST /{$}", s.vendor)
	s.twilioRoutes(mux)
	s.sesRoutes(mux)
	s.notary.routes(mux)
	mux.HandleFunc("GET /admin/count", s.authorised(s.adminCount))
	mux.HandleFunc("POST /admin/topup", s.authorised(s.adminTopup))
	mux.HandleFunc("POST /admin/faults", s.authorised(s.adminFaults))
	mux.HandleFunc("POST /admin/template", s.authorised(s.adminTemplate))
	return mux
}

func (s *Sandbox) authorised(next http.HandlerFunc) http.HandlerFunc {
	want := "Bearer " + s.config.Token
	return func(w http.ResponseWriter, r *http.Request) {
		got := r.Header.Get("Authorization")
		if s.config.Token != "" && subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
			answer(w, http.StatusUnauthorized, refusal{"AUTH", "the token is not right"})
			return
		}
		next(w, r)
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone is no concern of a vendor's
}

// number is E.164: a plus and up to fifteen digits, the first not zero.
var number = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// maxChars is the longest text that mainland vendors take.
const maxChars = 500

func (s *Sandbox) send(d *dialect) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var q sendRequest
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&q); err != nil {
			answer(w, http.StatusBadRequest, refusal{"TEXT", "the body is not the JSON of a message"})
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		s.deliver(w, r, d, &q)
	}
}

// ownDialect is that of the sandbox's own gateway.
func ownDialect() *dialect {
	return &dialect{
		way:     FormOwn,
		taken:   func(w http.ResponseWriter, id string, n int) { answer(w, http.StatusOK, sendAnswer{"OK", id, n}) },
		refused: func(w http.ResponseWriter, c coded) { answer(w, c.status, refusal{c.code, c.said}) },
		codes: map[string]coded{
			outNumber:    {http.StatusBadRequest, "NUMBER", "not a phone number in E.164"},
			outText:      {http.StatusBadRequest, "TEXT", "the text is empty or longer than 500 characters"},
			outTemplate:  {http.StatusForbidden, "TEMPLATE", "the template is not approved"},
			outSignature: {http.StatusForbidden, "SIGNATURE", "the signature is not approved"},
			outError500:  {http.StatusInternalServerError, "INTERNAL", "something went wrong"},
			outReject:    {http.StatusBadRequest, "NUMBER", "the number is not in service"},
			outRefuse:    {http.StatusForbidden, "BLOCKED", "the account is blocked"},
			outBalance:   {http.StatusPaymentRequired, "BALANCE", "the balance is not sufficient"},
			outQuota:     {http.StatusForbidden, "QUOTA", "the quota of the day is used up"},
			outThrottle:  {http.StatusTooManyRequests, "RATE", "too many requests"},
		},
	}
}

// cut ends the connection without an answer.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func (s *Sandbox) balance(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, s.sms.left())
}

// find knows every message that was taken: its line was written before it was answered.
func (s *Sandbox) find(w http.ResponseWriter, r *http.Request) {
	out := findAnswer{Code: "OK"}
	out.ID, out.Status, out.Found = s.sms.find(r.URL.Query().Get("ref"))
	answer(w, http.StatusOK, out)
}

// units counts as mainland vendors do: every character is one, those beyond the basic plane two.
func units(text string) int {
	n := 0
	for _, r := range text {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

// Mainland vendors bill 70 characters as one SMS, and longer texts in parts of 67.
const (
	single = 70
	part   = 67
)

// segments is the billing units of a text. The gateway adds no signature.
func segments(text string) int {
	n := units(text)
	if n <= single {
		return 1
	}
	return (n + part - 1) / part
}

func textHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// blacklist counts subjects in windows that do not overlap.
type blacklist struct {
	rule     Blacklist
	subjects map[string]int
	began    time.Time
	until    time.Time
}

// refuses is whether a mail with this subject is 554 now. The caller holds a lock.
func (b *blacklist) refuses(subject string, now time.Time) bool {
	if b.rule.Subjects <= 0 {
		return false
	}
	if now.Before(b.until) {
		return true
	}
	within := b.rule.Within
	if within <= 0 {
		within = time.Minute
	}
	if b.subjects == nil || now.Sub(b.began) >= within || now.Before(b.began) {
		b.subjects, b.began = map[string]int{}, now
	}
	key := strings.TrimSpace(subject)
	b.subjects[key]++
	if b.subjects[key] <= b.rule.Subjects {
		return false
	}
	b.until = now.Add(b.rule.For)
	return true
}
