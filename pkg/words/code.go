package words

import "strings"

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
