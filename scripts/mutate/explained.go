package main

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed explained.yaml
var explanations []byte

// reason says why a slip need not be noticed, or all whose whole name is like something.
type reason struct {
	Slip, Like, Because string
	names               *regexp.Regexp
}

type reasons []reason

func read(text []byte) (reasons, error) {
	var all reasons
	if err := yaml.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("explained.yaml: %w", err)
	}
	for i, r := range all {
		if r.Because == "" || (r.Slip == "") == (r.Like == "") {
			return nil, fmt.Errorf("explained.yaml: %q has no reason, or is not one of slip and like", r.Slip+r.Like)
		}
		if r.Slip != "" {
			r.Like = regexp.QuoteMeta(r.Slip)
		}
		var err error
		if all[i].names, err = regexp.Compile("^(?:" + r.Like + ")$"); err != nil {
			return nil, fmt.Errorf("explained.yaml: %w", err)
		}
	}
	return all, nil
}

// of is why a slip need not be noticed, or nothing.
func (rs reasons) of(name string) string {
	for _, r := range rs {
		if r.names.MatchString(name) {
			return r.Because
		}
	}
	return ""
}

// gone are the explanations for a room that explain nothing any more.
func (rs reasons) gone(r room, named map[string]slip) []string {
	var all []string
	for _, e := range rs {
		matches := false
		for name := range named {
			matches = matches || e.names.MatchString(name)
		}
		if !matches && belongs(e.Slip+e.Like, r) {
			all = append(all, e.Slip+e.Like)
		}
	}
	return all
}

// belongs reports a name of a slip of a room.
func belongs(name string, r room) bool {
	file, _, _ := strings.Cut(name, " ")
	return slices.ContainsFunc(r.dirs, func(d string) bool {
		rest, ok := strings.CutPrefix(file, strings.TrimPrefix(d, "./")+"/")
		return ok && (!strings.Contains(rest, "/") || strings.HasSuffix(rest, ".sql"))
	})
}
