package act

import (
	"strconv"
	"time"
)

// windowsRestart is the argument vector of shutdown.exe for a restart in so long, with a reason that Windows keeps
// in its log: planned, "Application: Maintenance". Without /f no program is ended that has unsaved work.
// https://learn.microsoft.com/windows-server/administration/windows-commands/shutdown
func windowsRestart(in time.Duration) []string {
	seconds := max(0, int(in.Seconds()))
	const most = 315360000
	return []string{"/r", "/t", strconv.Itoa(min(seconds, most)), "/d", "p:4:1"}
}

// windowsKeep takes a planned restart back.
func windowsKeep() []string { return []string{"/a"} }

// The exit codes of shutdown.exe that mean something to us (winerror.h).
const (
	windowsDenied     = 5
	windowsScheduled  = 1190
	windowsNothingSet = 1116
)
