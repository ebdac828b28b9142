package checklist

import (
	"fmt"
	"io/fs"
	"strings"
)

// starterList is the shipped list that a new campaign begins with.
const starterList = "award-notice"

// starterHead is what stands above the items: file, campaign file, file again, and name.
const starterHead = `# %[1]s: what is looked at before, during and after the campaign; %[2]s names it. Most lines are something that went
# wrong once. Change them to what your team has to look at, and keep the reason (why) of each.
#
# check: a preflight check proves it. sign: a person answers for it, by notify checklist sign CAMPAIGN ITEM --as NAME.
# sign: alone is one signature; sign: {evidence: file, expires: 24h, people: 2} wants more. Evidence is file, link, note or any.
# phase: before, during or after. What is signed before the campaign stops it until it is signed; those lines begin with # here.
# Take their # away once notify.yaml says who may sign for which role:
# roles: {operations: [wang, zhang], product: [li], it: [chen], legal: [liu], customer-service: [zhao]}
#
# notify checklist show --checklist %[1]s prints this list.

name: %[3]q
`

// Starter is the text of a first list of a team's own: the shipped list for a notice, with comments. It loads as it is. Its
// items that people sign before a campaign are commented out, because nobody may sign yet.
func Starter(shipped fs.FS, name, file, campaignFile string) (string, error) {
	data, err := fs.ReadFile(shipped, starterList+".yaml")
	if err != nil {
		return "", fmt.Errorf("make the checklist: %w", err)
	}
	_, rest, ok := strings.Cut(string(data), "\ntitle: ")
	if !ok {
		return "", fmt.Errorf("make the checklist: %s has no title", starterList)
	}
	blocks := strings.Split("title: "+rest, "\n\n")
	for i, b := range blocks {
		if strings.Contains(b, "\n    sign:") && strings.Contains(b, "\n    phase: before\n") {
			blocks[i] = "#" + strings.ReplaceAll(strings.TrimRight(b, "\n"), "\n", "\n#")
		}
	}
	return fmt.Sprintf(starterHead, file, campaignFile, name) + strings.TrimRight(strings.Join(blocks, "\n\n"), "\n") + "\n", nil
}
