package preflight

import "slices"

// OnlyMoot reports that nothing is left to send, and that only what is about the sending stops it: a timer that sends once more is not
// to be told of a vendor that is down, or of signatures that lapsed since.
func (r *Result) OnlyMoot() bool {
	return r.Plan.ToSend == 0 && r.Plan.Messages > 0 && r.Plan.Unknown.IsZero() &&
		slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Moot() }) &&
		!slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Stops() && !f.Moot() })
}

// Moot reports one that stops a campaign by nothing but how it would be sent.
func (f *Finding) Moot() bool {
	switch f.Group {
	case GroupAccounts, GroupSender, GroupMoney, GroupTime, GroupChecklist:
		return f.Stops()
	case GroupTexts:
		return f.Stops() && f.ID == "templates"
	case GroupList, GroupLedger:
	}
	return false
}
