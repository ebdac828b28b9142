package main

import (
	"context"
	"errors"

	"notify/pkg/console"
	"notify/pkg/exit"
	"notify/pkg/ledger"
	"notify/pkg/send"
	"notify/pkg/words"
)

// lift is how a command goes on with a campaign that a person paused: a person lifts it, by flag or at the terminal; a script
// never does. A pause that the program made by itself is lifted by whoever goes on.
type lift struct {
	flag bool        // --lift-pause
	seen *ledger.Act // the pause that may be lifted; nil where there is none
}

// may asks for what is needed to go on with a paused campaign, and notes which pause it was.
func (e *env) may(ctx context.Context, c ledger.Campaign, l *lift) error {
	l.seen = c.Paused
	if !send.ByPerson(c.Paused) || l.flag {
		return nil
	}
	if e.flags.yes {
		return pausedByPerson(c)
	}
	ok, err := e.ask(ctx, e.printer().Say(words.T("cmd.ask.lift", pauseOf(c))), c.Name)
	if errors.Is(err, console.ErrNoTerminal) || err == nil && !ok {
		return pausedByPerson(c)
	}
	return err
}

// unpause lifts the pause that was seen, and no other: somebody may have paused again in the meantime.
func (e *env) unpause(ctx context.Context, l ledger.Ledger, name, why string, o lift) error {
	c, err := l.Campaign(ctx, name)
	if err != nil || c.Paused == nil {
		return err
	}
	if send.ByPerson(c.Paused) && (o.seen == nil || !o.seen.At.Equal(c.Paused.At)) {
		return pausedByPerson(c)
	}
	by, err := e.about(ctx, l, name, e.said("unpause", words.Of("act", why)))
	if err != nil {
		return err
	}
	return l.Unpause(ctx, name, by)
}

func pausedByPerson(c ledger.Campaign) error {
	return &ending{code: exit.Person, err: words.Err("cmd.error.paused", pauseOf(c)).Do("cmd.do.lift", words.A{"campaign": words.Typed(c.Name)})}
}

func pauseOf(c ledger.Campaign) words.A {
	return words.A{"campaign": c.Name, "who": c.Paused.Who, "at": c.Paused.At, "why": c.Paused.Why()}
}
