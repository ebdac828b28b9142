package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"notify/pkg/message"
)

// Amazon's mails (SES API v2), as docs.aws.amazon.com/ses/latest/APIReference-V2 documents them, signed with AWS4-HMAC-SHA256. Our key comes in a tag.

func sesDialect() *dialect {
	bad := func(code, said string) coded { return coded{http.StatusBadRequest, code, said} }
	return &dialect{
		way: FormSES,
		taken: func(w http.ResponseWriter, id string, _ int) {
			answer(w, http.StatusOK, map[string]string{"MessageId": id})
		},
		refused: func(w http.ResponseWriter, c coded) {
			w.Header().Set("X-Amzn-Errortype", c.code)
			answer(w, c.status, map[string]string{"message": c.said})
		},
		codes: map[string]coded{
			outNumber:    bad("BadRequestException", "Illegal address"),
			outText:      bad("BadRequestException", "The content is missing"),
			outTemplate:  {http.StatusNotFound, "NotFoundException", "The template does not exist"},
			outAuth:      {http.StatusForbidden, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided."},
			outReject:    bad("MessageRejected", "Transaction failed: Address not allowed"),
			outRefuse:    bad("SendingPausedException", "Email sending is disabled"),
			outBalance:   bad("LimitExceededException", "There are no more resources"),
			outQuota:     {http.StatusTooManyRequests, "TooManyRequestsException", "Daily message quota exceeded."},
			outThrottle:  {http.StatusTooManyRequests, "TooManyRequestsException", "Maximum sending rate exceeded."},
			outBlacklist: bad("AccountSuspendedException", "Your account was suspended"),
			outError500:  {http.StatusInternalServerError, "InternalServiceErrorException", "The request processing has failed"},
		},
	}
}

// sesRoutes are the addresses of the service.
func (s *Sandbox) sesRoutes(mux *http.ServeMux) {
	d := sesDialect()
	of := func(next func(w http.ResponseWriter, r *http.Request, body []byte, d *dialect)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMail))
			switch {
			case err != nil:
				d.refused(w, d.codes[outText])
			case s.config.Token != "" && !s.amazonSigned(r, body):
				d.refused(w, d.codes[outAuth])
			default:
				next(w, r, body, d)
			}
		}
	}
	mux.HandleFunc("POST /v2/email/outbound-emails", of(s.sesSend))
	mux.HandleFunc("GET /v2/email/account", of(s.sesAccount))
	mux.HandleFunc("GET /v2/email/suppression/addresses", of(s.sesSuppressed))
	mux.HandleFunc("GET /v2/email/suppression/addresses/{address}", of(s.sesSuppressedAt))
}

// amazonSigned verifies AWS4-HMAC-SHA256 (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
func (s *Sandbox) amazonSigned(r *http.Request, body []byte) bool {
	path := strings.ReplaceAll(r.URL.EscapedPath(), "%", "%25") // each part is encoded twice
	return scopeSigned(r, body, "AWS4"+s.config.Token, "AWS4-HMAC-SHA256", "X-Amz-Date", path, percent(r.URL.Query()))
}

func (s *Sandbox) sesSend(w http.ResponseWriter, r *http.Request, body []byte, d *dialect) {
	type content struct{ Data string }
	var q struct {
		Destination struct{ ToAddresses []string }
		EmailTags   []struct{ Name, Value string }
		Content     struct {
			Simple struct {
				Subject content
				Body    struct{ Text, Html content } //nolint:revive // the vendor's names
			}
		}
	}
	if err := json.Unmarshal(body, &q); err != nil || len(q.Destination.ToAddresses) != 1 {
		d.refused(w, d.codes[outText])
		return
	}
	m := mailRequest{To: mailbox(q.Destination.ToAddresses[0]), Subject: q.Content.Simple.Subject.Data}
	m.Text = q.Content.Simple.Body.Text.Data + q.Content.Simple.Body.Html.Data
	for _, t := range q.EmailTags {
		if t.Name == "notify-key" {
			m.Ref = t.Value
		}
	}
	s.deliverMail(w, r, d, &m)
}

// sesRate is what the sandbox says that it takes a second: more than anybody sends.
const sesRate = 10_000

// sesAccount tells the rate and the quota of 24 hours, -1 where there is none.
func (s *Sandbox) sesAccount(w http.ResponseWriter, _ *http.Request, _ []byte, _ *dialect) {
	left := s.mail.left()
	quota := map[string]float64{"Max24HourSend": -1, "MaxSendRate": sesRate, "SentLast24Hours": float64(left.Used)}
	if left.Quota != nil {
		quota["Max24HourSend"] = float64(*left.Quota)
	}
	answer(w, http.StatusOK, map[string]any{"SendingEnabled": true, "ProductionAccessEnabled": true, "EnforcementStatus": "HEALTHY", "SendQuota": quota})
}

// Suppressed is an address to which the vendor of mails delivers nothing: it takes what is sent, and it bounces.
type Suppressed struct {
	Address message.Address
	Reason  string // BOUNCE or COMPLAINT, empty for BOUNCE
}

// sesSuppressedOne is an entry as the vendor writes it down.
func (s *Sandbox) sesSuppressedOne(one Suppressed) map[string]any {
	reason := one.Reason
	if reason == "" {
		reason = "BOUNCE"
	}
	return map[string]any{"EmailAddress": one.Address, "Reason": reason, "LastUpdateTime": float64(s.began.Unix())}
}

// sesSuppressed lists who is on the list, page by page: a token is how many stand on the pages before.
func (s *Sandbox) sesSuppressed(w http.ResponseWriter, r *http.Request, _ []byte, d *dialect) {
	q, all := r.URL.Query(), s.config.Suppressed
	size, err := strconv.Atoi(q.Get("PageSize"))
	from := 0
	if token := q.Get("NextToken"); err == nil && token != "" {
		from, err = strconv.Atoi(token)
	}
	if err != nil || size < 1 || size > 1000 || from < 0 || from > len(all) {
		d.refused(w, d.codes[outText])
		return
	}
	page := []map[string]any{}
	for _, one := range all[from:min(from+size, len(all))] {
		page = append(page, s.sesSuppressedOne(one))
	}
	said := map[string]any{"SuppressedDestinationSummaries": page}
	if next := from + size; next < len(all) {
		said["NextToken"] = strconv.Itoa(next)
	}
	answer(w, http.StatusOK, said)
}

// sesSuppressedAt looks an address up.
func (s *Sandbox) sesSuppressedAt(w http.ResponseWriter, r *http.Request, _ []byte, d *dialect) {
	at := slices.IndexFunc(s.config.Suppressed, func(one Suppressed) bool { return strings.EqualFold(string(one.Address), r.PathValue("address")) })
	if at < 0 {
		d.refused(w, coded{http.StatusNotFound, "NotFoundException", "The email address does not exist on your suppression list."})
		return
	}
	answer(w, http.StatusOK, map[string]any{"SuppressedDestination": s.sesSuppressedOne(s.config.Suppressed[at])})
}
