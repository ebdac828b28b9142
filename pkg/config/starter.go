package config

import _ "embed" // for the starting configuration

//go:embed starter.yaml
var starter string

// Starter is the commented notify.yaml that a new installation begins with. It is complete: with the sandbox running on
// this machine, campaigns can be sent at once, to invented recipients.
func Starter() string { return starter }
