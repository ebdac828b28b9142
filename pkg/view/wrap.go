package view

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")

// width is how many columns words take: a Chinese character two, a colour none. It does not depend on the locale.
func width(said string) int { return uniseg.StringWidth(escapes.ReplaceAllString(said, "")) }

// pad fills words with spaces to a width.
func pad(said string, to int) string { return said + strings.Repeat(" ", max(0, to-width(said))) }

// padLeft is pad for figures.
func padLeft(said string, to int) string { return strings.Repeat(" ", max(0, to-width(said))) + said }

// wrap breaks a line into lines of so many columns at most: between words, and between Chinese characters where their
// punctuation allows it. What is to be typed stands on one line where it can. Only a word that is longer than a line is broken
// in itself.
func wrap(said string, room int) []string {
	var lines []string
	line, used := "", 0
	for _, piece := range pieces(said, room) {
		bare := strings.TrimRight(piece, " ")
		if bare == "" && used > 0 {
			line, used = line+piece, used+len(piece)
			continue
		}
		for used+width(bare) > room {
			if used > 0 {
				lines, line, used = append(lines, strings.TrimRight(line, " ")), "", 0
				continue
			}
			head := cut(bare, room)
			lines, bare, piece = append(lines, head), bare[len(head):], piece[len(head):]
		}
		line, used = line+piece, used+width(piece)
	}
	return append(lines, strings.TrimRight(line, " "))
}

// pieces are the parts of a line that are not broken, each with the blanks behind it: words, Chinese characters, and what
// stands in backquotes if it is no wider than a line.
func pieces(said string, room int) []string {
	var all []string
	quoted := -1 // where in all the quotation began that is open
	piece, state := "", -1
	for said != "" {
		var segment string
		segment, said, _, state = uniseg.FirstLineSegmentInString(said, state)
		piece += segment
		if said != "" && !breakable(piece, said) {
			continue
		}
		if strings.Count(piece, "`")%2 == 1 {
			if quoted < 0 {
				quoted = len(all)
			} else if whole := strings.Join(all[quoted:], "") + piece; width(whole) <= room {
				all, piece, quoted = all[:quoted], whole, -1
			} else {
				quoted = -1
			}
		}
		all, piece = append(all, piece), ""
	}
	return all
}

// breakable keeps names, flags, paths and offsets of times together: where Unicode allows a break, it is taken at a blank and
// beside a Chinese character only.
func breakable(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(after)
	if last == ' ' {
		return first != '+' || len(after) < 2 || after[1] == ' '
	}
	return uniseg.StringWidth(string(last)) == 2 || uniseg.StringWidth(string(first)) == 2
}

// cut is as much of a word as fits, one character at least.
func cut(word string, room int) string {
	at := 0
	for g := uniseg.NewGraphemes(word); g.Next(); {
		_, to := g.Positions()
		if at > 0 && width(word[:to]) > room {
			break
		}
		at = to
	}
	return word[:at]
}
