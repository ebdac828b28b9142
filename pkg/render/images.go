package render

import (
	"regexp"
	"slices"
	"strings"

	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/words"
)

// imageAt finds the addresses of images: src and background of tags, url(…) of styles.
var imageAt = regexp.MustCompile(`(?i)<(?:img|v:fill|v:imagedata|v:image|input|source)\b[^>]*?\ssrc\s*=\s*["']?([^"'\s>]+)|\sbackground\s*=\s*["']?([^"'\s>]+)|url\(\s*["']?([^"'()\s]+)["']?\s*\)`)

// scheme is how an address begins that leads out of the mail.
var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// images looks at the images of a page: one that stands on the writer's machine reaches nobody. Attachments that an image
// names by cid: go inside the mail; their copies with that id are returned, in the order of all.
func (p parser) images(place diag.Place, text string, attached []message.Attachment) []message.Attachment {
	out := slices.Clone(attached)
	visible := blanked(text, comments)
	for _, m := range imageAt.FindAllStringSubmatchIndex(visible, -1) {
		at, end := m[2], m[3]
		for group := 2; group <= 3 && at < 0; group++ {
			at, end = m[2*group], m[2*group+1]
		}
		address, row := visible[at:end], 1+strings.Count(visible[:at], "\n")
		cid, inline := strings.CutPrefix(strings.ToLower(address), "cid:")
		switch {
		case strings.HasPrefix(address, "{{"), strings.HasPrefix(address, "#"):
		case inline:
			i := slices.IndexFunc(out, func(a message.Attachment) bool { return strings.EqualFold(a.Name, cid) })
			if i < 0 {
				p.problem(place, row, words.T("text.image-cid", words.A{"address": address}),
					words.T("text.do.attach", words.A{"name": address[len("cid:"):]}))
				continue
			}
			if !contentID.MatchString(cid) {
				p.problem(place, row, words.T("text.image-name", words.A{"name": out[i].Name}), words.T("text.do.image-name", nil))
				continue
			}
			out[i].ContentID = address[len("cid:"):]
		case strings.HasPrefix(strings.ToLower(address), "file:"), windowsPath.MatchString(address):
			p.problem(place, row, words.T("text.image-file", words.A{"address": address}), words.T("text.do.image", nil))
		case !scheme.MatchString(address):
			p.problem(place, row, words.T("text.image-relative", words.A{"address": address}), words.T("text.do.image", nil))
		}
	}
	return out
}

var (
	// contentID is what mail programs are sure to read as one (RFC 2392).
	contentID   = regexp.MustCompile(`^[A-Za-z0-9._@-]+$`)
	windowsPath = regexp.MustCompile(`^[A-Za-z]:[\\/]|^\\\\`)
	// comments are those that no mail program reads; what stands in one for Outlook is read.
	comments = regexp.MustCompile(`(?s)<!--[^\[<].*?-->|<!---->`)
)

// blanked is the text with everything that matches made blank.
func blanked(text string, what *regexp.Regexp) string {
	return what.ReplaceAllStringFunc(text, spaces)
}
