// Package play plays one scenario on a stage of its own: it breaks what the scenario breaks, runs the real client,
// strikes while it runs, and asks the stage what really happened. Each case is a process that nothing outlives.
package play

import (
	"log/slog"
	"math/rand/v2"
	"time"

	"balise/diagnostics/lab/scenario"
	"balise/diagnostics/lab/score"
)

// Request is one case for a worker; it crosses a pipe as JSON.
type Request struct {
	Scenario scenario.Scenario `json:"scenario"`
	Seed     uint64            `json:"seed"`
	Client   string            `json:"client"`
	// Twice runs the client a second time, with --events, for the time to its first result.
	Twice bool `json:"twice,omitempty"`
	// Repair runs the scenario's repair, and then the client once more.
	Repair bool `json:"repair,omitempty"`
	// Dir keeps the logs of the stage's servers; empty keeps nothing.
	Dir string `json:"dir,omitempty"`
	// Verbose keeps the stage's log in the outcome.
	Verbose bool `json:"verbose,omitempty"`
}

// Result is what a worker answers.
type Result = score.Outcome

// Deadlines. A client that is late is graded as late; one that does not end at all is killed.
const (
	// grace is what a client may take over the scenario's latest verdict before it is killed.
	grace = 10 * time.Second
	// building bounds what the stage itself takes: building, breaking, observing.
	building = 40 * time.Second
)

// Deadline is when a worker is killed, whatever it does.
func (r Request) Deadline() time.Duration {
	client := r.Scenario.Expect.Latest() + grace
	if r.Twice {
		client *= 2
	}
	if r.Repair && r.Scenario.Repair != nil {
		client += r.Scenario.Repair.Latest() + r.Scenario.Expect.Latest() + grace
	}
	return building + client
}

// source is the case's own randomness: the same for the same scenario and seed, on any machine.
func (r Request) source() *rand.Rand {
	h := uint64(14695981039346656037)
	for _, b := range []byte(r.Scenario.Name) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return rand.New(rand.NewPCG(r.Seed, h))
}

// languages are those that people read.
var languages = []string{"fr", "en"}

// quiet is a log that nobody reads.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
