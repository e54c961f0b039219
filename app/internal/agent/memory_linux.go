package agent

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// unmapProgram drops the resident pages of our own code and constants. The kernel maps sixteen pages around
// each one that is touched, so that after a start most of the program counts as ours although little of it is
// in use. The pages are clean and stay in the page cache: what is still needed is back within microseconds.
// Only mappings that cannot be written are dropped; nothing is lost.
func unmapProgram() error {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return err
	}
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		from, size, ok := constant(lines.Text(), exe)
		if !ok {
			continue
		}
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, from, size, unix.MADV_DONTNEED); errno != 0 {
			return fmt.Errorf("madvise: %w", errno)
		}
	}
	return lines.Err()
}

// constant reads one line of /proc/self/maps and tells whether it is a private, unwritable mapping of exe.
func constant(line, exe string) (from, size uintptr, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 6 || strings.Join(fields[5:], " ") != exe {
		return 0, 0, false
	}
	if p := fields[1]; p != "r-xp" && p != "r--p" {
		return 0, 0, false
	}
	low, high, found := strings.Cut(fields[0], "-")
	start, err1 := strconv.ParseUint(low, 16, 64)
	end, err2 := strconv.ParseUint(high, 16, 64)
	if !found || err1 != nil || err2 != nil || end <= start {
		return 0, 0, false
	}
	return uintptr(start), uintptr(end - start), true
}
