package sqlite

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"syscall"

	"notify/pkg/ledger"
)

var _ ledger.Watcher = (*Ledger)(nil)

// AtWork looks whether the processes of the campaign's runs exist. It takes no lock, so that looking can never stand in the
// way of a run that begins. A run on another machine counts as alive until its lease has ended it.
func (l *Ledger) AtWork(ctx context.Context, campaign string) ([]ledger.Run, error) {
	c, err := l.Campaign(ctx, campaign)
	if errors.Is(err, ledger.ErrNoCampaign) {
		return nil, nil
	}
	return slices.DeleteFunc(c.Holders, func(r ledger.Run) bool {
		return r.Host == l.opts.Machine && !processExists(r.PID)
	}), err
}

// processExists reports whether there is a process of this number. A number that was given to another process since says
// yes: then the lease has the last word.
func processExists(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer func() { _ = p.Release() }()
	if runtime.GOOS == "windows" {
		return true // there, FindProcess opens the process and fails where there is none
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EPERM)
}
