package main

import (
	"path/filepath"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/outfile"
	"notify/pkg/words"
)

// inputsOf are the files that no output may replace: those of the installation, and of the campaign and its list where one is at
// hand.
func inputsOf(cfg *config.Config, c *campaign.Campaign, lists ...string) []outfile.Input {
	var all []outfile.Input
	add := func(what words.Text, paths ...string) {
		for _, p := range paths {
			if p != "" {
				all = append(all, outfile.Input{What: what, Path: p})
			}
		}
	}
	add(words.T("outfile.what.list", nil), lists...)
	if c != nil {
		add(words.T("outfile.what.campaign", nil), c.Path)
		add(words.T("outfile.what.of-campaign", nil), c.Files...)
	}
	if file := cfg.Ledger.File(); file != "" {
		add(words.T("outfile.what.ledger", nil), file, file+"-wal", file+"-shm")
	}
	add(words.T("outfile.what.config", nil), cfg.Path)
	add(words.T("outfile.what.of-config", nil), cfg.Files...)
	for _, a := range cfg.Accounts {
		for _, v := range a.Options { // vendor files, certificates: whatever is a file is one that is read
			if name, ok := v.(string); ok && name != "" {
				if !filepath.IsAbs(name) {
					name = filepath.Join(cfg.Dir, name)
				}
				add(words.T("outfile.what.of-account", nil), name)
			}
		}
	}
	return all
}
