package report

import (
	"testing"

	"notify/pkg/ledger"
	"notify/pkg/message"
)

func TestEveryFinalStateSaysHowItIsKnown(t *testing.T) {
	told := []ledger.Fact{
		{State: message.Delivered, Grade: message.GradeSigned}, {State: message.OptedOut, Grade: message.GradeUnsigned}, {State: message.Clicked},
	}
	for _, tt := range []struct {
		name    string
		m       seen
		proof   message.Grade
		further string
	}{
		{"the vendor took it", seen{Record: ledger.Record{State: message.Accepted, Code: "OK"}}, message.GradeVendor, ""},
		{"the vendor refused it", seen{Record: ledger.Record{State: message.Rejected, Code: "NUMBER"}}, message.GradeVendor, ""},
		{"we refused it", seen{Record: ledger.Record{State: message.Rejected, Code: "notify:frequency"}}, "", ""},
		{"a person settled it", seen{Record: ledger.Record{State: message.Rejected, Code: "X"}, settled: message.GradePerson}, message.GradePerson, ""},
		{"a receipt says more", seen{Record: ledger.Record{State: message.Accepted}, facts: told}, message.GradeSigned, "opted-out clicked"},
		{"nothing is known", seen{Record: ledger.Record{State: message.Unknown}}, "", ""},
	} {
		if got := tt.m.proof(); got != tt.proof || tt.m.further() != tt.further {
			t.Errorf("%s: %q, %q", tt.name, got, tt.m.further())
		}
	}
}
