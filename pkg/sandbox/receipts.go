package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"notify/pkg/message"
)

// How a message ends, as receipts and the record say.
const (
	ReceiptDelivered   = "delivered"
	ReceiptUndelivered = "undelivered"
)

// Receipts is how the gateway tells what became of messages. Without a URL it tells nobody. Shares are from 0 to 1, by message.
type Receipts struct {
	URL    string        // where they are posted
	Form   string        // one of Forms; empty: FormOwn
	Secret string        // signs them, where the form is signed; empty: they are not signed
	Delay  time.Duration // the longest; evenly spread
	Times  int           // how often each is told; 0: once
	// Early are told before the message itself is answered, Never not at all.
	Early, Never float64
	Undelivered  float64
	// Forged are told once more by somebody else, who says the opposite.
	Forged float64
}

// Pushed counts receipts.
type Pushed struct {
	Taken   int `json:"taken"`   // answered with 200
	Again   int `json:"again"`   // tries that were not answered so
	Forged  int `json:"forged"`  // forgeries
	Refused int `json:"refused"` // of these: not answered with 200
	Waiting int `json:"waiting"` // not told yet
}

// Set reads "undelivered=0.05", "times=3" or "delay=2s".
func (r *Receipts) Set(text string) error {
	name, value, _ := strings.Cut(text, "=")
	var err error
	switch name {
	case "delay":
		r.Delay, err = time.ParseDuration(value)
	case "times":
		r.Times, err = strconv.Atoi(value)
	case "form":
		r.Form = value
	default:
		share := map[string]*float64{"early": &r.Early, "never": &r.Never, "undelivered": &r.Undelivered, "forged": &r.Forged}[name]
		if share == nil {
			return fmt.Errorf("no setting %q: there are form, delay, times, early, never, undelivered, forged", name)
		}
		*share, err = strconv.ParseFloat(value, 64)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return r.check()
}

func (r *Receipts) check() error {
	for _, p := range []float64{r.Early, r.Never, r.Undelivered, r.Forged} {
		if !(p >= 0 && p <= 1) {
			return fmt.Errorf("receipts: %v is no share: from 0 to 1", p)
		}
	}
	if r.Form != "" && !slices.Contains(Forms(), r.Form) {
		return fmt.Errorf("receipts: no form %q: there are %s", r.Form, strings.Join(Forms(), ", "))
	}
	if r.Times < 0 || r.Times > 100 || r.Delay < 0 || r.Delay > time.Hour {
		return errors.New("receipts: each is told at most 100 times, within an hour")
	}
	return nil
}

const (
	pushers     = 4
	pushBatch   = 20
	pushTimeout = 700 * time.Millisecond // as a large vendor has it
	pushAgain   = 100 * time.Millisecond
	pushLongest = 5 * time.Second
	// pushLead is how long an early receipt is ahead of its message's answer.
	pushLead = 50 * time.Millisecond
)

// told is a receipt on its way.
type told struct {
	Ref    string    `json:"ref"`
	ID     string    `json:"id"`
	To     string    `json:"to"`
	At     time.Time `json:"at"`
	Status string    `json:"status"`
	Code   string    `json:"code,omitempty"`
}

// pusher tells what became of messages. nil tells nobody.
type pusher struct {
	set    Receipts
	seed   uint64
	now    func() time.Time
	client *http.Client
	done   context.Context // it ends when the sandbox closes
	queue  chan told

	mu     sync.Mutex
	pushed Pushed
}

func newPusher(done context.Context, set Receipts, seed uint64, now func() time.Time) *pusher {
	if set.URL == "" {
		return nil
	}
	set.Times, set.Form = max(set.Times, 1), cmp.Or(set.Form, FormOwn)
	return &pusher{set: set, seed: seed, now: now, client: &http.Client{Timeout: pushTimeout}, done: done, queue: make(chan told, 1<<17)}
}

func (p *pusher) start(wg *sync.WaitGroup) {
	for range pushers {
		wg.Go(p.work)
	}
}

func (p *pusher) tally() *Pushed {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.pushed
	return &out
}

func (p *pusher) count(add func(*Pushed)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	add(&p.pushed)
}

// chance is a source that depends on the seed, the address and what it is for.
func (p *pusher) chance(to message.Address, what string) *rand.Rand {
	h := fnv.New64a()
	_, _ = io.WriteString(h, what+" "+string(to))
	return rand.New(rand.NewPCG(p.seed, h.Sum64()))
}

// ends is how a message to an address ends.
func (p *pusher) ends(to message.Address) string {
	if p.chance(to, "end").Float64() < p.set.Undelivered {
		return ReceiptUndelivered
	}
	return ReceiptDelivered
}

// took plans the receipts of a message that was taken, and says for how long its answer is to wait.
func (p *pusher) took(ref string, to message.Address, v verdict) (wait time.Duration) {
	if p == nil {
		return 0
	}
	c := p.chance(to, "receipt")
	if c.Float64() < p.set.Never {
		return 0
	}
	r := told{Ref: ref, ID: v.id, To: string(to), At: p.now().UTC(), Status: v.ended, Code: "DELIVRD"}
	if v.ended == ReceiptUndelivered {
		r.Code = "UNDELIV"
	}
	early := c.Float64() < p.set.Early
	for i := range p.set.Times {
		delay := time.Duration(c.Float64() * float64(p.set.Delay))
		if i == 0 && early {
			delay, wait = 0, pushLead
		}
		p.later(r, delay)
	}
	if c.Float64() < p.set.Forged {
		p.forge(r, time.Duration(c.Float64()*float64(p.set.Delay)))
	}
	return wait
}

func (p *pusher) later(r told, delay time.Duration) {
	p.count(func(n *Pushed) { n.Waiting++ })
	time.AfterFunc(delay, func() {
		select {
		case p.queue <- r:
		case <-p.done.Done():
		}
	})
}

// work tells receipts, some at a time, until each was answered.
func (p *pusher) work() {
	wait := pushAgain
	for {
		var batch []told
		select {
		case <-p.done.Done():
			return
		case r := <-p.queue:
			batch = append(batch, r)
		}
		for more := true; more && len(batch) < p.set.together(); {
			select {
			case r := <-p.queue:
				batch = append(batch, r)
			default:
				more = false
			}
		}
		if p.post(batch, p.secret()) {
			p.count(func(n *Pushed) { n.Taken, n.Waiting = n.Taken+len(batch), n.Waiting-len(batch) })
			wait = pushAgain
			continue
		}
		p.count(func(n *Pushed) { n.Again++ })
		select {
		case <-p.done.Done():
			return
		case <-time.After(wait):
		}
		wait = min(2*wait, pushLongest)
		for _, r := range batch {
			p.queue <- r
		}
	}
}

// secret is what receipts are signed with; empty: they are not.
func (p *pusher) secret() string {
	if !p.set.signs() {
		return ""
	}
	return p.set.Secret
}

// forge tells the opposite once, as somebody who does not know the secret; where there is none, as one who does not know the vendor's id.
func (p *pusher) forge(r told, delay time.Duration) {
	if r.Code = "FORGED"; r.Status == ReceiptDelivered {
		r.Status = ReceiptUndelivered
	} else {
		r.Status = ReceiptDelivered
	}
	secret := "guessed"
	if !p.set.signs() {
		secret, r.ID = "", "forged-"+r.ID
	}
	p.count(func(n *Pushed) { n.Forged++ })
	time.AfterFunc(delay, func() {
		if p.done.Err() == nil && !p.post([]told{r}, secret) {
			p.count(func(n *Pushed) { n.Refused++ })
		}
	})
}

// post reports whether receipts were taken.
func (p *pusher) post(batch []told, secret string) bool {
	req, err := p.request(batch, secret)
	if err != nil {
		return false
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	return err == nil && p.set.heard(resp.StatusCode, body)
}
