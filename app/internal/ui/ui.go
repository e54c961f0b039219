// Package ui is Balise's window: one page a file, each a step of the way from "it does not work" to a
// ticket and its answer.
//
// It only speaks to the agent's api.Service, always from a goroutine with a deadline, and comes back to
// Fyne's goroutine by Params.Post. What a desk, a file name or a URL says is shown as plain text.
package ui

import (
	"log/slog"
	"time"

	"fyne.io/fyne/v2"

	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
)

// Params is what the window needs.
type Params struct {
	App     fyne.App
	Service api.Service
	Texts   *i18n.Printer
	// Page and Incident are what to open on, as api.Service.Show takes them; empty is "describe".
	Page     string
	Incident string
	// Post runs a function on Fyne's goroutine; nil is fyne.Do.
	Post func(func())
	// Linger is how long the program stays after its window was closed; 0 is three minutes.
	Linger time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	Log *slog.Logger
}
