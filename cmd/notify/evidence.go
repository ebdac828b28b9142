package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"notify/pkg/checklist"
	"notify/pkg/words"
)

// proofOf is the evidence of a signature: a file by its SHA-256, a link, a note; nil where there is none.
func proofOf(evidence, note string) (*checklist.Proof, error) {
	note = strings.TrimSpace(note)
	switch {
	case evidence == "" && note == "":
		return nil, nil // no evidence is an answer
	case evidence == "":
		return &checklist.Proof{Kind: checklist.NoteEvidence, Note: note}, nil
	}
	if u, err := url.Parse(evidence); err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
		return &checklist.Proof{Kind: checklist.LinkEvidence, Name: evidence, Note: note}, nil
	}
	sum, n, err := hashFile(evidence)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage(words.Err("cmd.error.evidence-gone", words.A{"file": evidence}).Do("cmd.do.evidence-file", nil))
	}
	if err != nil {
		return nil, err
	}
	return &checklist.Proof{Kind: checklist.FileEvidence, Name: filepath.Base(evidence), SHA256: sum, Bytes: n, Note: note}, nil
}

func hashFile(path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, words.Wrap(err, "cmd.error.read", words.A{"file": path})
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", 0, words.Wrap(err, "cmd.error.read", words.A{"file": path})
	}
	if !info.Mode().IsRegular() {
		return "", 0, usage(words.Err("cmd.error.evidence-no-file", words.A{"file": path}).Do("cmd.do.evidence-file", nil))
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return "", 0, words.Wrap(err, "cmd.error.read", words.A{"file": path})
	}
	return hex.EncodeToString(h.Sum(nil)), n, nil
}
