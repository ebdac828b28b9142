package smtp

import (
	"bufio"
	"errors"
	"strings"
)

// reply is one answer of the server, read whole: RFC 5321 4.2.
type reply struct {
	code int
	text []byte // without the code, lines joined by \n; valid until the next reply is read
}

// positive is a 2yz reply: RFC 5321 4.2.1, the requested action has been completed.
func (r reply) positive() bool { return r.code/100 == 2 }

// negative is a 4yz or 5yz reply: the command was not accepted and the action did not occur.
func (r reply) negative() bool { return r.code/100 == 4 || r.code/100 == 5 }

// enhanced is the status of RFC 3463 at the head of the text, such as 5.1.1, or empty.
func (r reply) enhanced() string {
	head, _, _ := strings.Cut(string(r.text), " ")
	head, _, _ = strings.Cut(head, "\n")
	class, rest, ok := strings.Cut(head, ".")
	subject, detail, ok2 := strings.Cut(rest, ".")
	if !ok || !ok2 || len(class) != 1 || class[0] != byte('0'+r.code/100) || !digits(subject) || !digits(detail) {
		return ""
	}
	return head
}

func digits(s string) bool {
	if s == "" || len(s) > 3 {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}

// errGarbage says that what was read is not SMTP.
var errGarbage = errors.New("not an SMTP reply")

// maxReplyLines bounds a reply: no server has a use for more, and one that never ends must not be read for ever.
const maxReplyLines = 100

// readReply reads one whole reply. buf is used for its text.
func readReply(r *bufio.Reader, buf []byte) (reply, error) {
	out := reply{text: buf[:0]}
	for range maxReplyLines {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return out, errGarbage
		}
		if err != nil {
			return out, err
		}
		code, rest, more, ok := splitReply(line)
		if !ok || out.code != 0 && code != out.code {
			return out, errGarbage
		}
		if out.code != 0 {
			out.text = append(out.text, '\n')
		}
		out.code = code
		out.text = append(out.text, rest...)
		if !more {
			return out, nil
		}
	}
	return out, errGarbage
}

// splitReply takes "250-text\r\n" apart. A bare code, and a bare line feed, are tolerated as RFC 5321 4.2 asks of clients.
func splitReply(line []byte) (code int, text []byte, more, ok bool) {
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	if len(line) < 3 || line[0] < '2' || line[0] > '5' {
		return 0, nil, false, false
	}
	for _, c := range line[:3] {
		if c < '0' || c > '9' {
			return 0, nil, false, false
		}
		code = code*10 + int(c-'0')
	}
	if len(line) == 3 {
		return code, nil, false, true
	}
	switch line[3] {
	case ' ':
		return code, line[4:], false, true
	case '-':
		return code, line[4:], true, true
	default:
		return 0, nil, false, false
	}
}
