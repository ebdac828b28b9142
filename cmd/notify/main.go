// Command notify tells many people something once: it proves beforehand that a campaign will get through, records what
// leaves before it leaves, and goes on where it stopped.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // Asia/Shanghai on bare hosts and on Windows

	"notify/pkg/console"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// run is the whole program; tests call it as a child process.
func run(args []string) int {
	undo := console.SurvivePipes()
	defer undo()
	ctx, stop := interruptible()
	defer stop()
	e := newEnv(os.Stdin, os.Stdout, os.Stderr, os.Getenv, func() time.Time { return time.Now().Round(0) })
	defer e.close()
	e.lang = chosenLanguage(args, os.Getenv)
	root := newRoot(e)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return e.exit(err)
}

// interruptible ends ctx at the first signal, so that what is under way is finished and recorded. The second one leaves at
// once: the ledger is right all the same.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		fmt.Fprintln(os.Stderr, "\nnotify: stopping: what is under way is finished and recorded; once more leaves at once")
		cancel(errInterrupted)
		if _, ok := <-signals; !ok {
			return
		}
		fmt.Fprintln(os.Stderr, "notify: left at once; `notify resume` goes on, and says what is unknown")
		os.Exit(exitPaused)
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel(nil)
	}
}
