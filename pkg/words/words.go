// Package words owns every sentence that an operator reads, in English and in Chinese: one catalogue of templates, and the
// forms of figures, money and times. Logic returns a Text: the id of a sentence with named, typed arguments; view and
// cmd/notify make the sentence with a Printer, in the language of the screen. Nothing else makes sentences.
//
// To add a sentence: T("area.id", A{"name": value}) where it is found, and a line in catalogue/AREA.en.yaml and in
// catalogue/AREA.zh.yaml. A test holds ids and arguments of code and catalogues to each other.
package words

// Text is a sentence that has not been made yet: an id of the catalogue and the arguments that stand in it. The zero value
// is no sentence, and reads as nothing. As JSON it is {"id", "args"}; a Printer's JSON adds "text".
type Text struct {
	ID   string
	Args A
}

// A are the named arguments of a sentence. A value is a string (a name, a command, a path: shown as it is), an int or int64
// (a figure), a Count, an Amount, a Percent, a Rate, a Size, a Weighed, a time.Time, a time.Duration, a Text, a List, or a bool,
// which no template shows. One that is called "n" chooses the plural form.
type A map[string]any

// T is the sentence of an id with its arguments; nil where it has none.
func T(id string, args A) Text { return Text{ID: id, Args: args} }

// Of is the word for a value of a closed set, such as a state: Of("state", "pending") is "state.pending" of the catalogue.
func Of[S ~string](set string, value S) Text { return Text{ID: set + "." + string(value)} }

// Raw is what somebody else said, word for word: a vendor's answer, an operator's note.
func Raw(s string) Text { return T("words.raw", A{"said": s}) }

// IsZero reports that there is no sentence.
func (t Text) IsZero() bool { return t.ID == "" }

// String is the sentence in English, for logs and tests.
func (t Text) String() string { return Printer{Lang: English}.Say(t) }

// Count is a figure with the noun that is counted: Count{N: 2, Noun: "segment"} is "2 segments". Noun is "noun.segment" in
// the catalogue.
type Count struct {
	N    int64
	Noun string
}

// N counts a noun.
func N[I ~int | ~int64](n I, noun string) Count { return Count{N: int64(n), Noun: noun} }

// Percent is a share in percent, with as many decimals as it has, at most one: 5 is "5%".
type Percent float64

// Rate is messages per second: "100/s".
type Rate float64

// Size is a number of bytes: "1.2 MiB".
type Size int64

// Weighed is a Size that stands in a sentence with another one, such as its limit: it has the digits that show which is larger.
type Weighed struct{ Size, Against Size }

// Weigh sets two sizes against each other.
func Weigh(one, other Size) (of, against Weighed) { return Weighed{one, other}, Weighed{other, one} }

// List is several values, one after the other.
type List struct {
	Items []any
	// Join says how they are joined: Commas, And, Or, Sentences.
	Join Join
	// Most is how many are shown before the rest is only counted ("and 40 more"); 0 shows all.
	Most int
}

// Join is how the values of a List are joined.
type Join string

// The ways to join: "a, b, c"; "a, b and c"; "a, b or c"; "a; b; c"; "a + b + c".
const (
	Commas    Join = ""
	And       Join = "and"
	Or        Join = "or"
	Sentences Join = "sentences"
	Plus      Join = "plus"
)

// Names lists names, at most so many before the rest is only counted; 0 shows all.
func Names[S ~string](names []S, most int) List {
	items := make([]any, len(names))
	for i, n := range names {
		items[i] = string(n)
	}
	return List{Items: items, Most: most}
}

// Texts lists sentences, joined so.
func Texts(join Join, texts ...Text) List {
	items := make([]any, len(texts))
	for i, t := range texts {
		items[i] = t
	}
	return List{Items: items, Join: join}
}

// Joined is several sentences as one Text, joined so.
func Joined(join Join, texts ...Text) Text { return T("words.raw", A{"said": Texts(join, texts...)}) }
