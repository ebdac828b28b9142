package stored

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"notify/pkg/ledger"
	"notify/pkg/words"
)

// The audit is a chain: the hash of an entry covers its columns and the hash of the entry before it. Who rewrites one has to rewrite
// all that follow, and the last hash, which stands outside of the ledger too, tells.

// AuditColumns are the columns of an entry, in the order of ScanAudit. All but the hash are what it covers.
const AuditColumns = "id, campaign, who, as_name, what, reason, said, figures, at, hash"

// link is an entry as it is stored.
type link struct {
	id                                             int64
	campaign, who, as, what, reason, said, figures string
	at                                             int64
	hash                                           string
}

func linkOf(campaign string, by ledger.Act) (link, error) {
	l := link{campaign: campaign, who: by.Who, as: by.As, what: by.What, reason: by.Reason, said: by.Said.Stored(), at: Nanos(by.At)}
	if by.Figures == nil {
		return l, nil
	}
	figures, err := json.Marshal(by.Figures)
	l.figures = string(figures)
	return l, err
}

func (l *link) dest() []any {
	return []any{&l.id, &l.campaign, &l.who, &l.as, &l.what, &l.reason, &l.said, &l.figures, &l.at, &l.hash}
}

// after is the hash of an entry that follows another: of a JSON array of the hash before and its columns.
func (l *link) after(before string) (string, error) {
	b, err := json.Marshal([]any{before, l.id, l.campaign, l.who, l.as, l.what, l.reason, l.said, l.figures, l.at})
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), err
}

func (l *link) entry() (ledger.AuditEntry, error) {
	e := ledger.AuditEntry{
		ID: l.id, Hash: l.hash, Campaign: l.campaign,
		Act: ledger.Act{Who: l.who, As: l.as, What: l.what, Reason: l.reason, Said: words.Stored(l.said), At: Moment(l.at)},
	}
	if l.figures == "" {
		return e, nil
	}
	return e, json.Unmarshal([]byte(l.figures), &e.Figures)
}

// ScanAudit reads an entry.
func ScanAudit(row Row) (ledger.AuditEntry, error) {
	var l link
	if err := row.Scan(l.dest()...); err != nil {
		return ledger.AuditEntry{}, err
	}
	return l.entry()
}

// WriteAudit adds an entry to the chain. Nobody else adds one until the transaction has ended; so it comes last in it.
func WriteAudit(x Tx, campaign string, by ledger.Act) error {
	l, err := linkOf(campaign, by)
	if err != nil {
		return err
	}
	for _, text := range []*string{&l.campaign, &l.as, &l.what, &l.reason} {
		*text = x.Clean(*text) // what the database would not keep as it is would not fit its hash
	}
	x.Lock("audit")
	var before string
	err = x.One([]any{&l.id, &before}, "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	l.id++
	if l.hash, err = l.after(before); err != nil {
		return err
	}
	return x.Exec("INSERT INTO audit ("+AuditColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		l.id, l.campaign, l.who, l.as, l.what, l.reason, l.said, l.figures, l.at, l.hash)
}

// AuditLog reads what people did, the oldest first: see ledger.Reader.
func (l Common) AuditLog(ctx context.Context, campaign string) ([]ledger.AuditEntry, error) {
	var out []ledger.AuditEntry
	err := l.DB.Read(ctx, func(row Row) error {
		e, err := ScanAudit(row)
		out = append(out, e)
		return err
	}, "SELECT "+AuditColumns+" FROM audit WHERE $1 = '' OR campaign = $1 ORDER BY id", campaign)
	return out, l.DB.Asking(err, "read the audit log")
}

// Chain follows the chain of the audit as read gives its entries, in the order of their ids. It names the first that does not fit.
type Chain struct {
	last   link
	broken words.Text
}

// Take is the next entry.
func (c *Chain) Take(row Row) error {
	var l link
	if err := row.Scan(l.dest()...); err != nil || !c.broken.IsZero() {
		return err
	}
	hash, err := l.after(c.last.hash)
	switch {
	case err != nil:
		return err
	case l.id != c.last.id+1:
		c.broken = words.T("verify.audit-missing", words.A{"first": fmt.Sprint(c.last.id + 1), "next": fmt.Sprint(l.id)})
	case hash != l.hash:
		c.broken = words.T("verify.audit-changed", words.A{"entry": fmt.Sprint(l.id), "what": l.what, "who": l.who, "at": Moment(l.at)})
	}
	c.last = l
	return nil
}

// Problems is the first entry that is broken, if one is.
func (c *Chain) Problems() []words.Text {
	if c.broken.IsZero() {
		return nil
	}
	return []words.Text{c.broken}
}

// ChainQuery reads what Chain takes.
const ChainQuery = "SELECT " + AuditColumns + " FROM audit ORDER BY id"
