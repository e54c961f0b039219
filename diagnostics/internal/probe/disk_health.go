package probe

import (
	"errors"
	"slices"
)

// DriveHealth is what one drive says of itself. Which drive it is stays on this computer.
type DriveHealth struct {
	Kind string // "ata", "nvme"
	// Failing says that the drive expects to fail, by its maker's own measure.
	Failing bool
	// Warnings are the critical warnings of an NVMe drive: "spare", "temperature", "degraded", "readonly",
	// "volatile_mem".
	Warnings []string
	// TempC is 0 when unknown; WearPercent -1.
	TempC, WearPercent float64
}

// Broken tells whether the drive must be replaced. Heat alone passes.
func (d DriveHealth) Broken() bool {
	return d.Failing || slices.ContainsFunc(d.Warnings, func(w string) bool { return w != "temperature" })
}

// ErrNoHealth says that no drive here tells how it is.
var ErrNoHealth = errors.New("no drive says how it is")

// The answers of a look at whether a folder can be read.
const (
	ReadOK      = ""
	ReadEIO     = "EIO"
	ReadSilent  = "timeout" // the disk took the question and gave no answer
	ReadUnknown = "unknown"
)
