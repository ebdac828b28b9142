package bill

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"notify/pkg/channel"
	"notify/pkg/ledger"
)

// Which country a message went to is in its address alone, so that all messages of a campaign are looked through for it. What was found is kept in
// the ledger beside what was debited then, and is right for as long as that stays the same: a campaign that is over is looked through once. It
// holds also after the addresses were forgotten.

// keeper is a ledger that remembers.
type keeper interface {
	Bookmark(ctx context.Context, name string) (string, error)
	SetBookmark(ctx context.Context, name, value string) error
}

// countries is what is kept of a campaign.
type countries struct {
	Of    []ledger.Spent `json:"of"` // what was debited when it was made
	Cells []countryCell  `json:"cells"`
}

// countryCell is what an account was debited with for messages to a country, those with a price that is known or those without.
type countryCell struct {
	Account string       `json:"account"`
	Country string       `json:"country"`
	Priced  bool         `json:"priced"`
	Debit   ledger.Debit `json:"debit"`
}

// byCountry adds what was debited for a campaign, by country.
func (cs *costs) byCountry(ctx context.Context, s Source, campaign string, spent []ledger.Spent) error {
	cells, err := byCountry(ctx, s, campaign, spent)
	for _, c := range cells {
		cs.add(c.Country, c.Account, c.Debit, c.Priced)
	}
	return err
}

// byCountry is what was debited for a campaign by country.
func byCountry(ctx context.Context, s Source, campaign string, spent []ledger.Spent) ([]countryCell, error) {
	now := countries{}
	for _, c := range spent {
		if c.Campaign == campaign {
			now.Of = append(now.Of, c)
		}
	}
	to, keeps := s.(keeper)
	name := "countries/" + campaign
	if keeps {
		var was countries
		text, err := to.Bookmark(ctx, name)
		if err != nil {
			return nil, err
		}
		if json.Unmarshal([]byte(text), &was) == nil && slices.EqualFunc(was.Of, now.Of, sameSpent) {
			return was.Cells, nil
		}
	}
	err := debited(ctx, s, campaign, func(r *ledger.Record) {
		c := countryCell{Account: r.Account, Country: channel.CountryOf(r.Address), Priced: r.Price > 0}
		i := slices.IndexFunc(now.Cells, func(o countryCell) bool {
			return o.Account == c.Account && o.Country == c.Country && o.Priced == c.Priced
		})
		if i < 0 {
			i, now.Cells = len(now.Cells), append(now.Cells, c)
		}
		d := &now.Cells[i].Debit
		d.Messages, d.Segments, d.Cost = d.Messages+1, d.Segments+int64(r.Segments), d.Cost+r.Price.Times(r.Segments)
	})
	if b, wrong := json.Marshal(now); err == nil && wrong == nil && keeps {
		_ = to.SetBookmark(ctx, name, string(b)) // otherwise the next look is slower
	}
	return now.Cells, err
}

func sameSpent(a, b ledger.Spent) bool {
	same := a.First.Equal(b.First) && a.Last.Equal(b.Last)
	a.First, a.Last, b.First, b.Last = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	return same && a == b
}
