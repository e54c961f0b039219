//go:build cgo || ci

// Command balise-window is Balise's window. The agent starts it when it is wanted; it ends some minutes after
// it was closed.
//
// This package wires and does nothing else; the pages are in app/internal/ui. It is the only one that links
// OpenGL.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"github.com/gofrs/flock"

	"balise/app/internal/config"
	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
	"balise/app/internal/platform/paths"
	"balise/app/internal/product"
	"balise/app/internal/ui"
)

// The exit codes that the agent reads.
const (
	exitOK     = 0
	exitUsage  = 2
	exitNoShow = 3 // there is no display or no OpenGL; one JSON line on stderr says which
)

type options struct {
	socket, page, incident string
	probe                  bool
}

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

func run(args []string, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage
	case o.probe:
		return probe(stderr)
	}
	if err := canShow(); err != nil {
		return noWindow(stderr, err)
	}
	only := flock.New(o.socket + ".window")
	if first, err := only.TryLock(); err == nil && !first {
		// A window is there already, perhaps from before the agent was started again. It follows the agent's
		// events and shows the page itself.
		return exitOK
	}
	defer only.Close()
	return show(o, stderr)
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("balise-window", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.socket, "socket", "", "the agent's socket; empty is the one of this user")
	f.StringVar(&o.page, "page", "", "the page to open: describe, tickets, ticket/N, check, settings, outbox")
	f.StringVar(&o.incident, "incident", "", "the incident to go on with")
	f.BoolVar(&o.probe, "probe-gl", false, "tell by the exit code whether a window could be shown")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		fmt.Fprintf(stderr, "balise-window: what is %q? See --help.\n", f.Arg(0))
		return o, flag.ErrHelp
	}
	if o.socket == "" {
		state, err := paths.State()
		if err != nil {
			fmt.Fprintln(stderr, "balise-window:", err)
			return o, err
		}
		o.socket = paths.Socket(state)
	}
	return o, nil
}

// show runs the window until it ends. A panic of the toolkit while it opens the display is told like any
// other missing display.
func show(o options, stderr io.Writer) (code int) {
	opened := false
	defer func() {
		if r := recover(); r != nil {
			if opened {
				panic(r)
			}
			code = noWindow(stderr, fmt.Errorf("%w: %v", errGraphics, r))
		}
	}()
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	service := api.At(o.socket)
	app.SetMetadata(metadata())
	a := app.NewWithID(product.AppID)
	w := ui.New(ui.Params{
		App: a, Service: service, Texts: i18n.New(language(service)), Page: o.page, Incident: o.incident,
		Log: log,
	})
	a.Lifecycle().SetOnStarted(func() { opened = true })
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		fyne.Do(a.Quit)
	}()
	w.Run()
	return exitOK
}

// stateWait is how long the first answer of the agent may delay the window: it answers from memory.
const stateWait = 2 * time.Second

// language is the agent's, which knows the settings; without an agent it is the system's.
func language(s api.Service) string {
	ctx, cancel := context.WithTimeout(context.Background(), stateWait)
	defer cancel()
	if state, err := s.State(ctx); err == nil && state.Language != "" {
		return state.Language
	}
	return config.ResolveLanguage("auto")
}

func metadata() fyne.AppMetadata {
	return fyne.AppMetadata{
		ID: product.AppID, Name: product.Name, Version: product.Version, Build: product.Build, Release: true,
		Custom: map[string]string{},
	}
}
