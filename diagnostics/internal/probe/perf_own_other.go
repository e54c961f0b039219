//go:build !linux

package probe

import (
	"context"
	"os"
	"slices"
)

// ownProcesses lists what this user can see; on these systems that is what the user runs, and the system.
func ownProcesses(ctx context.Context) ([]Process, error) {
	list, err := processes(ctx)
	self := int32(os.Getpid())
	return slices.DeleteFunc(list, func(p Process) bool { return p.PID == self || p.PID < 10 }), err
}
