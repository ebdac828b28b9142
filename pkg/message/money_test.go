package message_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"notify/pkg/message"
)

func TestMoneyIsReadExactlyOrNotAtAll(t *testing.T) {
	for _, c := range []struct {
		text string
		want message.Money
		says string // of the error; empty: there is none
	}{
		{"0", 0, ""},
		{"0.045", 45_000, ""},
		{"2000", 2_000_000_000, ""},
		{"1035.123456", 1_035_123_456, ""},
		{" 1.5 ", 1_500_000, ""},
		{"+1.5", 1_500_000, ""},
		{"-1.5", -1_500_000, ""},
		{"1.5000000000", 1_500_000, ""},
		{".5", 500_000, ""},
		{"5.", 5_000_000, ""},
		{"007", 7_000_000, ""},
		{"0.000001", 1, ""},
		{"9223372036854.775807", math.MaxInt64, ""},
		{"-9223372036854.775808", math.MinInt64, ""},
		{"9223372036854.775808", 0, "too large"},
		{"0.0000001", 0, "six decimals"},
		{"1/3", 0, "not a decimal"},
		{"1e3", 0, "not a decimal"},
		{"0x10", 0, "not a decimal"},
		{"1p3", 0, "not a decimal"},
		{"1_000", 0, "not a decimal"},
		{"1,000", 0, "not a decimal"},
		{"1.2.3", 0, "not a decimal"},
		{"￥5", 0, "not a decimal"},
		{"五", 0, "not a decimal"},
		{"", 0, "not a decimal"},
		{" ", 0, "not a decimal"},
		{"NaN", 0, "not a decimal"},
		{"Inf", 0, "not a decimal"},
		{"--1", 0, "not a decimal"},
	} {
		t.Run(c.text, func(t *testing.T) {
			got, err := message.ParseMoney(c.text)
			if got != c.want || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %d, %v; want %d, %q", got, err, c.want, c.says)
			}
		})
	}
}

func TestMoneyIsWrittenWithTwoDecimalsAndNoMoreThanItNeeds(t *testing.T) {
	for m, want := range map[message.Money]string{
		0: "0.00", 45_000: "0.045", 1_035_000_000: "1035.00", 100_000: "0.10", 1: "0.000001", -3_200_000: "-3.20", -1: "-0.000001",
		math.MaxInt64: "9223372036854.775807", math.MinInt64: "-9223372036854.775808",
	} {
		if got := m.String(); got != want {
			t.Errorf("%d is %q, want %q", int64(m), got, want)
		}
	}
	if got := message.Money(45_000).Times(23_000); got != 1_035_000_000 {
		t.Errorf("23,000 at 0.045 are %v", got)
	}
}

func TestMoneyGoesThroughJSONExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := message.Money(rapid.Int64().Draw(t, "money"))
		b, err := json.Marshal(struct{ M message.Money }{m})
		if err != nil {
			t.Fatal(err)
		}
		var number, text struct{ M message.Money }
		if err := json.Unmarshal(b, &number); err != nil || number.M != m {
			t.Fatalf("%s is read as %d, %v, want %d", b, number.M, err, m)
		}
		quoted := `{"M":"` + m.String() + `"}`
		if err := json.Unmarshal([]byte(quoted), &text); err != nil || text.M != m {
			t.Fatalf("%s is read as %d, %v, want %d", quoted, text.M, err, m)
		}
	})
}

func TestMoneyThatIsNoNumberIsRefusedInJSON(t *testing.T) {
	for _, b := range []string{`{"M":1e3}`, `{"M":true}`, `{"M":""}`, `{"M":[1]}`, `{"M":"a"}`, `{"M":0.0000001}`} {
		v := struct{ M message.Money }{7}
		if err := json.Unmarshal([]byte(b), &v); err == nil || v.M != 7 {
			t.Errorf("%s was read as %v, %v", b, v.M, err)
		}
	}
}

func FuzzParseMoney(f *testing.F) {
	for _, s := range []string{"0.045", "-1.5", "9223372036854.775807", "1e9", "1/2", "0x1p-2", " 5 ", "\u00a05", "１"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := message.ParseMoney(s)
		if err != nil {
			if m != 0 {
				t.Errorf("%q is an error and %v", s, m)
			}
			return
		}
		again, err := message.ParseMoney(m.String())
		if err != nil || again != m {
			t.Errorf("%q is %v, which is read as %v, %v", s, m, again, err)
		}
	})
}
