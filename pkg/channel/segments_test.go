package channel_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf16"

	"notify/pkg/channel"
	"notify/pkg/message"
)

func TestSegmentsAgreeWithAnotherCounter(t *testing.T) {
	data, err := os.ReadFile("testdata/segments.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Piece    string
		Times    int
		Tail     string
		Encoding string
		Segments int
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 400 {
		t.Fatalf("the table has %d texts only", len(cases))
	}
	for _, c := range cases {
		text := strings.Repeat(c.Piece, c.Times) + c.Tail
		if got := channel.Segments(text, channel.GSM); got != c.Segments {
			t.Errorf("%d × %q + %q (%s) is %d segments, want %d", c.Times, c.Piece, c.Tail, c.Encoding, got, c.Segments)
		}
	}
}

func TestSegments(t *testing.T) {
	for _, c := range []struct {
		name string
		text string
		rule channel.Rule
		want int
	}{
		{"nothing", "", channel.GSM, 0},
		{"one character", "中", channel.Mainland, 1},
		{"160 characters in mainland China are 67+67+26, as Aliyun explains", strings.Repeat("中", 160), channel.Mainland, 3},
		{"ASCII counts in mainland China as everything does", strings.Repeat("a", 71), channel.Mainland, 2},
		{"70 characters fit", strings.Repeat("a", 70), channel.Mainland, 1},
		{"134 characters fit into two", strings.Repeat("中", 134), channel.Mainland, 2},
		{"135 do not", strings.Repeat("中", 135), channel.Mainland, 3},
		{"the signature is counted", channel.WithSignature(strings.Repeat("中", 67), "示例"), channel.Mainland, 2},
		{"160 GSM characters fit", strings.Repeat("a", 160), channel.GSM, 1},
		{"80 extension characters fit", strings.Repeat("€", 80), channel.GSM, 1},
		{"81 do not", strings.Repeat("€", 81), channel.GSM, 2},
		{"an escape pair moves to the next segment whole", strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), channel.GSM, 3},
		{"a surrogate pair moves to the next segment whole", strings.Repeat("中", 66) + "😀" + strings.Repeat("中", 66), channel.GSM, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := channel.Segments(c.text, c.rule); got != c.want {
				t.Errorf("%d segments, want %d", got, c.want)
			}
		})
	}
}

func TestRuleFor(t *testing.T) {
	for _, c := range []struct {
		name, configured string
		to               message.Address
		want             channel.Rule
	}{
		{"mainland China by its code", "", "+8613800138000", channel.Mainland},
		{"Hong Kong is not mainland", "", "+85261234567", channel.GSM},
		{"elsewhere", "", "+4915112345678", channel.GSM},
		{"what is configured wins", "gsm", "+8613800138000", channel.GSM},
		{"also the other way", "mainland", "+4915112345678", channel.Mainland},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := channel.RuleFor(c.to, c.configured); got != c.want {
				t.Errorf("rule is %s, want %s", got, c.want)
			}
		})
	}
}

func TestWithSignature(t *testing.T) {
	for _, c := range []struct{ name, text, sign, want string }{
		{"before the text", "恭喜", "示例", "【示例】恭喜"},
		{"already in brackets", "恭喜", "【示例】", "【示例】恭喜"},
		{"already in the text", "【示例】恭喜", "示例", "【示例】恭喜"},
		{"none", "恭喜", " ", "恭喜"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := channel.WithSignature(c.text, c.sign); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// FuzzSegments holds the count against the limits of what the segments can carry.
func FuzzSegments(f *testing.F) {
	f.Add("hello €", "x")
	f.Add(strings.Repeat("中", 66)+"😀", "中")
	f.Add(strings.Repeat("[", 80), "]")
	f.Fuzz(func(t *testing.T, a, b string) {
		// Two broken halves of a character may join into one; texts are valid when they are counted.
		a, b = strings.ToValidUTF8(a, "?"), strings.ToValidUTF8(b, "?")
		units := len(utf16.Encode([]rune(a)))
		m, g := channel.Segments(a, channel.Mainland), channel.Segments(a, channel.GSM)
		switch {
		case a == "" && (m != 0 || g != 0):
			t.Errorf("nothing is %d and %d segments", m, g)
		case units > 0 && units <= 70 && m != 1:
			t.Errorf("%d units are %d segments, want one", units, m)
		case units > 70 && (m < (units+66)/67 || m > (units+65)/66):
			t.Errorf("%d units are %d segments, want from %d to %d", units, m, (units+66)/67, (units+65)/66)
		case g > m:
			t.Errorf("%d segments by the GSM rule, more than the %d of the other", g, m)
		}
		if whole := channel.Segments(a+b, channel.Mainland); whole < m {
			t.Errorf("%d segments became %d with more text", m, whole)
		}
	})
}
