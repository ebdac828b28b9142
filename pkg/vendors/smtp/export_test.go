package smtp

import (
	"context"
	"net"

	"notify/pkg/message"
	"notify/pkg/vendors"
)

// Compose is the mail as it would go over the wire, and its envelope.
func Compose(v vendors.Vendor, m message.Message) (data []byte, from, to string, err error) {
	l, err := v.(*relay).compose(new(composer), m)
	return l.data, l.from, l.to, err
}

// Composing is Compose with one composer for all mails.
func Composing(v vendors.Vendor) func(message.Message) ([]byte, error) {
	w := new(composer)
	return func(m message.Message) ([]byte, error) {
		l, err := v.(*relay).compose(w, m)
		return l.data, err
	}
}

// WrapConn has every new connection of v go through wrap.
func WrapConn(v vendors.Vendor, wrap func(net.Conn) net.Conn) {
	r := v.(*relay)
	dial := r.dial
	r.dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return wrap(c), nil
	}
}

// DialWith has v make its connections with dial.
func DialWith(v vendors.Vendor, dial func() net.Conn) {
	v.(*relay).dial = func(context.Context, string, string) (net.Conn, error) { return dial(), nil }
}

// Named has v's machine be called host, and full in full; an account that was configured otherwise keeps its name.
func Named(v vendors.Vendor, host, full string) {
	r := v.(*relay)
	if !r.opts.heloGiven {
		r.opts.helo = host
	}
	r.fullName = func(context.Context, string) string { return full }
}

// Classify is what the adapter makes of a reply at a step, "MAIL" or "final dot", on a fresh connection.
func Classify(at string, code int, text string) message.Outcome {
	var o options
	for s := stepConnect; s <= stepDot; s++ {
		if s.String() == at {
			return o.classify(s, reply{code: code, text: []byte(text)}, false)
		}
	}
	return message.Outcome{}
}
