package stage

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// private is where an isolated process keeps everything: memory that nobody else sees.
const private = "/run/balise-stage"

func isolate(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID |
		unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}

func prepare() error {
	if os.Getpid() != 1 {
		return errors.New("prepare stage: not in a process of its own (see Isolate)")
	}
	steps := []struct {
		source, target, fs string
		flags              uintptr
		data               string
	}{
		// First of all: nothing that is mounted here is seen outside.
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE, ""},
		{"tmpfs", "/run", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=755"},
		{"proc", "/proc", "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		{"sysfs", "/sys", "sysfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
	}
	for _, m := range steps {
		if err := unix.Mount(m.source, m.target, m.fs, m.flags, m.data); err != nil {
			return fmt.Errorf("prepare stage: mount %s: %w", m.target, err)
		}
	}
	for _, dir := range []string{
		"netns", "lock", "balise-stage/etc", "balise-stage/etc.work",
		"balise-stage/tmp",
	} {
		if err := os.MkdirAll(filepath.Join("/run", dir), 0o755); err != nil {
			return fmt.Errorf("prepare stage: %w", err)
		}
	}
	// `ip netns exec` reads /etc/netns, which a machine need not have; writes to /etc end here.
	etc := fmt.Sprintf("lowerdir=/etc,upperdir=%s/etc,workdir=%s/etc.work", private, private)
	if err := unix.Mount("overlay", "/etc", "overlay", 0, etc); err != nil {
		return fmt.Errorf("prepare stage: private /etc: %w", err)
	}
	if err := unix.Sethostname([]byte("poste-lab")); err != nil {
		return fmt.Errorf("prepare stage: %w", err)
	}
	if err := os.Setenv("TMPDIR", filepath.Join(private, "tmp")); err != nil {
		return fmt.Errorf("prepare stage: %w", err)
	}
	return nil
}
