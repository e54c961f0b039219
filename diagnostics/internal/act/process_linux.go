package act

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// ticks is how many units of processor time the kernel counts in a second.
const ticks = 100

// maxProcesses bounds the look at each process.
const maxProcesses = 5000

// OwnProcesses are those of the user that Balise runs as.
func OwnProcesses() Processes { return Processes{UID: os.Getuid()} }

// List returns what the user may close. Kernel threads, other users' programs, the parts of the session, whatever
// Balise runs in and Balise itself are not in it. The administrator's account has none: there the system's own
// programs look like the user's.
func (ps Processes) List(ctx context.Context) ([]Running, error) {
	if ps.UID <= 0 {
		return nil, fmt.Errorf("%w: the administrator's account", ErrNotOurs)
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	line := ancestors(os.Getpid(), parentOf)
	var list []Running
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || len(list) >= maxProcesses {
			continue
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if r, err := ps.read(pid, line); err == nil {
			list = append(list, r)
		}
	}
	return list, nil
}

// read looks at one process, and refuses those that may not be closed.
func (ps Processes) read(pid int, line map[int]bool) (Running, error) {
	dir := path.Join("/proc", strconv.Itoa(pid))
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return Running{}, ErrEnded
	}
	if int(st.Uid) != ps.UID || ps.UID <= 0 || line[pid] {
		return Running{}, ErrNotOurs
	}
	raw, err := os.ReadFile(path.Join(dir, "stat"))
	if err != nil {
		return Running{}, ErrEnded
	}
	r, state, ok := parseRunning(raw)
	if !ok || state == 'Z' || state == 'X' {
		return Running{}, ErrEnded
	}
	r.PID = pid
	group, _ := os.ReadFile(path.Join(dir, "cgroup"))
	if protected(r.Name) || partOfSession(string(group)) || oursByFile(dir) {
		return Running{}, ErrNotOurs
	}
	return r, nil
}

// oursByFile tells whether a process runs the same program file as we do.
func oursByFile(dir string) bool {
	var a, b unix.Stat_t
	return unix.Stat("/proc/self/exe", &a) == nil && unix.Stat(path.Join(dir, "exe"), &b) == nil &&
		a.Dev == b.Dev && a.Ino == b.Ino
}

func parentOf(pid int) int {
	raw, err := os.ReadFile(path.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	r, _, _ := parseRunning(raw)
	return r.Parent
}

// parseRunning reads the format of /proc/PID/stat (proc(5)). The name stands in brackets and may hold anything,
// brackets too; the fields after it count from the state, which is the third.
func parseRunning(raw []byte) (r Running, state byte, ok bool) {
	from, to := bytes.IndexByte(raw, '('), bytes.LastIndexByte(raw, ')')
	if from < 0 || to < from {
		return Running{}, 0, false
	}
	f := bytes.Fields(raw[to+1:])
	const stateAt, parentAt, userAt, systemAt, startAt, rssAt = 0, 1, 11, 12, 19, 21
	if len(f) <= rssAt {
		return Running{}, 0, false
	}
	var n [5]uint64
	for i, at := range []int{parentAt, userAt, systemAt, startAt, rssAt} {
		v, err := strconv.ParseUint(string(f[at]), 10, 63)
		if err != nil {
			return Running{}, 0, false
		}
		n[i] = v
	}
	r = Running{
		Name: cleanName(string(raw[from+1 : to])), Parent: int(n[0]), CPU: float64(n[1]+n[2]) / ticks, Start: n[3],
		RSS: int64(n[4]) * int64(os.Getpagesize()),
	}
	return r, f[stateAt][0], r.Name != ""
}

// Ended tells whether a process has ended.
func (ps Processes) Ended(r Running) bool {
	now, err := ps.read(r.PID, nil)
	return errors.Is(err, ErrEnded) || err == nil && now.Start != r.Start
}

// Close asks a program to end, as a logout does.
func (ps Processes) Close(r Running) error { return ps.signal(r, unix.SIGTERM) }

// Kill ends a program; it cannot save anything any more.
func (ps Processes) Kill(r Running) error { return ps.signal(r, unix.SIGKILL) }

// signal holds on to the process by a descriptor before it looks who that is: the signal then goes to the one that
// was looked at, or to nobody, never to one that was given the same number meanwhile.
func (ps Processes) signal(r Running, sig unix.Signal) error {
	fd, err := unix.PidfdOpen(r.PID, 0)
	switch {
	case errors.Is(err, unix.ESRCH), errors.Is(err, unix.EINVAL):
		return ErrEnded
	case errors.Is(err, unix.ENOSYS):
		return fmt.Errorf("%w: a kernel that names processes for sure", ErrAbsent)
	case err != nil:
		return fmt.Errorf("hold on to a program: %w", err)
	}
	defer unix.Close(fd)
	now, err := ps.read(r.PID, ancestors(os.Getpid(), parentOf))
	if err != nil {
		return err
	}
	if now.Start != r.Start {
		return ErrEnded
	}
	switch err := unix.PidfdSendSignal(fd, sig, nil, 0); {
	case errors.Is(err, unix.ESRCH):
		return ErrEnded
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: %w", ErrDenied, err)
	case err != nil:
		return fmt.Errorf("close a program: %w", err)
	}
	return nil
}

// Await waits until all have ended, at most so long, and returns those that have not.
func (ps Processes) Await(ctx context.Context, list []Running, most time.Duration) []Running {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	const every = 100 * time.Millisecond
	for {
		var open []Running
		for _, r := range list {
			if !ps.Ended(r) {
				open = append(open, r)
			}
		}
		if len(open) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return open
		case <-time.After(every):
		}
	}
}
