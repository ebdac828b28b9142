package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// listed is what `go list` says of a package.
type listed struct {
	Dir, ImportPath, Name string
	GoFiles, EmbedFiles   []string
}

func list(ctx context.Context, dirs []string) ([]listed, error) {
	out, err := exec.CommandContext(ctx, "go", append([]string{"list", "-json=Dir,ImportPath,Name,GoFiles,EmbedFiles"}, dirs...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var l listed
		if err := d.Decode(&l); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		all = append(all, l)
	}
}

// find names every slip of a room's files: those of this system, and the SQL that they embed.
func find(packages []listed) (map[string]slip, error) {
	top, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	named := make(map[string]slip)
	for _, l := range packages {
		for _, f := range append(l.GoFiles, l.EmbedFiles...) {
			slips, err := plantFile(top, filepath.Join(l.Dir, f))
			if err != nil {
				return nil, err
			}
			for _, s := range slips {
				same := 0
				for {
					if _, taken := named[s.name(same)]; !taken {
						break
					}
					same++
				}
				named[s.name(same)] = s
			}
		}
	}
	return named, nil
}

func plantFile(top, path string) ([]slip, error) {
	name, err := filepath.Rel(top, path)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	switch filepath.Ext(path) {
	case ".go":
		return plant(filepath.ToSlash(name), text)
	case ".sql":
		return plantSQL(filepath.ToSlash(name), text), nil
	}
	return nil, nil
}
