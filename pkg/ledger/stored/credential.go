package stored

import (
	"context"
	"time"

	"notify/pkg/ledger"
)

const credentialColumns = "host, installation, account, option, print, environment, seen"

// KeepCredentials replaces what is known of an installation: see ledger.Credentials.
func (l Common) KeepCredentials(ctx context.Context, host, installation string, all []ledger.Credential) error {
	return l.DB.Write(ctx, "keep the fingerprints of "+installation, func(x Tx) error {
		x.Lock("credential")
		if err := x.Exec("DELETE FROM credential WHERE host = $1 AND installation = $2", host, installation); err != nil {
			return err
		}
		for _, c := range all {
			if err := x.Exec("INSERT INTO credential ("+credentialColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7)",
				c.Host, c.Installation, c.Account, c.Option, c.Print, c.Environment, Nanos(c.Seen)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Credentials reads what all installations said: see ledger.Credentials.
func (l Common) Credentials(ctx context.Context, since time.Time) ([]ledger.Credential, error) {
	var out []ledger.Credential
	err := l.DB.Read(ctx, func(row Row) error {
		var c ledger.Credential
		var seen int64
		if err := row.Scan(&c.Host, &c.Installation, &c.Account, &c.Option, &c.Print, &c.Environment, &seen); err != nil {
			return err
		}
		c.Seen = Moment(seen)
		out = append(out, c)
		return nil
	}, "SELECT "+credentialColumns+" FROM credential WHERE seen >= $1 ORDER BY host, installation, account, option", Nanos(since))
	return out, l.DB.Asking(err, "read the fingerprints of credentials")
}
