package config

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
)

const (
	// printRounds makes a guess at a secret by its fingerprint slow: it stands on ledgers that machines share.
	printRounds = 50_000
	printBytes  = 5
)

// Credentials are the fingerprints of an account's secrets by the names of their options: so long that two are told apart, and too short, and
// too slow to make, for a secret to be found by them. An account on this machine has none: the sandbox's password is no secret.
func (a *Account) Credentials() map[string]string {
	if isLoopback(a.Endpoint) {
		return nil
	}
	var prints map[string]string
	for _, name := range slices.Sorted(maps.Keys(a.Options)) {
		o, known := a.Declared.Named(name)
		if value := fmt.Sprint(a.Options[name]); value != "" && (known && o.Secret || !known && looksSecret(name)) {
			if prints == nil {
				prints = make(map[string]string)
			}
			prints[name] = fingerprint(a.Vendor, value)
		}
	}
	return prints
}

// fingerprint is the same for the same secret at the same kind of vendor.
func fingerprint(vendor, secret string) string {
	b, err := pbkdf2.Key(sha256.New, secret, []byte("notify credentials 1 "+vendor), printRounds, printBytes)
	if err != nil {
		return "" // only where the platform forbids the hash: then nothing is told apart
	}
	return hex.EncodeToString(b)
}
