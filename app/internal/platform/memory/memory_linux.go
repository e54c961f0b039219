package memory

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// mapping is one line of /proc/self/smaps with what matters of its details.
type mapping struct {
	start, end uintptr
	perms      string
	path       string
	clean      bool // no page of it is ours alone: dropping one loses nothing
}

// dropProgramPages unmaps the clean pages of our own program. It is an economy: where it cannot work,
// nothing happens.
func dropProgramPages() {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer f.Close()
	for _, m := range droppable(parse(f), self) {
		// An error means an old kernel or a sandbox; the pages then stay.
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.start, m.end-m.start, unix.MADV_DONTNEED)
	}
}

// droppable chooses read-only mappings of the program without a single private page. In a position
// independent program the relocated tables are private although read-only: dropping those would kill it.
func droppable(all []mapping, program string) (some []mapping) {
	for _, m := range all {
		if m.path == program && m.clean && (m.perms == "r-xp" || m.perms == "r--p") {
			some = append(some, m)
		}
	}
	return some
}

// parse reads smaps: a head line "start-end perms offset dev inode path", then "Name: value kB" lines.
func parse(r io.Reader) (all []mapping) {
	s := bufio.NewScanner(r)
	for s.Scan() {
		fields := strings.Fields(s.Text())
		if len(fields) < 2 {
			continue
		}
		if m, ok := head(fields); ok {
			all = append(all, m)
			continue
		}
		if fields[0] == "Anonymous:" && len(all) > 0 {
			all[len(all)-1].clean = fields[1] == "0"
		}
	}
	if s.Err() != nil {
		return nil
	}
	return all
}

func head(fields []string) (mapping, bool) {
	from, to, ok := strings.Cut(fields[0], "-")
	if !ok || len(fields) < 5 {
		return mapping{}, false
	}
	start, err1 := strconv.ParseUint(from, 16, 64)
	end, err2 := strconv.ParseUint(to, 16, 64)
	if err1 != nil || err2 != nil || start >= end {
		return mapping{}, false
	}
	m := mapping{start: uintptr(start), end: uintptr(end), perms: fields[1]}
	if len(fields) > 5 {
		m.path = strings.Join(fields[5:], " ")
	}
	return m, true
}
