package probe

import (
	"context"
	"time"
)

// Heat is what the computer's thermometers say.
type Heat struct {
	Sensors []Sensor
	// Silent counts thermometers that gave nothing, or nothing that can be true.
	Silent int
	// Throttled is how often a processor was slowed down for its heat so far; Counts says that this is known.
	Throttled int64
	Counts    bool
	// SpeedLimit is the share of its speed that the system lets the processor have now, in percent; 0 when
	// unknown.
	SpeedLimit float64
}

// Sensor is one thermometer in degrees Celsius.
type Sensor struct {
	Name string // the driver's: "x86_pkg_temp", "coretemp", "nvme"
	Temp float64
	// Critical is where the computer protects itself by switching off; 0 when unknown.
	Critical float64
}

// saneTemp tells whether a temperature can be true inside a running computer. A sensor that was not read gives
// 0, one whose wire is cut -273, and one that is stuck the largest number of its register.
func saneTemp(c float64) bool { return c > 5 && c < 126 }

// saneCritical tells whether a limit can be meant: firmware without one gives anything.
func saneCritical(c float64) bool { return c >= 60 && c <= 125 }

// Boot is how long the last start took.
type Boot struct {
	// Firmware and Loader come before the system; both are zero where nobody measured.
	Firmware, Loader time.Duration
	// Kernel is until the first program runs, Initrd what prepares the disks (a person may type a password
	// there), User until everything is started; zero while that is not so.
	Kernel, Initrd, User time.Duration
	Finished             bool
}

// Traffic is what a disk has done so far.
type Traffic struct {
	Disk string
	Done uint64        // finished reads and writes
	Took time.Duration // how long they waited and took, together
}

// Machine reads heat, starting times and disk traffic. Each field is one question to the system and can be
// replaced in tests.
type Machine struct {
	Heat func(ctx context.Context) (Heat, error)
	Boot func(ctx context.Context) (Boot, error)
	// Traffic lists the fixed disks; a stick that is slow slows nothing else.
	Traffic func(ctx context.Context) ([]Traffic, error)
}

// NewMachine reads this computer.
func NewMachine() Machine { return Machine{Heat: heat, Boot: boot, Traffic: traffic} }

// Await is how long a request of the busiest disk took on average between two readings. ok is false if no
// disk had at least so many requests.
func Await(before, after []Traffic, least uint64) (worst time.Duration, ok bool) {
	earlier := map[string]Traffic{}
	for _, t := range before {
		earlier[t.Disk] = t
	}
	for _, t := range after {
		e, known := earlier[t.Disk]
		if !known || t.Done < e.Done+least || t.Took < e.Took {
			continue
		}
		worst, ok = max(worst, (t.Took-e.Took)/time.Duration(t.Done-e.Done)), true
	}
	return worst, ok
}
