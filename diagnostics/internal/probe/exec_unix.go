//go:build !windows

package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Ask runs the program, as the user who runs this one, and returns what it wrote.
func (o Own) Ask(ctx context.Context) (OwnAnswer, error) { return o.ask(ctx, 0) }

// ask takes the one who must own everything, for tests.
func (o Own) ask(ctx context.Context, owner uint32) (OwnAnswer, error) {
	if err := o.trusted(owner); err != nil {
		return OwnAnswer{}, err
	}
	var out limitedTo
	cmd := exec.CommandContext(ctx, o.Path, o.Args...)
	cmd.Env, cmd.Dir = []string{"LC_ALL=C", "PATH=/usr/bin:/bin"}, "/"
	cmd.Stdout = &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return killGroup(cmd.Process) }
	cmd.WaitDelay = lateOutput
	err := cmd.Run()
	if cmd.Process != nil {
		// Whatever it left behind ends with it, also when it ended by itself.
		_ = killGroup(cmd.Process)
	}
	if ctx.Err() != nil {
		return OwnAnswer{}, fmt.Errorf("ask %s: %w", path.Base(o.Path), ctx.Err())
	}
	if out.over {
		return OwnAnswer{}, ErrOwnTooMuch
	}
	exit, ended := errors.AsType[*exec.ExitError](err)
	switch {
	case err != nil && !ended:
		return OwnAnswer{}, fmt.Errorf("ask %s: %w", path.Base(o.Path), err)
	case ended && !exit.Exited():
		return OwnAnswer{}, fmt.Errorf("ask %s: %w", path.Base(o.Path), err)
	}
	return OwnAnswer{Out: out.kept.Bytes(), Code: cmd.ProcessState.ExitCode()}, nil
}

func killGroup(p *os.Process) error {
	if err := syscall.Kill(-p.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// limitedTo keeps what fits and remembers that there was more. The buffer is no embedded one: io.Copy would fill
// it by its ReadFrom, past the limit.
type limitedTo struct {
	kept bytes.Buffer
	over bool
}

func (l *limitedTo) Write(p []byte) (int, error) {
	if l.kept.Len()+len(p) > OwnLimit {
		l.over = true
		return len(p), nil
	}
	return l.kept.Write(p)
}

// trusted opens every folder on the way without following a link, and looks at what it has open. As none of them
// can be written by others, the file that is run is the one that was looked at.
func (o Own) trusted(owner uint32) error {
	if !path.IsAbs(o.Path) || path.Clean(o.Path) != o.Path || o.Path == "/" {
		return fmt.Errorf("%w: not a plain absolute path", ErrOwnPath)
	}
	name := path.Base(o.Path)
	if slices.Contains(interpreters, strings.TrimRight(name, "0123456789.")) || slices.Contains(interpreters, name) {
		return ErrOwnScript
	}
	dir, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open /: %w", err)
	}
	defer func() { _ = unix.Close(dir) }()
	if err := guarded(dir, owner, unix.S_IFDIR); err != nil {
		return err
	}
	parts := strings.Split(strings.TrimPrefix(o.Path, "/"), "/")
	for _, part := range parts[:len(parts)-1] {
		next, err := unix.Openat(dir, part, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrOwnPath, err)
		}
		_ = unix.Close(dir)
		dir = next
		if err := guarded(dir, owner, unix.S_IFDIR); err != nil {
			return err
		}
	}
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOwnPath, err)
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	if err := guarded(fd, owner, unix.S_IFREG); err != nil {
		return err
	}
	head := make([]byte, 2)
	if _, err := io.ReadFull(f, head); err != nil || string(head) == "#!" {
		return ErrOwnScript
	}
	return nil
}

// guarded tells whether an open file or folder belongs to root (or, in tests, to the owner) and is written by
// nobody else; a program must not change who runs it.
func guarded(fd int, owner uint32, kind uint32) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return fmt.Errorf("%w: %w", ErrOwnPath, err)
	}
	mode := uint32(st.Mode)
	sticky := kind == unix.S_IFDIR && owner != 0 && mode&unix.S_ISVTX != 0 // a test's /tmp
	switch {
	case mode&unix.S_IFMT != kind:
		return fmt.Errorf("%w: not the kind of file that was expected", ErrOwnPath)
	case st.Uid != 0 && st.Uid != owner, mode&0o022 != 0 && !sticky:
		return ErrOwnPath
	case kind == unix.S_IFREG && mode&(unix.S_ISUID|unix.S_ISGID) != 0:
		return ErrOwnPath
	}
	return nil
}
