package probe

import (
	"bufio"
	"bytes"
	"strings"
)

// LaunchJob is one line of what macOS's launchctl lists.
type LaunchJob struct {
	Label   string
	Running bool
	// Status is the exit status of the last run, or minus the signal that ended it.
	Status string
}

// Failed tells whether the job is not running and its last run ended with an error of its own. A negative
// status is a signal: somebody ended it. macOS's own jobs come and go and are left out.
func (l LaunchJob) Failed() bool {
	return !l.Running && l.Status != "0" && l.Status != "-" && !strings.HasPrefix(l.Status, "-") &&
		!strings.HasPrefix(l.Label, "com.apple.") && !strings.HasPrefix(l.Label, "application.")
}

// State is the job's state in the words of the other systems.
func (l LaunchJob) State() ServiceState {
	switch {
	case l.Running:
		return ServiceRuns
	case l.Failed():
		return ServiceFailed
	}
	return ServiceStopped
}

// ParseLaunchctl reads what `launchctl list` prints: process, status, label.
func ParseLaunchctl(out []byte) []LaunchJob {
	var list []LaunchJob
	const most = 5000
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() && len(list) < most {
		f := strings.Fields(lines.Text())
		const words = 3
		if len(f) != words || f[0] == "PID" {
			continue
		}
		if (f[0] != "-" && !digits(f[0])) || !digits(strings.TrimPrefix(f[1], "-")) {
			continue
		}
		list = append(list, LaunchJob{Label: cleanText(f[2], 128), Running: f[0] != "-", Status: f[1]})
	}
	return list
}
