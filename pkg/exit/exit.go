// Package exit owns the exit codes of the program, which scripts and cron jobs rely on: the numbers, and what each means.
// The help of the commands, docs/exit-codes.md and the drills are held to this table.
package exit

import (
	"strconv"

	"notify/pkg/words"
)

// The exit codes.
const (
	OK     = 0 // everything asked for was done
	Error  = 1 // the program or its surroundings
	Usage  = 2 // flags, arguments, configuration, campaign file
	Failed = 3 // preflight has a FAIL: nothing was sent
	Some   = 4 // finished, but some messages failed or are unknown
	Paused = 5 // paused before the end
	Leased = 6 // another run of this campaign is alive
	Person = 7 // a person must say how to go on
)

// Codes are all of them.
func Codes() []int { return []int{OK, Error, Usage, Failed, Some, Paused, Leased, Person} }

// Meaning is what a code says.
func Meaning(code int) words.Text { return words.Of("exit", strconv.Itoa(code)) }
