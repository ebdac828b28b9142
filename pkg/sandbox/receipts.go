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

// Target is where receipts are posted.
type Target struct {
	URL    string
	Form   string // one of Forms; empty: that of Receipts
	Secret string // signs them, where the form is signed; empty: they are not signed
}

// Receipts is how the vendors tell what became of messages: those of a vendor to the target with its form. Without targets they tell nobody. Shares
// are from 0 to 1, by message.
type Receipts struct {
	To    []Target
	Form  string        // of targets without one; empty: FormOwn
	Delay time.Duration // the longest; evenly spread
	Times int           // how often each is told; 0: once
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
	seen := map[string]bool{}
	for _, t := range append([]Target{{Form: r.Form, URL: "-"}}, r.To...) {
		if t.Form != "" && !slices.Contains(Forms(), t.Form) {
			return fmt.Errorf("receipts: no form %q: there are %s", t.Form, strings.Join(Forms(), ", "))
		}
		if form := cmp.Or(t.Form, r.Form, FormOwn); t.URL != "-" {
			if seen[form] {
				return fmt.Errorf("receipts: two targets in the form %s", form)
			}
			seen[form] = true
		}
	}
	if r.Times < 0 || r.Times > 100 || r.Delay < 0 || r.Delay > time.Hour {
		return errors.New("receipts: each is told at most 100 times, within an hour")
	}
	return nil
}

const (
	pushing     = 4
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

// pusher tells one target what became of messages. nil tells nobody.
type pusher struct {
	set    Receipts
	to     Target
	seed   uint64
	now    func() time.Time
	client *http.Client
	done   context.Context // it ends when the sandbox closes
	queue  chan told
	notary *notary // signs as vendors do that have a certificate

	mu     sync.Mutex
	pushed Pushed
}

// pushers are those of all targets, by form.
type pushers map[string]*pusher

// newPushers makes them; none where there are no targets.
func newPushers(done context.Context, set Receipts, seed uint64, now func() time.Time, n *notary) pushers {
	all := make(pushers)
	set.Times = max(set.Times, 1)
	for _, to := range set.To {
		to.Form = cmp.Or(to.Form, set.Form, FormOwn)
		all[to.Form] = &pusher{set: set, to: to, seed: seed, now: now, client: &http.Client{Timeout: pushTimeout}, done: done, queue: make(chan told, 1<<17), notary: n}
	}
	return all
}

// of is who tells of a message that came that way; nil where nobody does.
func (all pushers) of(way string) *pusher {
	if p := all[way]; p != nil || way != waySMTP {
		return p
	}
	for _, form := range relayForms() {
		if all[form] != nil {
			return all[form]
		}
	}
	return nil
}

// tally is what they told together; nil where there is none.
func (all pushers) tally() *Pushed {
	if len(all) == 0 {
		return nil
	}
	sum := new(Pushed)
	for _, p := range all {
		p.count(func(n *Pushed) {
			sum.Taken, sum.Again, sum.Forged, sum.Refused, sum.Waiting = sum.Taken+n.Taken, sum.Again+n.Again, sum.Forged+n.Forged, sum.Refused+n.Refused, sum.Waiting+n.Waiting
		})
	}
	return sum
}

func (p *pusher) start(wg *sync.WaitGroup) {
	for range pushing {
		wg.Go(p.work)
	}
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

// ends is how a message ends that came that way; empty where nobody tells.
func (all pushers) ends(way string, to message.Address) string {
	p := all.of(way)
	if p == nil {
		return ""
	}
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
	if c.Float64() < p.set.Forged && p.to.forgeable() {
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
		for more := true; more && len(batch) < p.to.together(); {
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
	if !p.to.signs() {
		return ""
	}
	return p.to.Secret
}

// guessed is the secret of somebody who does not know it.
const guessed = "guessed"

// forge tells the opposite once, as somebody who does not know the secret; where there is none, as one who does not know the vendor's id.
func (p *pusher) forge(r told, delay time.Duration) {
	if r.Code = "FORGED"; r.Status == ReceiptDelivered {
		r.Status = ReceiptUndelivered
	} else {
		r.Status = ReceiptDelivered
	}
	secret := guessed
	if !p.to.signs() {
		secret, r.ID = "", "forged-"+r.ID
	}
	p.count(func(n *Pushed) { n.Forged++ })
	time.AfterFunc(delay, func() {
		if p.done.Err() == nil && !p.post([]told{r}, secret) {
			p.count(func(n *Pushed) { n.Refused++ })
		}
	})
}

// post reports whether receipts were taken. Who has not said yet whether it wants any is asked instead.
func (p *pusher) post(batch []told, secret string) bool {
	asks := p.to.Form == FormSES && !p.notary.confirmed()
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
	return err == nil && p.to.heard(resp.StatusCode, body) && !asks
}
