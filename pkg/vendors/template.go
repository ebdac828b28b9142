package vendors

import "context"

// TemplateLister is a Vendor that can say which texts and signatures it has approved.
type TemplateLister interface {
	// Templates asks the vendor for all of the account's templates and signatures. It sends no message.
	Templates(ctx context.Context) ([]Template, error)
}

// TemplateKind tells a text from a signature.
type TemplateKind string

// The kinds.
const (
	TemplateText      TemplateKind = "text"
	TemplateSignature TemplateKind = "signature"
)

// TemplateState is what the vendor has decided.
type TemplateState string

// The states. The zero value is one that the adapter's table does not have: it may not be taken for approved.
const (
	TemplateApproved TemplateState = "approved"
	TemplatePending  TemplateState = "pending"
	TemplateRejected TemplateState = "rejected"
)

// Template is a text, or a signature, as the vendor has it.
type Template struct {
	Kind TemplateKind
	// Code is the vendor's id of a text, or the words of a signature without 【】.
	Code   string
	State  TemplateState
	Reason string // why it was rejected, as the vendor says
}
