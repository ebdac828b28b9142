//go:build unix

package pgtest

import (
	"bytes"
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// Cutter is the network between ledgers and their server. Where it is armed, it is cut once: when the server says that it committed.
type Cutter struct {
	to, at string
	armed  atomic.Bool
	cuts   atomic.Int64
	wait   sync.WaitGroup
}

// Cutter puts a network of its own before the server, for the length of a test.
func (s *Server) Cutter(tb testing.TB) *Cutter {
	tb.Helper()
	c := &Cutter{to: s.Addr()}
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	c.at = l.Addr().String()
	c.wait.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			c.wait.Go(func() { c.pass(in) })
		}
	})
	tb.Cleanup(func() {
		_ = l.Close()
		c.wait.Wait()
	})
	return c
}

// URL is that of a database behind it.
func (c *Cutter) URL(role, database string) string {
	return "postgres://" + role + "@" + c.at + "/" + database + "?sslmode=disable"
}

// Arm makes it cut the next commit's answer.
func (c *Cutter) Arm() { c.armed.Store(true) }

// Cuts is how often it was cut.
func (c *Cutter) Cuts() int64 { return c.cuts.Load() }

func (c *Cutter) pass(in net.Conn) {
	defer func() { _ = in.Close() }()
	out, err := new(net.Dialer).DialContext(context.Background(), "tcp", c.to)
	if err != nil {
		return
	}
	defer func() { _ = out.Close() }()
	c.wait.Go(func() {
		b := make([]byte, 1<<16)
		for {
			n, err := in.Read(b)
			if _, werr := out.Write(b[:n]); err != nil || werr != nil {
				_ = out.Close()
				return
			}
		}
	})
	b := make([]byte, 1<<16)
	for {
		n, err := out.Read(b)
		if bytes.Contains(b[:n], []byte("COMMIT\x00")) && c.armed.CompareAndSwap(true, false) {
			c.cuts.Add(1)
			return
		}
		if _, werr := in.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}
