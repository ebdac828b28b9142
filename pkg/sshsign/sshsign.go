// Package sshsign owns signatures that people make with their SSH keys, as `ssh-keygen -Y sign` makes them. It stands among the words: it knows
// texts, and nothing of what they say.
package sshsign

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"notify/pkg/words"
)

// Namespace is what the signatures are for: one that was made for anything else (a file, a commit) is none.
const Namespace = "notify-checklist"

// Key is a public key. The zero value is none.
type Key struct{ public ssh.PublicKey }

// ParseKey reads a line of authorized_keys, without options: "ssh-ed25519 AAAA… li@desk".
func ParseKey(line string) (Key, error) {
	public, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		return Key{}, words.Wrap(err, "sshsign.no-key", nil)
	}
	if len(options) > 0 || len(bytes.TrimSpace(rest)) > 0 {
		return Key{}, words.Err("sshsign.one-key", nil)
	}
	return Key{public}, nil
}

// Fingerprint names the key as ssh-keygen -l does: "SHA256:…".
func (k Key) Fingerprint() string { return ssh.FingerprintSHA256(k.public) }

func (k Key) is(other ssh.PublicKey) bool { return bytes.Equal(k.public.Marshal(), other.Marshal()) }

// Verify returns an error unless the armored signature is this key's, of exactly this text.
func (k Key) Verify(text []byte, armored string) error {
	sig, err := sshsig.Unarmor([]byte(armored))
	if err != nil {
		return words.Wrap(err, "sshsign.no-signature", nil)
	}
	if !k.is(sig.PublicKey) {
		return words.Err("sshsign.other-key", words.A{"key": k.Fingerprint(), "other": ssh.FingerprintSHA256(sig.PublicKey)})
	}
	if err := sshsig.Verify(bytes.NewReader(text), sig, k.public, sig.HashAlgorithm, Namespace); err != nil {
		return words.Wrap(err, "sshsign.does-not-fit", words.A{"key": k.Fingerprint()})
	}
	return nil
}

// Signing is where the private half of a key is: in a file, or with the agent that listens at a socket.
type Signing struct {
	File   string // empty, or that of the public half: the agent has the private one
	Socket string
}

// Sign makes the armored signature of a text with the private half of the key.
func (k Key) Sign(ctx context.Context, text []byte, by Signing) (string, error) {
	find := by.fromFile
	if by.File == "" || strings.HasSuffix(by.File, ".pub") {
		find = by.fromAgent
	}
	signer, done, err := find(ctx, k)
	if err != nil {
		return "", err
	}
	defer done()
	sig, err := sshsig.Sign(bytes.NewReader(text), signer, sshsig.HashSHA512, Namespace)
	if err != nil {
		return "", words.Wrap(err, "sshsign.failed", words.A{"key": k.Fingerprint()})
	}
	return string(sshsig.Armor(sig)), nil
}

func (by Signing) fromFile(_ context.Context, k Key) (ssh.Signer, func(), error) {
	b, err := os.ReadFile(by.File)
	if err != nil {
		return nil, nil, words.Wrap(err, "sshsign.file", words.A{"file": by.File})
	}
	signer, err := ssh.ParsePrivateKey(b)
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		return nil, nil, words.Err("sshsign.locked", words.A{"file": by.File}).Do("sshsign.do.agent", words.A{"file": by.File})
	case err != nil:
		return nil, nil, words.Wrap(err, "sshsign.file", words.A{"file": by.File})
	case !k.is(signer.PublicKey()):
		return nil, nil, words.Err("sshsign.other-key", words.A{"key": k.Fingerprint(), "other": ssh.FingerprintSHA256(signer.PublicKey())})
	}
	return signer, func() {}, nil
}

func (by Signing) fromAgent(ctx context.Context, k Key) (ssh.Signer, func(), error) {
	if by.Socket == "" {
		return nil, nil, words.Err("sshsign.no-agent", nil).Do("sshsign.do.key", nil)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", by.Socket)
	if err != nil {
		return nil, nil, words.Wrap(err, "sshsign.agent", nil).Do("sshsign.do.key", nil)
	}
	done := func() { _ = conn.Close() } // what it was asked for is here
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		done()
		return nil, nil, words.Wrap(err, "sshsign.agent", nil).Do("sshsign.do.key", nil)
	}
	for _, s := range signers {
		if k.is(s.PublicKey()) {
			return s, done, nil
		}
	}
	done()
	return nil, nil, words.Err("sshsign.agent-has-not", words.A{"key": k.Fingerprint()}).Do("sshsign.do.key", nil)
}
