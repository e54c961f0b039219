package act

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// serving lists the user's own processes that name a mount point among their arguments: the program behind a
// folder is started with it. Arguments are compared and never kept.
func serving(point string) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		var st unix.Stat_t
		if err != nil || unix.Stat(path.Join("/proc", e.Name()), &st) != nil || int(st.Uid) != os.Getuid() {
			continue
		}
		raw, err := os.ReadFile(path.Join("/proc", e.Name(), "cmdline"))
		if err != nil {
			continue
		}
		for _, arg := range bytes.Split(raw, []byte{0})[1:] {
			if string(arg) == point {
				pids = append(pids, pid)
				break
			}
		}
	}
	return pids
}

// detachTime is how long the program that detaches may take: it only asks the kernel.
const detachTime = 10 * time.Second

// DetachFuse takes a folder that a program of the user's own serves out of the tree at once, although nobody answers
// there; device is its number in the table of mounts ("0:57"). fusermount3 is the system's own program for it, and
// lets a user detach nothing but his own. Whoever still waits for an answer is then let go: the kernel offers that to
// the owner of the file system (kernel documentation, filesystems/fuse, "Aborting a filesystem connection").
func DetachFuse(ctx context.Context, point, device string) error {
	if !filepath.IsAbs(point) || filepath.Clean(point) != point || point == "/" {
		return fmt.Errorf("%q is not a mounted folder's name", point)
	}
	program, err := fusermount()
	if err != nil {
		return err
	}
	// Opened while it is certainly this folder's: the kernel gives the number to another one later.
	waiting := openAbort(device)
	if waiting != nil {
		defer waiting.Close()
	}
	ctx, cancel := context.WithTimeout(ctx, detachTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, detachArgs(point)...)
	cmd.Env, cmd.Dir, cmd.WaitDelay = []string{"LC_ALL=C", "PATH=/usr/bin:/bin"}, "/", time.Second
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		return fmt.Errorf("%w: detach a folder: exit code %d", ErrDenied, exit.ExitCode())
	}
	if err != nil {
		return fmt.Errorf("detach a folder: %w", err)
	}
	if waiting != nil {
		_, _ = waiting.WriteString("1") // it may have ended by itself
	}
	return nil
}

// openAbort opens what lets go of those who wait; nil where the system has no such place.
func openAbort(device string) *os.File {
	minor, ok := strings.CutPrefix(device, "0:")
	if n, err := strconv.ParseUint(minor, 10, 20); !ok || err != nil || n == 0 {
		return nil
	}
	f, err := os.OpenFile(path.Join("/sys/fs/fuse/connections", minor, "abort"), os.O_WRONLY, 0)
	if err != nil {
		return nil
	}
	return f
}

// detachArgs: -z detaches lazily (fusermount3(1)). The point is absolute, so that it is never read as an option.
func detachArgs(point string) []string { return []string{"-u", "-z", "--", point} }

func fusermount() (string, error) {
	for _, name := range []string{"/usr/bin/fusermount3", "/bin/fusermount3", "/usr/bin/fusermount", "/bin/fusermount"} {
		if st, err := os.Stat(name); err == nil && st.Mode().IsRegular() {
			return name, nil
		}
	}
	return "", fmt.Errorf("%w: fusermount3", ErrAbsent)
}
