package httpvendor

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"

	"notify/pkg/vendors/evidence"
	"notify/pkg/words"
)

// format is the form of an answer.
type format struct {
	kind      string // json, xml, form, delimited, text
	separator string // of delimited
	gbk       bool
	// untilClose says that the vendor marks no length: the connection's end is the answer's end. JSON and XML show by themselves
	// whether they are whole.
	untilClose bool
}

// parse reads an answer; an error means that it is not in the form that the vendor answers in. said is the body as text.
func (f format) parse(a evidence.Answer) (body any, said string, err error) {
	raw := a.Body
	if f.gbk {
		if raw, err = simplifiedchinese.GBK.NewDecoder().Bytes(raw); err != nil {
			return nil, "", words.Err("vendor.not-gbk", nil)
		}
	}
	said = string(raw)
	switch f.kind {
	case "json":
		if body, err = parseJSON(raw); err != nil {
			return nil, "", words.Err("vendor.answer-no-json", words.A{"status": a.Status})
		}
		return body, said, nil
	case "xml":
		if body, err = parseXML(raw); err != nil {
			return nil, "", words.Err("vendor.answer-no-xml", words.A{"status": a.Status})
		}
		return body, said, nil
	}
	if !a.Marked && !f.untilClose {
		return nil, "", words.Err("vendor.answer-cut", nil)
	}
	switch f.kind {
	case "form":
		if body, err = parseForm(said); err != nil {
			return nil, "", words.Err("vendor.answer-no-form", words.A{"status": a.Status})
		}
	case "delimited":
		body = delimited(said, f.separator)
	}
	return body, said, nil
}

// parseJSON reads exactly one JSON value. Integers stay integers, and those beyond 64 bits become text, since they are ids.
func parseJSON(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, words.Err("vendor.values-many", nil)
	}
	return numbers(v), nil
}

func numbers(v any) any {
	switch x := v.(type) {
	case json.Number:
		s := x.String()
		if n, err := strconv.Atoi(s); err == nil {
			return n
		}
		if !strings.ContainsAny(s, ".eE") {
			return s
		}
		if f, err := x.Float64(); err == nil {
			return f
		}
		return s
	case map[string]any:
		for k, e := range x {
			x[k] = numbers(e)
		}
	case []any:
		for i, e := range x {
			x[i] = numbers(e)
		}
	}
	return v
}

// parseXML reads one element with what is in it. An element without children is its text; one with children or attributes is a map of
// them, attributes as "@name", text beside them as "#text", and what is repeated as a list. The top element is a key, too.
func parseXML(b []byte) (any, error) {
	d := xml.NewDecoder(bytes.NewReader(b))
	d.CharsetReader = charsetReader
	for {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		start, ok := t.(xml.StartElement)
		if !ok {
			continue
		}
		v, err := element(d, start, 0)
		if err != nil {
			return nil, err
		}
		return map[string]any{start.Name.Local: v}, rest(d)
	}
}

// maxDepth is how deep elements may stand in each other.
const maxDepth = 32

// rest sees to it that nothing but comments and blanks follows.
func rest(d *xml.Decoder) error {
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if _, second := t.(xml.StartElement); err != nil || second {
			return words.Err("vendor.values-many", nil)
		}
	}
}

// charsetReader reads the encodings that Chinese vendors declare.
func charsetReader(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "gbk", "gb2312", "gb18030":
		return simplifiedchinese.GB18030.NewDecoder().Reader(in), nil
	case "utf-8", "us-ascii":
		return in, nil
	}
	return nil, words.Err("vendor.charset-unknown", words.A{"value": label})
}

func element(d *xml.Decoder, start xml.StartElement, depth int) (any, error) {
	if depth > maxDepth {
		return nil, words.Err("vendor.answer-deep", nil)
	}
	within := map[string]any{}
	for _, a := range start.Attr {
		within["@"+a.Name.Local] = a.Value
	}
	var said strings.Builder
	for {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.CharData:
			said.Write(t)
		case xml.StartElement:
			v, err := element(d, t, depth+1)
			if err != nil {
				return nil, err
			}
			gather(within, t.Name.Local, v)
		case xml.EndElement:
			text := strings.TrimSpace(said.String())
			if len(within) == 0 {
				return text, nil
			}
			if text != "" {
				within["#text"] = text
			}
			return within, nil
		}
	}
}

// gather puts a value under a name; what is there already makes a list with it.
func gather(into map[string]any, name string, v any) {
	switch was := into[name].(type) {
	case nil:
		into[name] = v
	case []any:
		into[name] = append(was, v)
	default:
		into[name] = []any{was, v}
	}
}

// parseForm reads name=value&name=value.
func parseForm(s string) (any, error) {
	values, err := url.ParseQuery(strings.TrimSpace(s))
	if err != nil {
		return nil, err
	}
	out := make(map[string]any, len(values))
	for name, all := range values {
		for _, v := range all {
			gather(out, name, v)
		}
	}
	return out, nil
}

// delimited are the lines of a text, each a list of its fields. Blanks around them do not count.
func delimited(s, separator string) any {
	lines := []any{}
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		fields := []any{}
		for f := range strings.SplitSeq(line, separator) {
			fields = append(fields, strings.TrimSpace(f))
		}
		lines = append(lines, fields)
	}
	return lines
}
