package ledger

import (
	"context"
	"time"
)

// Credential says that an account of an installation uses a secret, of which no more than the fingerprint is kept.
type Credential struct {
	Print       string `json:"print"`
	Option      string `json:"option"` // which of the account's
	Account     string `json:"account"`
	Environment string `json:"environment"`
	// Host and Installation are the machine and the configuration that use it.
	Host         string    `json:"host"`
	Installation string    `json:"installation"`
	Seen         time.Time `json:"seen"` // when the installation said so last
}

// CredentialsKept is for how long an installation that says nothing any more is taken to use what it used.
const CredentialsKept = 90 * 24 * time.Hour

// Credentials remembers which installation uses which secrets, so that another one that uses the same is found.
type Credentials interface {
	// KeepCredentials replaces what is known of an installation: all are of that host and installation.
	KeepCredentials(ctx context.Context, host, installation string, all []Credential) error
	// Credentials reads what all installations said since.
	Credentials(ctx context.Context, since time.Time) ([]Credential, error)
}
