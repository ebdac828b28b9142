package httpvendor

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"  // what vendors sign with
	"crypto/sha1" // what vendors sign with
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"net/url"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"golang.org/x/text/encoding/simplifiedchinese"

	"notify/pkg/words"
)

// Function is what an expression may call, as it is written, and what it is.
type Function struct {
	Name  string     `json:"name"`
	Usage string     `json:"usage"`
	About words.Text `json:"about"`

	call  func(args ...any) (any, error) // nil: one of the expression language's own
	types []any
}

// builtins are the expression language's own functions that may be used. None has a side effect, none reads the clock, and those that
// loop go once over an answer of at most a megabyte: an expression ends, soon.
func builtins() []string {
	return []string{
		"len", "lower", "upper", "trim", "trimPrefix", "trimSuffix", "split", "join", "replace", "indexOf", "hasPrefix", "hasSuffix",
		"int", "float", "string", "type", "fromJSON", "fromBase64", "keys", "values", "sort", "first", "last", "get",
		"any", "all", "none", "one", "find", "filter", "map", "count",
	}
}

// Functions are those of vendor files beside the expression language's own. Digests are bytes: hex and base64 make text of them.
func Functions() []Function {
	digest := func(name string, sum func([]byte) []byte) Function {
		return Function{
			Name: name, Usage: name + "(x)", About: words.T("vendor.fn.digest", words.A{"name": name}),
			call: func(args ...any) (any, error) {
				b, err := octets(args[0])
				return sum(b), err
			},
			types: []any{new(func(any) []byte)},
		}
	}
	return []Function{
		digest("md5", func(b []byte) []byte { s := md5.Sum(b); return s[:] }),
		digest("sha1", func(b []byte) []byte { s := sha1.Sum(b); return s[:] }),
		digest("sha256", func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }),
		digest("sha512", func(b []byte) []byte { s := sha512.Sum512(b); return s[:] }),
		{Name: "hmac", Usage: "hmac('sha256', key, x)", About: words.T("vendor.fn.hmac", nil), call: keyed, types: []any{new(func(string, any, any) []byte)}},
		{Name: "hex", Usage: "hex(x)", About: words.T("vendor.fn.hex", nil), call: encoded(hex.EncodeToString), types: []any{new(func(any) string)}},
		{Name: "base64", Usage: "base64(x)", About: words.T("vendor.fn.base64", nil), call: encoded(base64.StdEncoding.EncodeToString), types: []any{new(func(any) string)}},
		{Name: "urlencode", Usage: "urlencode(x)", About: words.T("vendor.fn.urlencode", nil), call: encoded(rfc3986), types: []any{new(func(any) string)}},
		{Name: "formencode", Usage: "formencode(x)", About: words.T("vendor.fn.formencode", nil), call: encoded(func(b []byte) string { return url.QueryEscape(string(b)) }), types: []any{new(func(any) string)}},
		{Name: "canonical", Usage: "canonical(map)", About: words.T("vendor.fn.canonical", nil), call: canonical, types: []any{new(func(any) string)}},
		{Name: "sorted", Usage: "sorted(map, '=', '&')", About: words.T("vendor.fn.sorted", nil), call: sorted, types: []any{new(func(any, string, string) string)}},
		{Name: "json", Usage: "json(x)", About: words.T("vendor.fn.json", nil), call: asJSON, types: []any{new(func(any) string)}},
		{Name: "format", Usage: "format(time, '20060102150405', 'Asia/Shanghai')", About: words.T("vendor.fn.format", nil), call: formatted, types: []any{new(func(time.Time, string) string), new(func(time.Time, string, string) string)}},
		{Name: "gbk", Usage: "gbk(text)", About: words.T("vendor.fn.gbk", nil), call: inGBK, types: []any{new(func(string) []byte)}},
	}
}

func functionNames() []string {
	all := builtins()
	for _, f := range Functions() {
		all = append(all, f.Name)
	}
	return all
}

// functionOptions make the functions known to a program.
func functionOptions() []expr.Option {
	var out []expr.Option
	for _, name := range builtins() {
		out = append(out, expr.EnableBuiltin(name))
	}
	for _, f := range Functions() {
		out = append(out, expr.Function(f.Name, f.call, f.types...))
	}
	return out
}

