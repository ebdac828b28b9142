package suppression

import (
	"strconv"
	"strings"
	"sync"

	"notify/pkg/message"
)

// Set is a set of addresses, for a sender that looks into it before every message. A phone number takes about 16 bytes, an
// e-mail address some 60. The zero value is empty, as is a nil *Set to look into. It is safe for concurrent use.
type Set struct {
	mu     sync.RWMutex
	phones map[uint64]struct{} // the digits: a number in E.164 has at most 15
	others map[string]struct{} // in lower case
}

// Has reports whether the address is in the set. Upper and lower case make no difference.
func (s *Set) Has(a message.Address) bool {
	if s == nil {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.phones)+len(s.others) == 0 {
		return false
	}
	var has bool
	if n, ok := digits(a); ok {
		_, has = s.phones[n]
	} else {
		_, has = s.others[strings.ToLower(string(a))]
	}
	return has
}

// Put adds an address, or takes it out.
func (s *Set) Put(a message.Address, in bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phones == nil {
		s.phones, s.others = make(map[uint64]struct{}), make(map[string]struct{})
	}
	n, ok := digits(a)
	key := strings.ToLower(string(a))
	switch {
	case ok && in:
		s.phones[n] = struct{}{}
	case ok:
		delete(s.phones, n)
	case in:
		s.others[key] = struct{}{}
	default:
		delete(s.others, key)
	}
}

// digits is a number in E.164 as a number: it begins with + and no zero, so that no two are the same.
func digits(a message.Address) (uint64, bool) {
	text, ok := strings.CutPrefix(string(a), "+")
	if !ok || text == "" || text[0] < '1' || text[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil
}
