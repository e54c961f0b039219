package diagnostics

import "time"

// Change is one difference between the computer now and the last time when all was well: a suspect, never a
// cause by itself.
type Change struct {
	// Code is stable and dotted: "network.new", "updates.installed", "printer.default".
	Code  string    `json:"code"`
	Facts []Fact    `json:"facts,omitempty"`
	At    time.Time `json:"at,omitzero"` // when it happened, if the system knows
}
