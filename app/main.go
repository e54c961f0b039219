// Command balise is the resident agent with its tray icon, and the command line.
//
// This package wires and does nothing else: what the program does is in app/internal, diagnostics and client.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"balise/app/internal/cli"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p, err := newProgram(os.Getenv)
	if err != nil {
		os.Stderr.WriteString("balise: " + err.Error() + "\n")
		return cli.ExitFailed
	}
	return cli.Run(ctx, p.commands(os.Args[1:]))
}
