package words

import (
	"regexp"
	"strings"
)

// Said is what came of a message, in words: what its code means, where that is ours, and what was said about it, stored or
// word for word.
func Said(code, detail string) Text {
	ours, said, means := Code(code), Stored(detail), Meaning(code)
	switch {
	case !means.IsZero() && said.IsZero():
		return T("code.vendor", A{"code": code, "said": means})
	case !means.IsZero():
		return T("code.vendor", A{"code": code, "said": T("code.said", A{"what": means, "said": said})})
	case ours.IsZero() && code == "":
		return said
	case ours.IsZero() && said.IsZero():
		return Raw(code)
	case ours.IsZero() && said.ID == "words.raw":
		return Raw(code + " " + detail)
	case ours.IsZero():
		return T("code.vendor", A{"code": code, "said": said})
	case said.IsZero():
		return ours
	}
	return T("code.said", A{"what": ours, "said": said})
}

// Asked is why a question got no answer, in words: as Said, but of a question, with which no message leaves.
func Asked(stage, detail string) Text {
	if code := "asked-" + stage; english().has("code." + code) {
		stage = code
	}
	return Said("notify:"+stage, detail)
}

// status is the status of a mail server, beside its code or alone: RFC 3463. Of the class nothing is said: it is the outcome.
var status = regexp.MustCompile(`\b[45]\.(\d{1,3}\.\d{1,3})\b`)

// Meaning is what a code of a vendor means, where that is known: its own words are often in the other language, or none. The words are
// those of the vendors' pages that their adapters name, of SMPP 3.4 for the states of networks, and of RFC 3463 for mail servers.
func Meaning(code string) Text {
	t := Of("meaning", code)
	if m := status.FindStringSubmatch(code); m != nil {
		t = Of("meaning", "status-"+m[1])
	}
	if !english().has(t.ID) {
		return Text{}
	}
	return t
}

// Code is what a code of ours says about a message: "notify:timeout" is that no whole answer came in time. It is zero for a
// vendor's own code, whose words are the vendor's. A status of HTTP without a code is "notify:http-503".
func Code(code string) Text {
	name, ours := strings.CutPrefix(code, "notify:")
	if !ours {
		return Text{}
	}
	if status, ok := strings.CutPrefix(name, "http-"); ok {
		return T("code.http", A{"status": status})
	}
	t := Of("code", name)
	if !english().has(t.ID) {
		return Text{}
	}
	return t
}
