package main

import (
	"path/filepath"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/outfile"
)

// inputsOf are the files that no output may replace: those of the installation, and of the campaign and its list where one is at
// hand.
func inputsOf(cfg *config.Config, c *campaign.Campaign, lists ...string) []outfile.Input {
	var all []outfile.Input
	add := func(what string, paths ...string) {
		for _, p := range paths {
			if p != "" {
				all = append(all, outfile.Input{What: what, Path: p})
			}
		}
	}
	add("the list", lists...)
	if c != nil {
		add("the campaign file", c.Path)
		add("a file of the campaign", c.Files...)
	}
	add("the ledger", cfg.Ledger, cfg.Ledger+"-wal", cfg.Ledger+"-shm")
	add("the configuration", cfg.Path)
	add("a file of the configuration", cfg.Files...)
	for _, a := range cfg.Accounts {
		for _, v := range a.Options { // vendor files, certificates: whatever is a file is one that is read
			if name, ok := v.(string); ok && name != "" {
				if !filepath.IsAbs(name) {
					name = filepath.Join(cfg.Dir, name)
				}
				add("a file of an account", name)
			}
		}
	}
	return all
}
