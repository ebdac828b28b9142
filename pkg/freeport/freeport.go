// Package freeport finds ports on loopback for servers of tests that begin to listen later, or again.
package freeport

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// Find is a port on which nobody listens. It is below those that a system gives to whoever asks for any, a listener or a client: of those a
// free one may be somebody's by the time that the server begins.
func Find(ctx context.Context) (int, error) {
	var last error
	for range 100 {
		port := 10_000 + rand.IntN(20_000)
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", at(port))
		if err == nil {
			return port, l.Close()
		}
		last = err
	}
	return 0, fmt.Errorf("no port is free: %w", last)
}

// Address is Find's for a test: "127.0.0.1:port".
func Address(tb testing.TB) string {
	tb.Helper()
	port, err := Find(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return at(port)
}

func at(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
