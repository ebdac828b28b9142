package yamldoc

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Shipped are files that come with the program, all in one folder, under names without their ending.
type Shipped struct {
	Files  fs.FS
	Folder string
}

// Names are the names of all.
func (s Shipped) Names() []string {
	files, err := fs.Glob(s.Files, path.Join(s.Folder, "*.yaml"))
	if err != nil {
		return nil // the pattern is not malformed
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(path.Base(f), ".yaml")
	}
	return files
}

// Decode reads one that is shipped, by its name, or else a file, which is looked for in dir. A key that the value has no place for is an error.
func (s Shipped) Decode(name, dir string, into any) error {
	b, err := fs.ReadFile(s.Files, path.Join(s.Folder, name+".yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		b, err = os.ReadFile(name)
	}
	if err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	return d.Decode(into)
}
