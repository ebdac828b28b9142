package main

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
)

// variable of the environment says by its number which of the slips that are compiled into a package is on; none is at first.
const variable = "MUTATE_SLIP"

// reading is the file that is added to a package, and reads the variable.
func reading(pkg string) []byte {
	return fmt.Appendf(nil, `package %s

import (
	"os"
	"strconv"
)

var slipThatIsOn, _ = strconv.Atoi(os.Getenv(%q))
`, pkg, variable)
}

// many is a file with many slips: a function begins with a copy of its body for each of its own.
func many(text []byte, slips map[int]slip) []byte {
	at := make(map[int][]int) // the numbers of the slips, by where their body begins
	for _, n := range slices.Sorted(maps.Keys(slips)) {
		from := slips[n].body.from
		at[from] = append(at[from], n)
	}
	var out bytes.Buffer
	last := 0
	for _, from := range slices.Sorted(maps.Keys(at)) {
		out.Write(text[last:from])
		last = from
		out.WriteString(" switch slipThatIsOn {")
		for _, n := range at[from] {
			s := slips[n]
			answer, leave := "return ", ""
			if s.body.results == "" {
				answer, leave = "", "; return"
			}
			// The copy has a name of its own, by which the compiler speaks of what it does not take.
			fmt.Fprintf(&out, "\ncase %d: %sfunc() %s {\n//line slip-%d:1\n%s%s%s\n}()%s", n, answer, s.body.results,
				n, text[from:s.from], s.with, text[s.to:s.body.to], leave)
		}
		fmt.Fprintf(&out, "\n}\n//line original:%d\n", 1+bytes.Count(text[:from], []byte("\n")))
	}
	out.Write(text[last:])
	return out.Bytes()
}

var slipNamed = regexp.MustCompile(`\bslip-(\d+):\d+`)

// refused are the numbers of the slips that do not compile.
func refused(out []byte) map[int]bool {
	all := make(map[int]bool)
	for _, m := range slipNamed.FindAllSubmatch(out, -1) {
		if n, err := strconv.Atoi(string(m[1])); err == nil {
			all[n] = true
		}
	}
	return all
}
