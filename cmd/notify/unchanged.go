package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"notify/pkg/campaign"
	"notify/pkg/config"
	"notify/pkg/ledger"
	"notify/pkg/message"
	"notify/pkg/plan"
	"notify/pkg/report"
	"notify/pkg/send"
)

// sourceOf is the hash of everything that says who is told: list, campaign file, texts and attachments byte for byte, the country of numbers
// without one, and the program that reads them. It is empty where a file cannot be read, which the reading of the list will tell.
func sourceOf(cfg *config.Config, c *campaign.Campaign, list string) string {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s\n%s\n", version, cfg.Country)
	for _, path := range append([]string{list}, c.Files...) {
		if err := addFile(h, path); err != nil {
			return ""
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func addFile(to io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(to, "\n%d\n", info.Size())
	_, err = io.Copy(to, f)
	return err
}

// plain reports whether a person wants the campaign sent, and nothing beside.
func (o *sendOptions) plain() bool {
	part, err := o.part()
	return err == nil && part.All() && o.problems == "" && len(o.overrides) == 0 && !o.removeMissing && !o.lift.flag
}

// asStaged says how a campaign ended of which nothing is left to send and nothing was changed: the list is not read again, however long it
// is. It is false where anything could still leave, or could have been added.
func (e *env) asStaged(ctx context.Context, l ledger.Ledger, name, source string, o sendOptions) (bool, error) {
	if !o.plain() || source == "" {
		return false, nil
	}
	c, err := l.Campaign(ctx, name)
	if errors.Is(err, ledger.ErrNoCampaign) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	counts, err := l.Counts(ctx, name)
	if err != nil || counts.Of(message.Pending, message.Attempting) > 0 || c.Aborted != nil || c.Paused != nil {
		return false, err
	}
	spec, err := plan.DecodeSpec(c.Spec)
	if err != nil || spec.Source != source || report.NeverStaged(&spec, counts) > 0 {
		return false, err
	}
	if err := l.Audit(ctx, name, e.sends(0, 0, counts.Total(), nil, nil)); err != nil {
		return false, err
	}
	e.tell("cmd.line.as-staged", nil)
	return true, e.ended(ctx, l, spec, send.Result{}, counts, nil)
}
