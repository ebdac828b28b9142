package trace_test

import (
	"testing"

	"notify/pkg/channel"
	"notify/pkg/trace"
)

// A short text may hold a digit; a number with a slip in it is no text.
func TestWhatAQueryIs(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]trace.Kind{
		"13490000001":         trace.ByAddress,
		"+86 134 9000 0001":   trace.ByAddress,
		"人39，您好！奖品：一等奖。":      trace.ByText,
		"张三，您好！验证码 1234。":     trace.ByText,
		"Hi Li, prize 1":      trace.ByText,
		"SMS_1234":            trace.ByVendorID,
		"手机 13490000001":      "",
		"1349000 00o1":        "",
		"li 1＠example.test x": "",
	} {
		q, err := trace.Read(query, channel.Builtin(), "CN")
		if q.Kind != want || (err == nil) != (want != "") {
			t.Errorf("%s is %q, %v; want %q", query, q.Kind, err, want)
		}
	}
}
