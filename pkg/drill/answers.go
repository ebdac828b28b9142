package drill

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
)

// The exit codes of the program, docs/exit-codes.md.
const (
	exitOK     = 0
	exitUsage  = 2
	exitFailed = 3
	exitSome   = 4
	exitPaused = 5
	exitLeased = 6
)

// checked is a preflight as the program answers it, as far as drills look at it.
type checked struct {
	Verdict string    `json:"verdict"`
	Checks  []finding `json:"checks"`
	code    int
}

type finding struct {
	ID       string   `json:"id"`
	Status   string   `json:"status"`
	Summary  string   `json:"summary"`
	Remedies []string `json:"remedies"`
}

func (r *ran) preflight() (*checked, error) {
	c := &checked{code: r.code}
	return c, r.read(c)
}

func (c *checked) finding(id string) finding {
	i := slices.IndexFunc(c.Checks, func(f finding) bool { return f.ID == id })
	if i < 0 {
		return finding{ID: id, Summary: "it was not asked"}
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
	held = c.code == exitFailed
	for _, id := range ids {
		f := c.finding(id)
		held = held && f.Status == "fail"
		stops = append(stops, Stop{By: "check " + id, Exit: c.code, Said: f.Summary})
	}
	return held, stops
}

// figure is the number that a remedy of a check asks for, as the pattern finds it.
func (c *checked) figure(id string, pattern *regexp.Regexp) (int64, error) {
	for _, r := range c.finding(id).Remedies {
		if m := pattern.FindStringSubmatch(r); m != nil {
			return strconv.ParseInt(strings.ReplaceAll(m[1], ",", ""), 10, 64)
		}
	}
	return 0, fmt.Errorf("the check %s does not say by how much: %q", id, c.finding(id).Remedies)
}

// ended is how a run ended, as the program answers it.
type ended struct {
	Ended   string         `json:"ended"`
	ByState map[string]int `json:"by_state"`
	Pause   *struct {
		Why    string `json:"why"`
		Detail string `json:"detail"`
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
		return Stop{}, fmt.Errorf("notify %s ended with %d and was not paused", strings.Join(r.args, " "), r.code)
	}
	return Stop{By: "pause", Exit: r.code, Said: e.Pause.Detail}, nil
}

// refusal is what a command said that ended with an error.
func (r *ran) refusal() (string, error) {
	var e struct {
		Error string `json:"error"`
	}
	return e.Error, r.read(&e)
}

func num(n int) string { return humanize.Comma(int64(n)) }
