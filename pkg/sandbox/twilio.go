package sandbox

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"notify/pkg/message"
)

// Twilio's messages, as its API 2010-04-01 documents them: www.twilio.com/docs/messaging/api/message-resource, and /docs/api/errors for the codes.
// Our key comes in the address of the callback, the only place that there is for it.

func twilioDialect() *dialect {
	return &dialect{
		way: FormTwilio,
		taken: func(w http.ResponseWriter, id string, n int) {
			answer(w, http.StatusCreated, map[string]any{"sid": id, "status": "queued", "num_segments": strconv.Itoa(n), "error_code": nil})
		},
		refused: func(w http.ResponseWriter, c coded) {
			code, _ := strconv.Atoi(c.code)
			answer(w, c.status, map[string]any{"code": code, "message": c.said, "status": c.status})
		},
		codes: map[string]coded{
			outNumber:   {http.StatusBadRequest, "21211", "The 'To' number is not a valid phone number."},
			outText:     {http.StatusBadRequest, "21602", "Message body is required."},
			outTemplate: {http.StatusBadRequest, "21655", "The ContentSid is invalid."},
			outAuth:     {http.StatusUnauthorized, "20003", "Authenticate"},
			outReject:   {http.StatusBadRequest, "21614", "'To' number is not a valid mobile number"},
			outRefuse:   {http.StatusForbidden, "20005", "Account not active"},
			outBalance:  {http.StatusForbidden, "30002", "Account suspended"},
			outQuota:    {http.StatusTooManyRequests, "63038", "Account exceeded the daily messages limit"},
			outThrottle: {http.StatusTooManyRequests, "20429", "Too Many Requests"},
			outError500: {http.StatusInternalServerError, "20500", "Internal Server Error"},
		},
	}
}

// twilioRoutes are under the account.
func (s *Sandbox) twilioRoutes(mux *http.ServeMux) {
	d := twilioDialect()
	of := func(next func(w http.ResponseWriter, r *http.Request, d *dialect)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			user, password, ok := r.BasicAuth()
			if s.config.Token != "" && (!ok || user != r.PathValue("sid") || subtle.ConstantTimeCompare([]byte(password), []byte(s.config.Token)) != 1) {
				d.refused(w, d.codes[outAuth])
				return
			}
			next(w, r, d)
		}
	}
	const account = "/2010-04-01/Accounts/{sid}"
	mux.HandleFunc("POST "+account+"/Messages.json", of(s.twilioSend))
	mux.HandleFunc("GET "+account+"/Messages.json", of(s.twilioList))
	mux.HandleFunc("GET "+account+"/Balance.json", of(func(w http.ResponseWriter, r *http.Request, _ *dialect) {
		left := s.sms.left()
		answer(w, http.StatusOK, map[string]string{"account_sid": r.PathValue("sid"), "balance": left.amount(), "currency": left.Currency})
	}))
	mux.HandleFunc("GET /2010-04-01/Accounts/{account}", func(w http.ResponseWriter, r *http.Request) {
		r.SetPathValue("sid", strings.TrimSuffix(r.PathValue("account"), ".json"))
		of(func(w http.ResponseWriter, r *http.Request, _ *dialect) {
			answer(w, http.StatusOK, map[string]string{"sid": r.PathValue("sid"), "status": "active"})
		})(w, r)
	})
}

func (s *Sandbox) twilioSend(w http.ResponseWriter, r *http.Request, d *dialect) {
	if err := r.ParseForm(); err != nil {
		d.refused(w, d.codes[outText])
		return
	}
	q := sendRequest{To: message.Address(r.PostForm.Get("To")), Text: r.PostForm.Get("Body"), Template: r.PostForm.Get("ContentSid"), listed: true}
	if vars := r.PostForm.Get("ContentVariables"); q.Template != "" {
		q.Text, _ = variables(vars)
	}
	if u, err := url.Parse(r.PostForm.Get("StatusCallback")); err == nil {
		q.Ref = u.Query().Get("key")
	}
	s.deliver(w, r, d, &q)
}

func (s *Sandbox) twilioList(w http.ResponseWriter, r *http.Request, _ *dialect) {
	list := []map[string]any{}
	for _, m := range s.sms.sentTo(message.Address(r.URL.Query().Get("To"))) {
		status, code := "delivered", any(nil)
		if m.ended == ReceiptUndelivered {
			status, code = "undelivered", 30003
		}
		list = append(list, map[string]any{
			"sid": m.id, "body": m.text, "direction": "outbound-api", "date_created": m.at.UTC().Format(time.RFC1123Z), "status": status, "error_code": code,
		})
	}
	answer(w, http.StatusOK, map[string]any{"messages": list, "next_page_uri": nil})
}
