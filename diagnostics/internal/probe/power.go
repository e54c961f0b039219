package probe

import (
	"context"
	"errors"
	"strings"
)

// Power reads batteries and chargers. It can be replaced in tests.
type Power struct {
	// Supplies lists the computer's own power supplies; none on a desktop or a virtual machine.
	Supplies func(ctx context.Context) (Supplies, error)
}

// Supplies are the computer's own batteries and chargers. A mouse's battery is not among them.
type Supplies struct {
	Batteries []Battery
	// Chargers counts the inputs that could feed the computer, Online those that do.
	Chargers, Online int
}

// Battery is one battery. Zero means not known, except where another field says otherwise.
type Battery struct {
	// State is "charging", "discharging", "not_charging", "full" or "" when unknown.
	State string
	// Percent is how full it is; -1 when unknown.
	Percent float64
	// Full and Design are what it holds now and held when new, in the same unit, whatever that is.
	Full, Design float64
	Cycles       int64
}

// Wear is the share of what it held when new that is lost, in percent. Figures that cannot be true (a file
// that was being written, a controller that reports nothing) give none.
func (b Battery) Wear() (float64, bool) {
	if b.Full <= 0 || b.Design <= 0 || b.Full > 2*b.Design || b.Full < b.Design/50 {
		return 0, false
	}
	return max(0, 100*(1-b.Full/b.Design)), true
}

// ErrNoFigures says that there is something, and that what it reports makes no sense.
var ErrNoFigures = errors.New("no figures that make sense")

// NewPower reads this computer.
func NewPower() Power { return Power{Supplies: supplies} }

// batteryState is one of a few codes for what a system calls a battery's state.
func batteryState(text string) string {
	switch s := strings.ReplaceAll(codeOf(text), "_", ""); s {
	case "charging", "discharging", "full":
		return s
	case "notcharging":
		return "not_charging"
	}
	return ""
}

// believable keeps a percentage that can be true.
func believable(percent float64, ok bool) float64 {
	if !ok || percent < 0 || percent > 110 {
		return -1
	}
	return min(percent, 100)
}
