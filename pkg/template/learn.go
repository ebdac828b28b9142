package template

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Proposal is a template for texts that have much in common.
type Proposal struct {
	Template
	Texts int `json:"texts"`
}

// alike is which part of the longer of two texts must be common for them to be of one template.
const alike = 0.5

// In the tokens of a cluster gap stands for what differs, and number for a number, whichever it is.
const (
	gap    = "\x00"
	number = "\x01"
)

// cluster is what a number of texts have in common, in tokens, with gaps where they differ.
type cluster struct {
	tokens []string
	texts  []string
}

// Learn proposes the templates of which texts were made: texts that share half of their fragments go together, and what differs among them is a
// variable, whose kind follows from its values.
func Learn(texts []string) []Proposal {
	var clusters []*cluster
	for _, text := range texts {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		tokens := tokenize(text)
		var best *cluster
		var common []string
		most := alike
		for _, c := range clusters {
			if merged, share := merge(c.tokens, tokens); share >= most {
				best, common, most = c, merged, share
			}
		}
		if best == nil {
			clusters = append(clusters, &cluster{tokens: tokens, texts: []string{text}})
			continue
		}
		best.tokens, best.texts = common, append(best.texts, text)
	}
	return assigned(clusters, texts)
}

// assigned gives each text to the proposal that says most about it, since the first texts of a cluster may have been alike by chance, and leaves
// out what is then of no text.
func assigned(clusters []*cluster, texts []string) []Proposal {
	var all []Proposal
	var templates []*Template
	for i, c := range clusters {
		p := c.proposal(i + 1)
		all = append(all, p)
		templates = append(templates, &p.Template)
	}
	of := make(map[string][]string)
	for _, text := range texts {
		if t, _ := Who(templates, text); t != nil {
			of[t.ID] = append(of[t.ID], strings.TrimSpace(text))
		}
	}
	all = slices.DeleteFunc(all, func(p Proposal) bool { return len(of[p.ID]) == 0 })
	for i := range all {
		all[i].Texts = len(of[all[i].ID])
	}
	slices.SortStableFunc(all, func(a, b Proposal) int { return b.Texts - a.Texts })
	return all
}

// tokenize cuts a text into words and numbers, and single characters of other scripts.
func tokenize(text string) []string {
	var out []string
	last := 0
	class := func(r rune) int {
		switch {
		case unicode.IsDigit(r) || r == '.' && last == 1:
			return 1
		case r < unicode.MaxLatin1 && unicode.IsLetter(r):
			return 2
		}
		return 0
	}
	for _, r := range text {
		k := class(r)
		switch {
		case k == 1 && last == 1:
		case k == 1:
			out = append(out, number)
		case k != 0 && k == last:
			out[len(out)-1] += string(r)
		default:
			out = append(out, string(r))
		}
		last = k
	}
	return out
}

// merge is what two texts have in common, with gaps, and which part of the longer one that is.
func merge(a, b []string) ([]string, float64) {
	long := common(a, b)
	var out []string
	apart := func() {
		if len(out) == 0 || out[len(out)-1] != gap {
			out = append(out, gap)
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j] && a[i] != gap:
			out = append(out, a[i])
			i, j = i+1, j+1
		case long[i+1][j] >= long[i][j+1]:
			apart()
			i++
		default:
			apart()
			j++
		}
	}
	if i < len(a) || j < len(b) {
		apart()
	}
	out = settled(out)
	fixed := len(out) - count(out, gap)
	whole := max(len(a)-count(a, gap), len(b))
	return out, float64(fixed) / float64(max(1, whole))
}

// common is how much the ends of two texts have in common, from each place of theirs on.
func common(a, b []string) [][]int {
	long := make([][]int, len(a)+1)
	for i := range long {
		long[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] && a[i] != gap {
				long[i][j] = long[i+1][j+1] + 1
			} else {
				long[i][j] = max(long[i+1][j], long[i][j+1])
			}
		}
	}
	return long
}

func count(all []string, one string) (n int) {
	for _, t := range all {
		if t == one {
			n++
		}
	}
	return n
}

// settled takes a single character between two gaps, unless it is punctuation, for chance: two names that share one.
func settled(tokens []string) []string {
	var out []string
	for i, t := range tokens {
		chance := i > 0 && i+1 < len(tokens) && tokens[i-1] == gap && tokens[i+1] == gap && !strings.ContainsFunc(t, unicode.IsPunct)
		if chance || t == gap && len(out) > 0 && out[len(out)-1] == gap {
			continue
		}
		out = append(out, t)
	}
	return out
}

func (c *cluster) proposal(n int) Proposal {
	var b strings.Builder
	p := Proposal{Texts: len(c.texts), Template: Template{ID: fmt.Sprintf("learned-%02d", n), Class: "notice", Variables: []Variable{}}}
	for i, t := range c.tokens {
		if t == gap || t == number {
			if i > 0 && (c.tokens[i-1] == gap || c.tokens[i-1] == number) {
				continue // one variable for both
			}
			name := fmt.Sprintf("v%d", len(p.Variables)+1)
			p.Variables = append(p.Variables, Default(name))
			t = "{{" + name + "}}"
		}
		b.WriteString(t)
	}
	p.Text = b.String()
	p.describe(c.texts)
	return p
}

// describe says of each variable what the texts have in its place. What is the same in all of them, such as a number to call, is part of the text.
func (p *Proposal) describe(texts []string) {
	values := make(map[string][]string)
	for _, text := range texts {
		read, _ := p.Read(text)
		for name, s := range read {
			values[name] = append(values[name], s)
		}
	}
	kept := p.Variables[:0]
	for _, v := range p.Variables {
		all := values[v.Name]
		if len(all) > 0 && !slices.ContainsFunc(all, func(s string) bool { return s != all[0] }) {
			p.Text = strings.ReplaceAll(p.Text, "{{"+v.Name+"}}", all[0])
			continue
		}
		kept = append(kept, described(v, all))
	}
	p.Variables = kept
	for i := range p.Variables {
		v, name := &p.Variables[i], fmt.Sprintf("v%d", i+1)
		p.Text = strings.Replace(p.Text, "{{"+v.Name+"}}", "{{"+name+"}}", 1)
		v.Name = name
	}
}

// described is a variable with what its values have in common.
func described(v Variable, values []string) Variable {
	if len(values) == 0 {
		return v
	}
	v.Max, v.Example = 0, values[0]
	for _, s := range values {
		v.Max = max(v.Max, len([]rune(s)))
	}
	all := shapes()
	for _, kind := range []Kind{Captcha, Amount, Phone, Time, Chars} {
		if !slices.ContainsFunc(values, func(s string) bool { return !all[kind].MatchString(s) }) {
			v.Kind = kind
			break
		}
	}
	return v
}
