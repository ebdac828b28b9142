// Command notify tells many people something once: it proves beforehand that a campaign will get through, records what
// leaves before it leaves, and goes on where it stopped.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"
	_ "time/tzdata" // Asia/Shanghai on bare hosts and on Windows

	"notify/pkg/console"
	"notify/pkg/exit"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// run is the whole program; tests call it as a child process.
func run(args []string) int {
	undo := console.SurvivePipes()
	defer undo()
	e := newEnv(os.Stdin, os.Stdout, os.Stderr, os.Getenv, func() time.Time { return time.Now().Round(0) })
	defer e.close()
	e.early = readEarly(args, os.Getenv)
	e.lang = e.early.lang
	ctx, stop := e.interruptible()
	defer stop()
	root := e.tree(args)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return e.exit(err)
}

// interruptible ends ctx at the first signal, so that what is under way is finished and recorded. The second one leaves at
// once: the ledger is right all the same. A window that is closed and a connection that is lost are such signals, too.
func (e *env) interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, console.StopSignals()...)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		stopping, left := "cmd.line.ending", "cmd.line.ended"
		if e.delivers.Load() {
			stopping, left = "cmd.line.stopping", "cmd.line.left"
		}
		fmt.Fprintln(e.console.Err, "\n"+e.say(stopping, nil))
		cancel(errInterrupted)
		if _, ok := <-signals; !ok {
			return
		}
		fmt.Fprintln(e.console.Err, e.say(left, nil))
		os.Exit(exit.Paused)
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel(nil)
	}
}
