package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// restUptime is how long a machine has been running on which all is well: not just started, not for weeks.
const restUptime = 3 * 24 * time.Hour

// holder is a sleeping process that keeps a time namespace alive.
type holder struct {
	path string
	stop func() error
}

// started makes the machine have started so long ago, for every client from now on.
func (s *Stage) started(ago time.Duration) error {
	var up unix.Sysinfo_t
	if err := unix.Sysinfo(&up); err != nil {
		return fmt.Errorf("read uptime: %w", err)
	}
	ahead := int64(ago.Seconds()) - up.Uptime
	cmd := exec.CommandContext(context.Background(), "unshare", "--time",
		"--boottime="+strconv.FormatInt(ahead, 10), "sleep", "infinity")
	stop, err := s.machine.daemon(cmd)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, stop)
	dir := fmt.Sprintf("/proc/%d/", cmd.Process.Pid)
	// The namespace is complete when the process has become the sleeper.
	err = s.machine.wait("", func(string) error {
		name, err := os.ReadFile(dir + "comm")
		if err == nil && strings.TrimSpace(string(name)) != "sleep" {
			err = errors.New("no time namespace")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("set uptime: %w", err)
	}
	if s.uptime != nil {
		_ = s.uptime.stop()
	}
	s.uptime = &holder{dir + "ns/time_for_children", stop}
	return nil
}
