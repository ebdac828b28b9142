package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"notify/pkg/inuse"
	"notify/pkg/ledger"
	"notify/pkg/ledger/stored"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// littleSpace is the free space below which an I/O error is taken for a full disk: a write-ahead log grows by pages, and
// its index by 32 KiB.
const littleSpace = 64 << 10

// unsupportedFormat is what SQLite says, without a code of its own, of a header with a schema format that there is none of.
const unsupportedFormat = "unsupported file format"

// failed wraps what went wrong, with the sentinel that it is.
func (l *Ledger) failed(doing string, err error) error {
	return &stored.FailedError{Doing: doing, Ledger: l.path, Err: translate(l.path, err)}
}

// translate puts the sentinel of package ledger on an error of the database or the file system.
func translate(path string, err error) error {
	if err == nil || errors.Is(err, ledger.ErrFull) {
		return err
	}
	if sentinel := sentinelOf(path, err); sentinel != nil {
		return fmt.Errorf("%w: %w", sentinel, err)
	}
	return err
}

func sentinelOf(path string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return ledger.ErrFull
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return ledger.ErrReadOnly
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return ledger.ErrBusy
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return ledger.ErrReadOnly
	case sqlite3.SQLITE_FULL:
		return ledger.ErrFull
	case sqlite3.SQLITE_CORRUPT:
		return ledger.ErrDamaged
	case sqlite3.SQLITE_NOTADB:
		return ledger.ErrNotLedger
	case sqlite3.SQLITE_ERROR:
		if strings.Contains(e.Error(), unsupportedFormat) {
			return ledger.ErrDamaged
		}
	case sqlite3.SQLITE_CANTOPEN:
		if inuse.Held(path) {
			return ledger.ErrBusy
		}
	case sqlite3.SQLITE_IOERR:
		return sentinelOfIO(path, e.Code())
	}
	return nil
}

func sentinelOfIO(path string, code int) error {
	if free, err := freeBytes(filepath.Dir(path)); err == nil && free >= 0 && free < littleSpace {
		return ledger.ErrFull
	}
	if code == sqlite3.SQLITE_IOERR_SHORT_READ {
		return ledger.ErrDamaged
	}
	return nil
}

// busy reports whether another process was in the way.
func busy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_BUSY
}

// cannotOpen reports whether the file, or one of its companions, could not be opened.
func cannotOpen(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_CANTOPEN
}

// constraint reports whether the schema refused a statement: the fault of one request, not of the disk.
func constraint(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_CONSTRAINT
}