// octets are a value as the bytes that are digested.
func octets(v any) ([]byte, error) {
	if b, ok := v.([]byte); ok {
		return b, nil
	}
	s, ok := plain(v)
	if !ok {
		return nil, words.Err("vendor.no-octets", words.A{"type": fmt.Sprintf("%T", v)})
	}
	return []byte(s), nil
}

func encoded(encode func([]byte) string) func(...any) (any, error) {
	return func(args ...any) (any, error) {
		b, err := octets(args[0])
		if err != nil {
			return nil, err
		}
		return encode(b), nil
	}
}

// algorithms are the hashes of keyed digests.
func algorithms() map[string]func() hash.Hash {
	return map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}
}

func keyed(args ...any) (any, error) {
	name, _ := args[0].(string)
	algorithm := algorithms()[name]
	if algorithm == nil {
		return nil, words.Err("vendor.algorithm-unknown", words.A{"value": name, "known": words.Names(names(algorithms()), 0)})
	}
	key, err := octets(args[1])
	if err != nil {
		return nil, err
	}
	text, err := octets(args[2])
	if err != nil {
		return nil, err
	}
	mac := hmac.New(algorithm, key)
	_, _ = mac.Write(text)
	return mac.Sum(nil), nil
}

// rfc3986 escapes everything but the unreserved characters of RFC 3986, 2.3.
func rfc3986(b []byte) string {
	return strings.NewReplacer("+", "%20", "%7E", "~").Replace(url.QueryEscape(string(b)))
}

// pairsOf are the names of a map, sorted by their bytes, each with its value or values.
func pairsOf(v any) ([][2]string, error) {
	all := map[string]any{}
	switch m := v.(type) {
	case map[string]any:
		all = m
	case map[string]string:
		for k, x := range m {
			all[k] = x
		}
	default:
		return nil, words.Err("vendor.no-map", words.A{"type": fmt.Sprintf("%T", v)})
	}
	var out [][2]string
	for _, name := range names(all) {
		values, ok := all[name].([]any)
		if !ok {
			values = []any{all[name]}
		}
		for _, x := range values {
			s, ok := plain(x)
			if !ok {
				return nil, words.Err("vendor.value-text", words.A{"key": name, "type": fmt.Sprintf("%T", x)})
			}
			out = append(out, [2]string{name, s})
		}
	}
	return out, nil
}

func canonical(args ...any) (any, error) {
	pairs, err := pairsOf(args[0])
	var parts []string
	for _, p := range pairs {
		parts = append(parts, rfc3986([]byte(p[0]))+"="+rfc3986([]byte(p[1])))
	}
	return strings.Join(parts, "&"), err
}

func sorted(args ...any) (any, error) {
	pairs, err := pairsOf(args[0])
	between, _ := args[1].(string)
	behind, _ := args[2].(string)
	var parts []string
	for _, p := range pairs {
		parts = append(parts, p[0]+between+p[1])
	}
	return strings.Join(parts, behind), err
}

// asJSON is a value as compact JSON, without Go's escapes for HTML, which vendors' own examples do not have.
func asJSON(args ...any) (any, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(args[0]); err != nil {
		return nil, words.Err("vendor.no-json", words.A{"type": fmt.Sprintf("%T", args[0])})
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

func formatted(args ...any) (any, error) {
	at, _ := args[0].(time.Time)
	layout, _ := args[1].(string)
	zone := time.UTC
	if len(args) > 2 {
		name, _ := args[2].(string)
		var err error
		if zone, err = time.LoadLocation(name); err != nil {
			return nil, words.Err("vendor.zone-unknown", words.A{"value": name})
		}
	}
	return at.In(zone).Format(layout), nil
}

func inGBK(args ...any) (any, error) {
	s, _ := args[0].(string)
	return toGBK([]byte(s))
}

// toGBK encodes. A character that GBK does not have is an error: a text that differs from the one that was checked is not sent.
func toGBK(b []byte) ([]byte, error) {
	out, err := simplifiedchinese.GBK.NewEncoder().Bytes(b)
	if err != nil {
		return nil, words.Err("vendor.not-gbk", nil)
	}
	return out, nil
}
