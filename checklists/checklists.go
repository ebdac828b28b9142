// Package checklists holds the checklists that ship with notify, each an example to copy. It holds data only; package
// checklist reads it.
package checklists

import "embed"

//go:embed *.yaml
var files embed.FS

// FS are the files, by names such as "award-notice.yaml".
func FS() embed.FS { return files }
