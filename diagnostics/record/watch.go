package record

import (
	"context"

	"balise/diagnostics/internal/probe"
)

// Why work that nobody asked for rests, as codes.
const (
	PausedMetered = "metered" // the connection is paid by what goes over it
	PausedBattery = "battery" // the battery is nearly empty
	PausedSaver   = "saver"   // the user asked the computer to save energy
)

// Paused is why unasked work should rest now; empty when it need not.
func Paused(ctx context.Context) string { return why(probe.ReadConditions(ctx)) }

func why(c probe.Conditions) string {
	switch {
	case c.LowBattery:
		return PausedBattery
	case c.Saver:
		return PausedSaver
	case c.Metered:
		return PausedMetered
	}
	return ""
}

// NetworkDigest changes when this computer's addresses, routes or name servers do. It names nothing.
func NetworkDigest() (uint64, error) { return probe.NetworkDigest() }
