package probe

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"
	"strconv"

	"golang.org/x/sys/unix"
)

// ticks is how many units of processor time the kernel counts in a second, on every system that Go runs on.
const ticks = 100

// ownProcesses lists what this user runs, with names and processor time only: one small file a process, so
// that a quick look stays quick. Kernel threads and other users' programs are left out.
func ownProcesses(ctx context.Context) ([]Process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	uid, self := os.Getuid(), os.Getpid()
	var list []Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == self || ctx.Err() != nil || len(list) >= maxProcesses {
			continue
		}
		var st unix.Stat_t
		dir := path.Join("/proc", e.Name())
		if unix.Stat(dir, &st) != nil || int(st.Uid) != uid {
			continue
		}
		raw, err := os.ReadFile(path.Join(dir, "stat"))
		if err != nil {
			continue // it ended meanwhile
		}
		if p, ok := parseStat(raw); ok {
			p.PID = int32(pid)
			list = append(list, p)
		}
	}
	return list, nil
}

// parseStat reads name and processor time from the format of /proc/PID/stat (proc(5)). The name stands in
// brackets and may hold anything, brackets too.
func parseStat(raw []byte) (Process, bool) {
	from, to := bytes.IndexByte(raw, '('), bytes.LastIndexByte(raw, ')')
	if from < 0 || to < from {
		return Process{}, false
	}
	f := bytes.Fields(raw[to+1:])
	if len(f) < 13 {
		return Process{}, false
	}
	user, err := strconv.ParseUint(string(f[11]), 10, 63)
	if err != nil {
		return Process{}, false
	}
	system, err := strconv.ParseUint(string(f[12]), 10, 63)
	if err != nil {
		return Process{}, false
	}
	p := Process{Name: CleanName(string(raw[from+1 : to])), CPU: float64(user+system) / ticks}
	return p, p.Name != ""
}
