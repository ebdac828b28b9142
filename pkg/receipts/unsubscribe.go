package receipts

import (
	"context"
	"encoding/json"
	"html/template"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Leaving is the ledger, as far as somebody can leave who got a mail.
type Leaving interface {
	ledger.Tracer
	Keep(ctx context.Context, rs []ledger.Receipt) ([]bool, error)
	Suppressed(ctx context.Context, asked iter.Seq[ledger.Asked]) iter.Seq2[ledger.Found, error]
	Suppress(ctx context.Context, entries iter.Seq2[ledger.Suppression, error], by ledger.Act) (ledger.Suppress, error)
}

// Unsubscribe takes those off who click the link of a mail: mail programs post to it by themselves, people are asked on a small page first.
type Unsubscribe struct {
	Links  message.OneClick
	Ledger Leaving
	Now    func() time.Time
	Log    *slog.Logger

	left, forged atomic.Int64
}

// Left is how many addresses were put on the suppression list; Forged how many requests came with a link that was not made here.
func (u *Unsubscribe) Left() int64 { return u.left.Load() }

// Forged is how many requests came with a link that was not made here.
func (u *Unsubscribe) Forged() int64 { return u.forged.Load() }

// maxForm is more than any mail program sends.
const maxForm = 16 << 10

// ServeHTTP answers when the address is on the list, and never before.
func (u *Unsubscribe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, ok := u.Links.Key(r.URL.Path)
	if !ok {
		u.forged.Add(1)
		http.Error(w, "not a link of ours", http.StatusForbidden)
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		u.page(w, askPage, r.URL.Path)
	case http.MethodPost:
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if r.FormValue("List-Unsubscribe") != "One-Click" {
			http.Error(w, "List-Unsubscribe=One-Click is wanted", http.StatusBadRequest)
			return
		}
		if err := u.leave(r.Context(), key); err != nil {
			words.LogError(u.Log, slog.LevelError, words.Wrap(err, "log.unsubscribe", nil))
			http.Error(w, "not kept", http.StatusServiceUnavailable)
			return
		}
		u.page(w, donePage, "")
	default:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "GET or POST", http.StatusMethodNotAllowed)
	}
}

// leave puts the address of a message on the suppression list, unless it is there, and keeps that it was this message by which somebody left.
func (u *Unsubscribe) leave(ctx context.Context, key message.Key) error {
	ctx = context.WithoutCancel(ctx)
	found, err := u.Ledger.Trails(ctx, ledger.Sought{Key: key, Most: 1})
	if err != nil || len(found) == 0 {
		return err // of another ledger: there is nobody to write to
	}
	m := &found[0]
	if err := u.keep(ctx, m); err != nil {
		return err
	}
	for _, err := range u.Ledger.Suppressed(ctx, slices.Values([]ledger.Asked{{Address: m.Address}})) {
		return err // he is on it
	}
	by := ledger.Act{Who: ledger.Itself, What: "unsubscribe", Said: words.T("act.why-one-click", words.A{"campaign": m.Campaign}), At: u.Now()}
	sum, err := u.Ledger.Suppress(ctx, func(yield func(ledger.Suppression, error) bool) {
		yield(ledger.Suppression{
			Address: m.Address, Channel: m.Channel, Reason: "opt-out", Note: m.Campaign + ": one click, " + string(message.GradeSigned), Who: ledger.Itself, At: by.At,
		}, nil)
	}, by)
	u.left.Add(int64(sum.Added))
	return err
}

// keep keeps the click as what was told of the message, once however often it comes; it is settled with the receipts.
func (u *Unsubscribe) keep(ctx context.Context, m *ledger.Trail) error {
	if m.Account == "" {
		return nil // it has not left: somebody knows its link all the same
	}
	raw, err := json.Marshal([]message.Event{{Key: m.Key, State: message.OptedOut}})
	if err != nil {
		return err
	}
	r := ledger.Receipt{Account: m.Account, Format: ledger.FormatOneClick, Source: "List-Unsubscribe", Raw: raw, Grade: message.GradeSigned, At: u.Now()}
	r.Hash = hashOf(r, m.Campaign)
	_, err = u.Ledger.Keep(ctx, []ledger.Receipt{r})
	return err
}

func (u *Unsubscribe) page(w http.ResponseWriter, page *template.Template, path string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	_ = page.Execute(w, path[strings.LastIndexByte(path, '/')+1:]) // one that has gone sees nothing
}

const pageHead = `<!doctype html><html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>退订 · Unsubscribe</title>
<style>body{font:1.1rem/1.6 sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}button{font:inherit;padding:.5rem 1.5rem}</style>
`

// The form posts to the page itself: what stands before it on the way through a proxy is nothing to it.
//
//nolint:gochecknoglobals // constants
var (
	askPage = template.Must(template.New("ask").Parse(pageHead + `<p>不再接收我们的邮件？<p lang="en">No more mails from us?
<form method="post" action="{{.}}"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>退订 · Unsubscribe</button></form>
`))
	donePage = template.Must(template.New("done").Parse(pageHead + `<p>已退订，我们不会再给您发邮件。<p lang="en">You are unsubscribed: we write to you no more.
`))
)
