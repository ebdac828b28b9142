package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"notify/checklists"
	"notify/pkg/campaign"
	"notify/pkg/checklist"
	"notify/pkg/config"
	"notify/pkg/words"
)

type initOptions struct {
	dir     string
	list    string
	sheet   string
	columns map[string]string
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
			"notify init --list award.xlsx --sheet 获奖名单 --columns phone=联系方式,email=邮箱", "",
		),
		Args: upToOne(words.T("cmd.arg.folder", nil)),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir = first(args)
			return run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.list, "list", "", e.say("cmd.init.flag-list", nil))
	c.Flags().StringVar(&o.sheet, "sheet", "", e.say("cmd.init.flag-sheet", nil))
	c.Flags().StringToStringVar(&o.columns, "columns", nil, e.say("cmd.init.flag-columns", nil))
	return c
}

func runInit(ctx context.Context, e *env, o initOptions) error {
	so := campaign.StarterOptions{List: o.list, Checklist: true}
	notes := []words.Text{}
	if o.list == "" && (o.sheet != "" || len(o.columns) > 0) {
		return usage(words.Err("init.needs-list", nil).Do("init.add-list", nil))
	}
	if o.list != "" {
		more, err := starterColumns(ctx, &so, o)
		if err != nil {
			return err
		}
		notes = append(notes, more...)
	}
	dir := o.folder()
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return usage(words.Err("init.no-folder", words.A{"file": dir}).Do("init.its-columns", words.A{"list": words.Typed(dir)}))
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
	wrote, kept, err := writeAllNew(dir, files)
	if err != nil {
		return err
	}
	did, more := initSaid(wrote, kept, notes, listOr(o.list))
	if err := e.did("init", did, map[string]any{"dir": dir, "wrote": wrote, "kept": kept, "notes": notes}); err != nil || e.flags.json {
		return err
	}
	p := e.printer()
	for _, line := range more {
		p.Wrapped("", p.Say(line))
	}
	return p.Flush()
}

// folder is where the files go: that of the list, where none is named.
func (o initOptions) folder() string {
	if o.dir == "" {
		return filepath.Dir(o.list)
	}
	return o.dir
}

// writeAllNew writes those files that are not there yet, and leaves the others alone.
func writeAllNew(dir string, files []campaign.File) (wrote, kept []string, err error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, nil, words.Wrap(err, "cmd.error.make-folder", words.A{"folder": dir})
	}
	for _, f := range files {
		fresh, err := writeNew(filepath.Join(dir, f.Name), f.Text)
		if err != nil {
			return nil, nil, err
		}
		if fresh {
			wrote = append(wrote, f.Name)
		} else {
			kept = append(kept, f.Name)
		}
	}
	return wrote, kept, nil
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
		return false, words.Wrap(err, "cmd.error.write", words.A{"file": path})
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return false, words.Wrap(err, "cmd.error.write", words.A{"file": path})
	}
	return true, nil
}

func listOr(path string) string {
	if path == "" {
		return "award.xlsx"
	}
	return path
}
