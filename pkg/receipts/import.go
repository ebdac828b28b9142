package receipts

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/ledger"
	"notify/pkg/list"
	"notify/pkg/message"
)

// importPortion is how many rows of a file are one receipt.
const importPortion = 500

// Import says how a file of a vendor's console is taken in.
type Import struct {
	File     string
	Sheet    string
	Account  string
	Mapping  *Mapping
	Channels channel.Set
	Country  string
	Now      time.Time
}

// Imported counts what a file came to: Rows are those with a state that the mapping knows and those without.
type Imported struct {
	Rows, Unread int
	Kept         int // receipts that are new
	// Mails says that the rows were mails, a receipt each.
	Mails bool
}

// Take keeps a file's rows, some at a time. It proves as much as the person who brings it: whoever does it again changes nothing.
func (im *Import) Take(ctx context.Context, box Box) (Imported, error) {
	var sum Imported
	var events []message.Event
	flush := func() error {
		if len(events) == 0 {
			return nil
		}
		r, err := eventsReceipt(im.Account, im.File, events, message.GradePerson, im.Now)
		if err != nil {
			return err
		}
		news, err := box.Keep(ctx, []ledger.Receipt{r})
		if err == nil && news[0] {
			sum.Kept++
		}
		events = nil
		return err
	}
	err := im.each(ctx, func(e message.Event, ok bool) error {
		sum.Rows++
		if !ok {
			sum.Unread++
			return nil
		}
		if events = append(events, e); len(events) < importPortion {
			return nil
		}
		return flush()
	})
	if err != nil {
		return sum, err
	}
	return sum, flush()
}

func (im *Import) each(ctx context.Context, take func(message.Event, bool) error) error {
	if strings.HasSuffix(strings.ToLower(im.File), ".json") {
		b, err := os.ReadFile(im.File)
		if err != nil {
			return err
		}
		events, err := im.Mapping.events(b)
		for _, e := range events {
			if err := take(e, true); err != nil {
				return err
			}
		}
		return err
	}
	r, err := list.Open(ctx, im.File, list.Options{Sheet: im.Sheet, Columns: im.columns(ctx), Country: im.Country, Channels: im.Channels})
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	r.Use(nil)
	var row list.Row
	problems := new(diag.List)
	for {
		if err := r.Next(&row, problems); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		columns := r.Header().Columns
		e, ok := im.Mapping.event(func(name string) string {
			if i := slices.Index(columns, name); i >= 0 && i < len(row.Values) {
				return row.Values[i]
			}
			return ""
		})
		if err := take(e, ok); err != nil {
			return err
		}
	}
}

// columns say in which of its columns the file has the addresses.
func (im *Import) columns(ctx context.Context) map[string]string {
	h, err := list.Headers(ctx, im.File, list.Options{Sheet: im.Sheet, Channels: im.Channels})
	if err != nil && len(h.Columns) == 0 {
		return nil // Open says what is wrong
	}
	for _, name := range im.Mapping.Columns["to"] {
		if slices.Contains(h.Columns, name) {
			if strings.Contains(strings.ToLower(name), "mail") || strings.Contains(name, "邮") {
				return map[string]string{"email": name}
			}
			return map[string]string{"phone": name}
		}
	}
	return nil
}
