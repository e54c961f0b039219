// Command lab breaks a computer on purpose, in namespaces of its own, and grades what Balise says of it.
//
//	go run ./diagnostics/lab --scenarios diagnostics/lab/scenarios --seeds 3
//
// It needs root, touches nothing of the machine that it runs on, and ends with 0 when every target is met, 1 when
// one is missed, 2 when the command line or a scenario is wrong. README.md beside it says how to write scenarios.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"balise/diagnostics/lab/play"
)

func main() { os.Exit(run()) }

func run() int {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case play.WorkerArg:
			if err := play.Work(context.Background(), os.Stdin, os.Stdout); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return exitMissed
			}
			return exitMet
		case play.BusyArg:
			play.Spin()
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return lab(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// Exit codes.
const (
	exitMet    = 0
	exitMissed = 1
	exitUsage  = 2
)

// lab is the whole program.
func lab(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if err != nil {
		return complain(stderr, err)
	}
	if o.actions {
		return exit(stderr, printActions(stdout, o.json))
	}
	plan, err := o.plan()
	if err != nil {
		return complain(stderr, err)
	}
	switch {
	case o.check:
		fmt.Fprintf(stdout, "%d scenarios, with their pairs, are well formed\n", len(plan.scenarios))
		return exitMet
	case o.list:
		return exit(stderr, printList(stdout, plan.scenarios))
	case os.Geteuid() != 0:
		return complain(stderr, errors.New("namespaces need root (--check, --list and --actions do not)"))
	}
	missed, err := plan.grade(ctx, o, stdout, stderr)
	if err != nil {
		return complain(stderr, err)
	}
	if missed {
		return exitMissed
	}
	return exitMet
}

// errHelp ends the program after the help was printed.
var errHelp = errors.New("help")

func complain(w io.Writer, err error) int {
	if errors.Is(err, errHelp) {
		return exitMet
	}
	fmt.Fprintln(w, "lab:", err)
	return exitUsage
}

func exit(w io.Writer, err error) int {
	if err != nil {
		return complain(w, err)
	}
	return exitMet
}
