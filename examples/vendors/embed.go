// Package vendorfiles holds the vendor files that ship with notify: each describes an HTTP API to the adapter in
// pkg/vendors/http, and is an example to copy. It holds data only; package all hands it to the adapter.
package vendorfiles

import "embed"

//go:embed *.yaml
var files embed.FS

// FS are the files, by names such as "sandbox-sms.yaml".
func FS() embed.FS { return files }
