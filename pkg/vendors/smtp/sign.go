package smtp

import (
	"crypto"
	"strings"

	"github.com/emersion/go-msgauth/dkim"

	"notify/pkg/words"
)

// signedHeaders are those that a signature covers, where a mail has them: what people see, and what programs act on (RFC 6376 5.4.1). From
// stands twice: nobody can add a second one.
func signedHeaders() []string {
	return []string{
		"From", "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
		"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post",
	}
}

// sign writes the signature above the mail as it is before dots are doubled.
func (v *relay) sign(w *composer, from string) error {
	if v.dkim == nil {
		return nil
	}
	domain := v.dkim.Domain
	if domain == "" {
		domain = from[strings.LastIndexByte(from, '@')+1:]
	}
	s, err := dkim.NewSigner(&dkim.SignOptions{
		Domain: domain, Selector: v.dkim.Selector, Signer: v.dkim.Key, Hash: crypto.SHA256,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed, HeaderKeys: signedHeaders(),
	})
	if err != nil {
		return words.Wrap(err, "smtp.mail.sign", nil)
	}
	if _, err := s.Write(w.b); err != nil {
		_ = s.Close() // it says the same
		return words.Wrap(err, "smtp.mail.sign", nil)
	}
	if err := s.Close(); err != nil {
		return words.Wrap(err, "smtp.mail.sign", nil)
	}
	w.spare = append(append(w.spare[:0], s.Signature()...), w.b...)
	w.b, w.spare = w.spare, w.b
	return nil
}
