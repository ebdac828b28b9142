package config

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// Place is where the ledger is: the absolute path of a file, or the URL of a database on a server. However it is printed, no password is.
type Place string

// Server reports that it is on a server, and no file.
func (p Place) Server() bool {
	return strings.HasPrefix(string(p), "postgres://") || strings.HasPrefix(string(p), "postgresql://")
}

// File is its path; empty where it is on a server.
func (p Place) File() string {
	if p.Server() {
		return ""
	}
	return string(p)
}

// Reveal is the path, or the URL with its password.
func (p Place) Reveal() string { return string(p) }

// String is the path, or the URL without its password; what cannot be read is not shown.
func (p Place) String() string {
	if !p.Server() {
		return string(p)
	}
	u, err := url.Parse(string(p))
	if err != nil || cutShort(u) {
		return "postgres://…"
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	q.Del("password")
	q.Del("sslpassword")
	u.RawQuery = q.Encode()
	return u.String()
}

// Format prints String, under every verb.
func (p Place) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, p.String()) }

// MarshalText writes String.
func (p Place) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// passwordFile is the file that has the password; empty for none.
func (p Place) passwordFile() string {
	u, err := url.Parse(string(p))
	if err != nil || !p.Server() {
		return ""
	}
	if path, ok := strings.CutPrefix(u.Query().Get("password"), "file:"); ok {
		return path
	}
	return ""
}

// below makes what is relative in the place relative to a folder: the path, or the file of the password.
func (p Place) below(dir string) Place {
	if !p.Server() {
		if filepath.IsAbs(string(p)) {
			return Place(filepath.Clean(string(p)))
		}
		return Place(filepath.Join(dir, string(p)))
	}
	u, err := url.Parse(string(p))
	if err != nil {
		return p
	}
	q := u.Query()
	if file, ok := strings.CutPrefix(q.Get("password"), "file:"); ok && !filepath.IsAbs(file) {
		q.Set("password", "file:"+filepath.Join(dir, file))
		u.RawQuery = q.Encode()
	}
	return Place(u.String())
}
