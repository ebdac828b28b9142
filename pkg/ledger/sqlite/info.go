package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"notify/pkg/ledger"
)

// Info describes the file, with what the database itself says about its commits.
func (l *Ledger) Info(ctx context.Context) (ledger.Info, error) {
	info := ledger.Info{ID: l.id, Driver: "sqlite", Place: l.path, Schema: l.schema, Created: l.made, Free: -1, Synced: synced(l.path, os.Getenv), Exposed: l.exposed()}
	if free, err := freeBytes(filepath.Dir(l.path)); err == nil {
		info.Free = free
	}
	if l.writer == nil {
		// The level belongs to the connection that writes, and this one has none.
		return info, nil
	}
	err := l.doAnyway(ctx, "describe", func(x *tx) error {
		var level int
		var journal string
		if err := x.one([]any{&level}, "PRAGMA synchronous"); err != nil {
			return err
		}
		if err := x.one([]any{&journal}, "PRAGMA journal_mode"); err != nil {
			return err
		}
		info.Durable = level == fullSync && journal == "wal"
		return nil
	})
	return info, err
}

// Size is that of the file, and of what was committed and not yet taken into it.
func (l *Ledger) Size(context.Context) (int64, error) {
	var size int64
	for _, name := range []string{l.path, l.path + "-wal"} {
		st, err := os.Stat(name)
		if err == nil {
			size += st.Size()
		} else if !errors.Is(err, fs.ErrNotExist) {
			return 0, l.failed("describe", err)
		}
	}
	return size, nil
}

// exposed is the ledger's file, or one beside it, or its folder, that everybody on this machine may write to; empty where there is none. In a
// folder with the sticky bit, such as /tmp, nobody can take the place of what is another's.
func (l *Ledger) exposed() string {
	for _, name := range []string{l.path, l.path + "-wal", l.path + "-shm", filepath.Dir(l.path)} {
		st, err := os.Stat(name)
		if err == nil && runtime.GOOS != "windows" && st.Mode()&0o002 != 0 && st.Mode()&fs.ModeSticky == 0 {
			return name
		}
	}
	return ""
}
