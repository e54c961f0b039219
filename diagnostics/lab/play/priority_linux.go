package play

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// ahead is by how much the world's priority is above that of the client and of everything else on its machine.
const ahead = 15

// ordinary gives a command back the priority that people's programs have.
func ordinary(cmd *exec.Cmd) *exec.Cmd {
	nice, err := exec.LookPath("nice")
	if err != nil || cmd.Err != nil {
		return cmd
	}
	cmd.Args = append([]string{nice, "-n", strconv.Itoa(ahead), cmd.Path}, cmd.Args[1:]...)
	cmd.Path = nice
	return cmd
}

// settle does the same for what already runs on the client's machine: all processes here but this one.
func settle() {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err == nil && pid != os.Getpid() {
			_ = unix.Setpriority(unix.PRIO_PROCESS, pid, 0) // it may be gone
		}
	}
}
