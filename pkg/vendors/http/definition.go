package httpvendor

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// definition is a vendor file as it is written. Texts keep their line, so that whatever is found wrong with them later can
// say where.
type definition struct {
	Name     text                  `yaml:"name"`
	About    text                  `yaml:"about"`
	Channels texts                 `yaml:"channels"`
	Endpoint text                  `yaml:"endpoint"`
	Options  map[string]fileOption `yaml:"options"`
	Limits   limits                `yaml:"limits"`
	Auth     *auth                 `yaml:"auth"`
	Sign     *signing              `yaml:"sign"`
	Send     *request              `yaml:"send"`
	Answer   *answer               `yaml:"answer"`
	Codes    []code                `yaml:"codes"`
	Balance  *balance              `yaml:"balance"`
	Find     *find                 `yaml:"find"`
	Probe    *probe                `yaml:"probe"`

	Templates  *listing `yaml:"templates"`
	Signatures *listing `yaml:"signatures"`
}

// fileOption is a key that an account may set under its options.
type fileOption struct {
	Secret   flag `yaml:"secret"`
	Required flag `yaml:"required"`
	Default  text `yaml:"default"`
	About    text `yaml:"about"`
}

type limits struct {
	Concurrency text `yaml:"concurrency"` // the most requests at a time that the vendor takes
	MinTimeout  text `yaml:"min_timeout"` // the vendor may take as long to answer
}

type auth struct {
	Basic  *basic `yaml:"basic"`
	Bearer text   `yaml:"bearer"`
}

type basic struct {
	User     text `yaml:"user"`
	Password text `yaml:"password"`
}

type signing struct {
	Algorithm text `yaml:"algorithm"`
	Encoding  text `yaml:"encoding"`
	Secret    text `yaml:"secret"`
	Text      text `yaml:"text"`
}

type request struct {
	Method  text      `yaml:"method"`
	Path    text      `yaml:"path"`
	Query   pairs     `yaml:"query"`
	Headers pairs     `yaml:"headers"`
	JSON    yaml.Node `yaml:"json"`
	Form    pairs     `yaml:"form"`
}

type answer struct {
	Format     text `yaml:"format"`
	Accepted   text `yaml:"accepted"`
	Code       text `yaml:"code"`
	ID         text `yaml:"id"`
	Message    text `yaml:"message"`
	Segments   text `yaml:"segments"`
	RetryAfter text `yaml:"retry_after"`
}

type code struct {
	Code    texts `yaml:"code"`
	Status  texts `yaml:"status"` // only under these; a 5xx counts only where it stands here
	Outcome text  `yaml:"outcome"`
	Reason  text  `yaml:"reason"`
	Source  text  `yaml:"source"`
}

type balance struct {
	request  `yaml:",inline"`
	OK       text `yaml:"ok"`
	Amount   text `yaml:"amount"`
	Currency text `yaml:"currency"`
	Messages text `yaml:"messages"`
	Quota    text `yaml:"quota"`
	Used     text `yaml:"used"`
}

type find struct {
	request  `yaml:",inline"`
	OK       text     `yaml:"ok"`
	Found    text     `yaml:"found"`
	ID       text     `yaml:"id"`
	Receipt  text     `yaml:"receipt"`
	Receipts receipts `yaml:"receipts"`
	NotFound notFound `yaml:"not_found"`
}

type receipts struct {
	Delivered   texts `yaml:"delivered"`
	Undelivered texts `yaml:"undelivered"`
	Waiting     texts `yaml:"waiting"`
}

type notFound struct {
	Final  flag `yaml:"final"`
	After  text `yaml:"after"` // only so long after the message may have been sent
	Source text `yaml:"source"`
}

type listing struct {
	request `yaml:",inline"`
	OK      text   `yaml:"ok"`
	List    text   `yaml:"list"`
	More    text   `yaml:"more"` // whether there are further pages
	Code    text   `yaml:"code"`
	State   text   `yaml:"state"`
	States  states `yaml:"states"`
	Text    text   `yaml:"text"`
	Reason  text   `yaml:"reason"`
}

type states struct {
	Approved texts `yaml:"approved"`
	Pending  texts `yaml:"pending"`
	Rejected texts `yaml:"rejected"`
}

type probe struct {
	request `yaml:",inline"`
	OK      text `yaml:"ok"`
}

// text is a scalar and its line; line 0 means that it was not written.
type text struct {
	Value string
	Line  int
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (t *text) UnmarshalYAML(n *yaml.Node) error {
	*t = text{Value: n.Value, Line: n.Line}
	return nil
}

func (t text) set() bool { return t.Value != "" }

// texts is one scalar or a list of them.
type texts []text

// UnmarshalYAML implements yaml.Unmarshaler.
func (t *texts) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*t = texts{{Value: n.Value, Line: n.Line}}
		return nil
	}
	for _, c := range n.Content {
		*t = append(*t, text{Value: c.Value, Line: c.Line})
	}
	return nil
}

// flag is true or false, and its line.
type flag struct {
	Value bool
	Line  int
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (f *flag) UnmarshalYAML(n *yaml.Node) error {
	f.Line = n.Line
	if err := n.Decode(&f.Value); err != nil {
		return fmt.Errorf("read a flag: %w", err)
	}
	return nil
}

// pairs are names and values in the order of the file.
type pairs []pair

type pair struct {
	Name  text
	Value text
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (p *pairs) UnmarshalYAML(n *yaml.Node) error {
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		*p = append(*p, pair{
			Name:  text{Value: k.Value, Line: k.Line},
			Value: text{Value: v.Value, Line: v.Line},
		})
	}
	return nil
}
