//go:build unix && !linux

package main

// unit is what the system counts memory in.
const unit = 1
