package ledgertest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"notify/pkg/ledger"
)

// Raise implements ledger.Alerts.
func (h *Handle) Raise(ctx context.Context, look ledger.Look) ([]ledger.Notice, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	notices, after := look.Changes(h.m.alerts)
	if len(notices) == 0 && len(after) == len(h.m.alerts) {
		return nil, nil
	}
	for i := range notices {
		h.m.noticed++
		notices[i].ID = h.m.noticed
	}
	slices.SortStableFunc(after, func(a, b ledger.Alert) int {
		return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.Kind, b.Kind), strings.Compare(a.About, b.About))
	})
	h.m.alerts, h.m.notices = after, append(h.m.notices, notices...)
	if len(notices) > 0 {
		h.m.notices = slices.DeleteFunc(h.m.notices, func(n ledger.Notice) bool { return n.At.Before(look.At.Add(-ledger.NoticesKept)) })
	}
	return notices, nil
}

// Alerts implements ledger.Alerts.
func (h *Handle) Alerts(ctx context.Context) ([]ledger.Alert, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return slices.Clone(h.m.alerts), nil
}

// Notices implements ledger.Alerts.
func (h *Handle) Notices(ctx context.Context, after int64, most int) ([]ledger.Notice, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var out []ledger.Notice
	for _, n := range h.m.notices {
		if n.ID > after && len(out) < most {
			out = append(out, n)
		}
	}
	return out, nil
}

// TakeTarget implements ledger.Alerts.
func (h *Handle) TakeTarget(ctx context.Context, name string, now, until time.Time) (ledger.Target, bool, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return ledger.Target{}, false, err
	}
	defer leave()
	i, ok := h.target(name)
	if !ok {
		t := ledger.Target{Name: name}
		for _, n := range h.m.notices {
			if n.At.Before(ledger.FirstTold(now)) {
				t.Reached = n.ID
			}
		}
		h.m.targets = slices.Insert(h.m.targets, i, t)
	}
	t := &h.m.targets[i]
	if !t.Free(now) {
		return *t, false, nil
	}
	t.NotBefore = until
	return *t, true, nil
}

// PutTarget implements ledger.Alerts.
func (h *Handle) PutTarget(ctx context.Context, t ledger.Target) error {
	leave, err := h.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if i, ok := h.target(t.Name); ok {
		h.m.targets[i] = t
	}
	return nil
}

func (h *Handle) target(name string) (int, bool) {
	return slices.BinarySearchFunc(h.m.targets, name, func(t ledger.Target, name string) int { return strings.Compare(t.Name, name) })
}

// Targets implements ledger.Alerts.
func (h *Handle) Targets(ctx context.Context) ([]ledger.Target, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return slices.Clone(h.m.targets), nil
}
