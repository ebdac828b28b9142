package receipts

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"notify/pkg/words"
)

const (
	fetchWithin = 10 * time.Second
	maxFetched  = 1 << 20
)

// Fetcher gets what a vendor has published: certificates, which it keeps, and the address that confirms a subscription.
type Fetcher struct {
	client *http.Client

	mu   sync.Mutex
	kept map[string][]byte
}

// NewFetcher makes one. It follows no redirect: an address was looked at before it is fetched.
func NewFetcher() *Fetcher {
	return &Fetcher{
		client: &http.Client{Timeout: fetchWithin, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		kept:   make(map[string][]byte),
	}
}

// Fetch gets an address once.
func (f *Fetcher) Fetch(address string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b, ok := f.kept[address]; ok {
		return b, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), fetchWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, words.Wrap(err, "receipts.fetch", nil)
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, words.Wrap(err, "receipts.fetch", nil)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxFetched))
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, words.Err("receipts.fetch-status", words.A{"status": resp.StatusCode})
	}
	f.kept[address] = b
	return b, nil
}
