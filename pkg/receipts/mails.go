package receipts

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

const (
	maxMail      = 16 << 20 // far more than a report with the mail that it is about
	mailsAtATime = 100
)

// Mails says where delivery reports are. They came through the mail server of the installation, and are signed by nobody.
type Mails struct {
	// Path is a mail, a mailbox of many (mbox, RFC 4155), or a folder of either, with what is below it: a Maildir is one. What a folder hides
	// by a dot is none of them. "-" stands for In.
	Path    string
	In      io.Reader
	Account string
	Now     time.Time
}

// Take keeps the mails. Whoever does it again changes nothing.
func (m *Mails) Take(ctx context.Context, box Box) (Imported, error) {
	k := &keeping{Mails: m, box: box, sum: Imported{Mails: true}}
	err := m.each(func(source string, in io.Reader) error { return k.file(ctx, source, in) })
	if err == nil {
		err = k.flush(ctx)
	}
	return k.sum, err
}

// each gives every file.
func (m *Mails) each(take func(source string, in io.Reader) error) error {
	if m.Path == "-" {
		return take("stdin", m.In)
	}
	return filepath.WalkDir(m.Path, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := path != m.Path && strings.HasPrefix(d.Name(), ".")
		switch {
		case d.IsDir() && (hidden || unfinished(path)):
			return fs.SkipDir
		case d.IsDir() || hidden:
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(take(path, f), f.Close())
	})
}

// unfinished reports whether a folder is the one of a Maildir in which mails are still written.
func unfinished(path string) bool {
	_, err := os.Stat(filepath.Join(filepath.Dir(path), "cur"))
	return err == nil && filepath.Base(path) == "tmp"
}

// keeping keeps mails, some at a time.
type keeping struct {
	*Mails
	box  Box
	some []ledger.Receipt
	sum  Imported
}

// file keeps the mails of a file: one, or as many as a mailbox has.
func (k *keeping) file(ctx context.Context, source string, in io.Reader) error {
	r := bufio.NewReader(in)
	head, err := r.Peek(len(mboxFrom))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if string(head) == mboxFrom {
		return k.mailbox(ctx, source, r)
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxMail))
	if err != nil {
		return err
	}
	return k.mail(ctx, source, raw)
}

// mboxFrom begins the line behind which a mail of a mailbox begins, where that line is the first or comes after an empty one.
const mboxFrom = "From "

func (k *keeping) mailbox(ctx context.Context, source string, r *bufio.Reader) error {
	var raw []byte
	n, empty := 0, true
	keep := func() error {
		if n == 0 {
			return nil
		}
		return k.mail(ctx, fmt.Sprintf("%s, mail %d", source, n), raw)
	}
	for {
		line, err := r.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if empty && bytes.HasPrefix(line, []byte(mboxFrom)) {
			if err := keep(); err != nil {
				return err
			}
			n, raw = n+1, nil
		} else if len(raw)+len(line) <= maxMail {
			raw = append(raw, line...)
		}
		if err != nil {
			return keep()
		}
		empty = len(bytes.TrimRight(line, "\r\n")) == 0
	}
}

func (k *keeping) mail(ctx context.Context, source string, raw []byte) error {
	k.sum.Rows++
	r := ledger.Receipt{Account: k.Account, Format: "dsn", Source: source, Raw: raw, Grade: message.GradeUnsigned, At: k.Now}
	r.Hash = hashOf(r, "")
	if k.some = append(k.some, r); len(k.some) < mailsAtATime {
		return nil
	}
	return k.flush(ctx)
}

func (k *keeping) flush(ctx context.Context) error {
	news, err := k.box.Keep(ctx, k.some)
	for _, is := range news {
		if is {
			k.sum.Kept++
		}
	}
	k.some = nil
	return err
}
