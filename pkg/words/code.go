package words

import "strings"

// Said is what came of a message, in words: what its code means, where that is ours, and what was said about it, stored or
// word for word.
func Said(code, detail string) Text {
	ours, said := Code(code), Stored(detail)
	switch {
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
