package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"notify/checklists"
	"notify/pkg/campaign"
	"notify/pkg/checklist"
	"notify/pkg/config"
	"notify/pkg/list"
	"notify/pkg/words"
)

type initOptions struct {
	dir  string
	list string
}

func newInit(e *env, run func(context.Context, initOptions) error) *cobra.Command {
	var o initOptions
	if run == nil {
		run = func(ctx context.Context, o initOptions) error { return runInit(ctx, e, o) }
	}
	c := &cobra.Command{
		Use:   "init [DIR]",
		Short: e.say("cmd.init.short", nil),
		Long:  e.say("cmd.init.long", nil),
		Example: examples(
			"notify init", "",
			"notify init --list award.xlsx", "",
		),
		Args: upToOne(words.T("cmd.arg.folder", nil)),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir = first(args)
			return run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.list, "list", "", e.say("cmd.init.flag-list", nil))
	return c
}

func runInit(_ context.Context, e *env, o initOptions) error {
	so := campaign.StarterOptions{List: o.list, Checklist: true}
	dir := o.dir
	if o.list != "" {
		h, err := list.Headers(o.list, list.Options{})
		if err != nil {
			return listError(err)
		}
		so.Sheet, so.Columns, so.Mapped = h.Sheet, h.Columns, h.Mapped
		if dir == "" {
			dir = filepath.Dir(o.list)
		}
	}
	if dir == "" {
		dir = "."
	}
	files, err := campaign.Starter(so)
	if err != nil {
		return err
	}
	signed, err := starterChecklist(files[0].Name)
	if err != nil {
		return err
	}
	files = append(append([]campaign.File{{Name: "notify.yaml", Text: config.Starter()}}, files...), signed)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	var wrote, kept []string
	for _, f := range files {
		fresh, err := writeNew(filepath.Join(dir, f.Name), f.Text)
		if err != nil {
			return err
		}
		if fresh {
			wrote = append(wrote, f.Name)
		} else {
			kept = append(kept, f.Name)
		}
	}
	text := "wrote " + strings.Join(wrote, ", ")
	if len(wrote) == 0 {
		text = "wrote nothing"
	}
	if len(kept) > 0 {
		text += "; left alone what was there: " + strings.Join(kept, ", ")
	}
	return e.did("init", words.Raw(text+". Fill them in, then: notify preflight "+listOr(o.list)), map[string]any{"dir": dir, "wrote": wrote, "kept": kept})
}

// starterChecklist is the checklist that a new campaign file names.
func starterChecklist(campaignFile string) (campaign.File, error) {
	base := strings.TrimSuffix(campaignFile, ".yaml")
	f := campaign.File{Name: base + campaign.ChecklistEnding}
	var err error
	f.Text, err = checklist.Starter(checklists.FS(), base, f.Name, campaignFile)
	return f, err
}

// writeNew writes a file unless it is there already.
func writeNew(path, text string) (bool, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return false, fmt.Errorf("write %s: %w", path, err)
	}
	return true, nil
}

func listOr(path string) string {
	if path == "" {
		return "award.xlsx"
	}
	return path
}
