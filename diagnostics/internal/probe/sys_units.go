package probe

import (
	"context"
	"strings"
)

// Unit is one service of the system that does not run as it should.
type Unit struct {
	// Name is the unit's or service's. What people chose, such as an instance or a folder, is cut off:
	// "openvpn-client@.service", ".mount".
	Name string
	// Full is the name as the service manager has it, to compare with the settings. It never leaves.
	Full string
	User bool // one of the user's own, not of the system's
	// Result is a code of the service manager: "exit-code", "timeout", "oom-kill", or a number.
	Result string
}

// ServiceState is how one service or program stands.
type ServiceState string

// The states.
const (
	ServiceRuns    ServiceState = "runs"
	ServiceStopped ServiceState = "stopped"
	ServiceFailed  ServiceState = "failed"
	ServiceAbsent  ServiceState = "absent" // this computer has no such service or program
)

// Units reads the system's services. Each field is one question to the system and can be replaced in tests.
type Units struct {
	// Failed lists what failed; an error wraps ErrNoBus where there is no service manager to ask.
	Failed func(ctx context.Context) ([]Unit, error)
	// State says how one service stands. Its name is a unit's, a service's or a program's.
	State func(ctx context.Context, name string) (ServiceState, error)
}

// NewUnits reads this computer.
func NewUnits() Units { return Units{Failed: failedUnits, State: serviceState} }

// plainUnit cuts off a unit's name what people chose: the instance of a template, the path of a mount, the
// number of a transient unit.
func plainUnit(name string) string {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return CleanName(name)
	}
	stem, kind := name[:dot], name[dot:]
	switch kind {
	case ".mount", ".automount", ".swap", ".device", ".path":
		return kind
	}
	if at := strings.IndexByte(stem, '@'); at >= 0 {
		stem = stem[:at+1]
	}
	return CleanName(stem + kind)
}

// passing tells whether a unit comes and goes with a program that somebody started: its end is no fault of
// the system's.
func passing(name string) bool {
	return strings.HasSuffix(name, ".scope") || strings.HasPrefix(name, "run-") ||
		strings.HasPrefix(name, "app-") || strings.HasPrefix(name, "dbus-:")
}
