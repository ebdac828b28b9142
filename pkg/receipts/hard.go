package receipts

import (
	"regexp"

	"notify/pkg/message"
	"notify/pkg/vendors/blame"
)

// statusPattern finds the status of RFC 3463 that stands alone in what a receiver said; an address of a machine has none.
var statusPattern = regexp.MustCompile(`(?:^|[\s;:(\[-])([45]\.\d{1,3}\.\d{1,3})(?:$|[\s;:)\],-])`)

// forgive takes a bounce for good back to one that may pass, where the receiver refused us (our domain, our server, our text) or how fast
// we were: vendors call that permanent, too. The mailbox may be well, and all mailboxes of that receiver would be given up with it.
func forgive(e *message.Event) {
	if e.State != message.HardBounce {
		return
	}
	said, status := e.Code+" "+e.Detail, ""
	if found := statusPattern.FindStringSubmatch(said); found != nil {
		status = found[1]
	}
	if whom, _ := blame.Of(status, []byte(said), true); whom == blame.Us || whom == blame.Pace {
		e.State = message.SoftBounce
	}
}
