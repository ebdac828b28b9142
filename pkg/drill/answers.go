package drill

import (
	"fmt"
	"slices"
	"strings"

	"notify/pkg/exit"
	"notify/pkg/words"
)

// checked is a preflight as the program answers it, as far as drills look at it.
type checked struct {
	Verdict string    `json:"verdict"`
	Checks  []finding `json:"checks"`
	code    int
}

type finding struct {
	ID      string       `json:"id"`
	Status  string       `json:"status"`
	Summary []words.Text `json:"summary"`
	Options []option     `json:"options"`
}

// says is the evidence on one line.
func (f *finding) says() words.Text {
	return words.Joined(words.Sentences, f.Summary...)
}

// option is a way to make a check pass, as far as drills follow it.
type option struct {
	Kind     string `json:"kind"`
	Segments int64  `json:"segments"`
	Settings []struct {
		Value any `json:"value"`
		Now   any `json:"now"`
	} `json:"settings"`
}

func (r *ran) preflight() (*checked, error) {
	c := &checked{code: r.code}
	return c, r.read(c)
}

func (c *checked) finding(id string) finding {
	i := slices.IndexFunc(c.Checks, func(f finding) bool { return f.ID == id })
	if i < 0 {
		return finding{ID: id, Summary: []words.Text{words.T("drill.not-asked", nil)}}
	}
	return c.Checks[i]
}

// failing are the checks that stop the campaign, sorted.
func (c *checked) failing() []string {
	var ids []string
	for _, f := range c.Checks {
		if f.Status == "fail" || f.Status == "error" || f.Status == "" {
			ids = append(ids, f.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// fails reports whether all of these checks failed, and with which words.
func (c *checked) fails(ids ...string) (held bool, stops []Stop) {
	held = c.code == exit.Failed
	for _, id := range ids {
		f := c.finding(id)
		held = held && f.Status == "fail"
		stops = append(stops, Stop{By: byCheck(id), Exit: c.code, Said: f.says()})
	}
	return held, stops
}

// option is what a check offers of a kind.
func (c *checked) option(id, kind string) (option, error) {
	all := c.finding(id).Options
	i := slices.IndexFunc(all, func(o option) bool { return o.Kind == kind })
	if i < 0 {
		return option{}, words.Err("drill.error.option", words.A{"check": id, "option": fmt.Sprint(kind)})
	}
	return all[i], nil
}

// raise is by how much the check wants a setting to be higher.
func (c *checked) raise(id, kind string) (int64, error) {
	o, err := c.option(id, kind)
	if err != nil {
		return 0, err
	}
	for _, s := range o.Settings {
		to, isTo := s.Value.(float64)
		from, isFrom := s.Now.(float64)
		if isTo && isFrom {
			return int64(to - from), nil
		}
	}
	return 0, words.Err("drill.error.option", words.A{"check": id, "option": fmt.Sprint(kind)})
}

// ended is how a run ended, as the program answers it.
type ended struct {
	Ended   string         `json:"ended"`
	ByState map[string]int `json:"by_state"`
	Pause   *struct {
		Why    string     `json:"why"`
		Detail words.Text `json:"detail"`
	} `json:"pause"`
}

func (r *ran) end() (ended, error) {
	var e ended
	return e, r.read(&e)
}

// paused is the stop of a run that ended before everything was sent.
func (r *ran) paused() (Stop, error) {
	e, err := r.end()
	if err != nil {
		return Stop{}, err
	}
	if e.Pause == nil {
		return Stop{}, words.Err("drill.error.not-paused", words.A{"command": "notify " + strings.Join(r.args, " "), "code": r.code})
	}
	return Stop{By: words.T("drill.by.pause", nil), Exit: r.code, Said: e.Pause.Detail}, nil
}

// refusal is what a command said that ended with an error.
func (r *ran) refusal() (words.Text, error) {
	var e struct {
		Error words.Text `json:"error"`
	}
	err := r.read(&e)
	return e.Error, err
}

// byCheck is a check as what stopped a line.
func byCheck(id string) words.Text { return words.T("drill.by.check", words.A{"check": id}) }
