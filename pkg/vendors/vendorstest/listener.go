package vendorstest

import (
	"net"
	"sync"
	"testing"
)

// Listener is a raw server on loopback for scripted protocols: it hands every connection to a function and counts.
type Listener struct {
	net.Listener
	mu    sync.Mutex
	conns map[net.Conn]struct{}
	total int
	shut  bool
	wg    sync.WaitGroup
}

// Listen serves until the test ends; then it closes every connection and waits for the functions to return. The function
// owns the connection and may leave it open: Listen closes it when the function returns.
func Listen(t *testing.T, serve func(net.Conn)) *Listener {
	t.Helper()
	inner, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen on loopback: %v", err)
	}
	l := &Listener{Listener: inner, conns: make(map[net.Conn]struct{})}
	l.wg.Go(func() { l.accept(serve) })
	t.Cleanup(l.stop)
	return l
}

// Addr is the listener's "127.0.0.1:port".
func (l *Listener) Addr() string { return l.Listener.Addr().String() }

// Open is how many connections are open now.
func (l *Listener) Open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

// Total is how many connections were ever accepted.
func (l *Listener) Total() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

func (l *Listener) accept(serve func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		if !l.add(c) {
			_ = c.Close()
			return
		}
		l.wg.Go(func() {
			defer l.remove(c)
			serve(c)
		})
	}
}

func (l *Listener) add(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut {
		return false
	}
	l.conns[c] = struct{}{}
	l.total++
	return true
}

func (l *Listener) remove(c net.Conn) {
	_ = c.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

func (l *Listener) stop() {
	_ = l.Close()
	l.mu.Lock()
	l.shut = true
	for c := range l.conns {
		_ = c.Close()
	}
	l.mu.Unlock()
	l.wg.Wait()
}

// NobodyListens is a loopback address on which nobody does: port 1 is for a service that nobody has, and is never given to a listener
// that asks for any. A port that was free a moment ago may be another test's by now.
const NobodyListens = "127.0.0.1:1"

// Log keeps what reached a server; it implements the counting half of Server. The zero value is not ready: use NewLog.
type Log struct {
	mu       sync.Mutex
	tries    int
	arrivals []Arrival
	arrived  chan Arrival
}

// NewLog is an empty log.
func NewLog() *Log { return &Log{arrived: make(chan Arrival, 1000)} }

// Try notes that a client began to hand over a message, and returns how many tries there were with it.
func (l *Log) Try() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tries++
	return l.tries
}

// Arrive notes a message that was read whole, and returns how many there were with it.
func (l *Log) Arrive(a Arrival) int {
	l.mu.Lock()
	l.arrivals = append(l.arrivals, a)
	n := len(l.arrivals)
	l.mu.Unlock()
	l.arrived <- a
	return n
}

// Tries implements Server.
func (l *Log) Tries() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tries
}

// Arrivals implements Server.
func (l *Log) Arrivals() []Arrival {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Arrival(nil), l.arrivals...)
}

// Arrived implements Server.
func (l *Log) Arrived() <-chan Arrival { return l.arrived }
