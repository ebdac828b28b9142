package words_test

import (
	"slices"
	"strings"
	"testing"
	"text/template"

	"notify/pkg/words"
)

// Entries are taken out of their files one by one: each must be what the whole file has under its id.
func TestEverySentenceIsSaidAsItStandsInItsFile(t *testing.T) {
	for _, lang := range []words.Language{words.English, words.Chinese} {
		for id, e := range catalogue(t, lang) {
			args := words.A{"n": 2}
			for _, name := range e.args {
				if name != "n" {
					args[name] = "<" + name + ">"
				}
			}
			var want []string
			for _, text := range e.texts {
				var said strings.Builder
				if err := template.Must(template.New(id).Parse(text)).Execute(&said, args); err != nil {
					t.Fatal(err)
				}
				want = append(want, said.String())
			}
			if got := (words.Printer{Lang: lang}).Say(words.T(id, args)); id != "words.raw" && !slices.Contains(want, got) {
				t.Errorf("%s: %s is said as %q, and stands as %q", lang, id, got, want)
			}
		}
	}
}
