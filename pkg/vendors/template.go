package vendors

import (
	"context"

	"notify/pkg/words"
)

// TemplateLister is a Vendor that can say which texts and signatures it has approved.
type TemplateLister interface {
	// Templates asks the vendor for the account's templates of one kind: all of them, or those with these codes where its
	// API looks them up one by one. One that is not among the answers is not there. It sends no message. ErrNotTold and
	// ErrTakesAny say why there is no list; any other error that nothing is known. It may be called concurrently.
	Templates(ctx context.Context, kind TemplateKind, codes ...string) ([]Template, error)
}

// TemplateOnly is a Vendor that may send nothing but texts which it has approved.
type TemplateOnly interface {
	// TemplateOnly reports whether an SMS without the code of an approved text is refused.
	TemplateOnly() bool
}

// Why a TemplateLister has no list.
var (
	ErrNotTold  = words.Err("vendors.not-told", nil)
	ErrTakesAny = words.Err("vendors.takes-any", nil)
)

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
	Said   string // the state in the vendor's own word
	Text   string // of a text, where the vendor tells it
	Reason string // why it was rejected, as the vendor says
}
