package yamldoc

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"notify/pkg/diag"
	"notify/pkg/words"
)

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): `)

// syntax reports why the file is not YAML, in the operator's words where the usual causes are found.
func (d *Document) syntax(data []byte, err error) {
	place := d.Place
	what := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		place.Line, _ = strconv.Atoi(m[1])
		what = strings.TrimPrefix(err.Error(), m[0])
	}
	for i, line := range bytes.Split(data, []byte("\n")) {
		indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
		if bytes.ContainsRune(indent, '\t') {
			place.Line = i + 1
			d.Problems.Add(diag.Err(place, "yaml.yaml-tab", nil).Do("yaml.do.spaces", nil))
			return
		}
	}
	if line, inner, ok := badEscape(data); ok {
		place.Line = line
		d.Problems.Add(diag.Err(place, "yaml.backslash", nil).Then(singleQuotes(inner)))
		return
	}
	hint := words.T("yaml.do.indentation", nil)
	if line, ok := fullWidthColon(data); ok {
		hint = words.T("yaml.do.colon", words.A{"line": line})
	}
	d.Problems.Add(diag.Err(place, "yaml.yaml-syntax", words.A{"what": said(what)}).Then(hint))
}

// said is what the YAML library says, in words of our own where they are known; the rest is told word for word.
func said(what string) words.Text {
	for _, k := range []struct{ part, id string }{
		{"did not find expected key", "yaml.said.key"},
		{"did not find expected ',' or ']'", "yaml.said.bracket"},
		{"did not find expected ',' or '}'", "yaml.said.brace"},
		{"could not find expected ':'", "yaml.said.colon"},
		{"mapping values are not allowed", "yaml.said.value"},
		{"did not find expected '-' indicator", "yaml.said.dash"},
		{"block sequence entries are not allowed", "yaml.said.dash"},
		{"cannot start any token", "yaml.said.character"},
		{"unexpected end of stream", "yaml.said.quote"},
		{"did not find expected node content", "yaml.said.node"},
	} {
		if strings.Contains(what, k.part) {
			return words.T(k.id, nil)
		}
	}
	return words.Raw(what)
}

func fullWidthColon(data []byte) (int, bool) {
	for i, line := range strings.Split(string(data), "\n") {
		key, _, found := strings.Cut(line, "：")
		if found && !strings.ContainsAny(key, ":#\"'") {
			return i + 1, true
		}
	}
	return 0, false
}

var (
	doubleQuoted = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
	// escape is one that YAML knows; anything else behind a backslash is an error there.
	escape = regexp.MustCompile(`\\(?:[0abtnvfre "/\\N_LP\t]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})`)
	// pathLike is the beginning of a path of Windows, or the end of a file's name.
	pathLike = regexp.MustCompile(`^[A-Za-z]:\\|^\\\\|^\.{1,2}\\|\.[A-Za-z]{2,5}$`)
)

// badEscape finds the first text in double quotes in which a backslash begins no escape, as in the path of a file on Windows.
func badEscape(data []byte) (line int, inner string, ok bool) {
	for i, l := range strings.Split(string(data), "\n") {
		if strings.HasPrefix(strings.TrimSpace(l), "#") {
			continue
		}
		for _, m := range doubleQuoted.FindAllStringSubmatch(l, -1) {
			if strings.Contains(escape.ReplaceAllString(m[1], ""), `\`) {
				return i + 1, m[1], true
			}
		}
	}
	return 0, "", false
}

// eatenBackslash is the text in double quotes at a place of the file whose backslashes were read as escapes though they were
// meant: "C:\temp" holds a tab. ok is false where the escapes can have been meant.
func (d *Document) eatenBackslash(line, column int, value string) (inner string, ok bool) {
	if !strings.ContainsFunc(value, isControl) {
		return "", false
	}
	lines := bytes.Split(d.text, []byte("\n"))
	if line < 1 || line > len(lines) {
		return "", false
	}
	letters := []rune(string(lines[line-1]))
	m := doubleQuoted.FindStringSubmatch(string(letters[min(max(column-1, 0), len(letters)):]))
	if m == nil {
		return "", false
	}
	odd := strings.ContainsFunc(value, func(c rune) bool { return isControl(c) && c != '\n' && c != '\r' && c != '\t' })
	return m[1], odd || pathLike.MatchString(m[1])
}

// isControl is what an escape can put into a text and no key of an operator's file wants.
func isControl(c rune) bool {
	return unicode.IsControl(c) || c == '\u00a0' || c == '\u2028' || c == '\u2029'
}

// singleQuotes is the hint to write a text in single quotes, in which a backslash is one.
func singleQuotes(inner string) words.Text {
	return words.T("yaml.do.single-quotes", words.A{"example": "'" + strings.ReplaceAll(inner, "'", "''") + "'"})
}
