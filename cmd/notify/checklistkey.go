package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"time"

	"notify/pkg/checklist"
	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/preflight"
	"notify/pkg/sshsign"
	"notify/pkg/words"
)

// signing is where the signature of a person's SSH key comes from.
type signing struct {
	key       string // the file of the key; empty: the agent's
	statement string // write what is to be signed into this file, and sign nothing
	signature string // the file that ssh-keygen made beside that
}

// statedWithin is how old a statement may be that was signed elsewhere.
const statedWithin = 24 * time.Hour

// withKey signs a sign-off with the key of the person. Whoever has none signs as ever.
func (e *env) withKey(ctx context.Context, off *ledger.SignOff, by signing) error {
	key, ok := e.cfg.Signers().Key(off.Name)
	if !ok && by == (signing{}) {
		return nil
	}
	if !ok {
		return usage(words.Err("cmd.error.no-key", words.A{"name": off.Name}).Do("cmd.do.signer-key", words.A{"name": off.Name}))
	}
	if by.signature != "" {
		return e.signedElsewhere(off, key, by.signature)
	}
	text, err := statement(off)
	if err != nil {
		return err
	}
	off.Signature, err = key.Sign(ctx, text, sshsign.Signing{File: by.key, Socket: e.getenv("SSH_AUTH_SOCK")})
	if err != nil {
		return &ending{code: exit.Usage, err: err}
	}
	return nil
}

func statement(off *ledger.SignOff) ([]byte, error) {
	sig, err := preflight.SignatureOf(*off, time.UTC)
	if err != nil {
		return nil, err
	}
	return sig.Statement()
}

// signedElsewhere takes the signature that ssh-keygen put beside a statement.
func (e *env) signedElsewhere(off *ledger.SignOff, key sshsign.Key, file string) error {
	stated := strings.TrimSuffix(file, ".sig")
	signed, err := os.ReadFile(stated)
	if err != nil || stated == file {
		return usage(words.Err("cmd.error.statement", words.A{"file": file}).Do("cmd.do.statement", nil))
	}
	armored, err := os.ReadFile(file)
	if err != nil {
		return usage(words.Wrap(err, "cmd.error.open", words.A{"file": file}))
	}
	at, err := checklist.StatedAt(signed)
	if err != nil {
		return usage(words.Wrap(err, "cmd.error.open", words.A{"file": stated}))
	}
	now := off.At
	off.At = at
	text, err := statement(off)
	if err != nil {
		return err
	}
	if at.Before(off.Checked) || at.After(now) || now.Sub(at) > statedWithin || !bytes.Equal(text, signed) {
		return usage(words.Err("cmd.error.statement-other", words.A{"file": stated}).Do("cmd.do.statement", nil))
	}
	if err := key.Verify(text, string(armored)); err != nil {
		return &ending{code: exit.Usage, err: err}
	}
	off.Signature = string(armored)
	return nil
}

// state writes what a person's key is to sign.
func (e *env) state(off *ledger.SignOff, o checklistOptions) error {
	if _, ok := e.cfg.Signers().Key(off.Name); !ok {
		return usage(words.Err("cmd.error.no-key", words.A{"name": off.Name}).Do("cmd.do.signer-key", words.A{"name": off.Name}))
	}
	text, err := statement(off)
	if err != nil {
		return err
	}
	file := o.signing.statement
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return words.Wrap(err, "cmd.error.open", words.A{"file": file})
	}
	sign := "ssh-keygen -Y sign -n " + sshsign.Namespace + " -f ~/.ssh/id_ed25519 " + words.Typed(file)
	return e.did("checklist-statement", words.T("cmd.did.stated", words.A{"file": file, "sign": sign}), map[string]any{
		"campaign": off.Campaign, "item": off.Item, "name": off.Name, "file": file, "sign": sign,
	})
}
