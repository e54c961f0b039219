package probe

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"time"
)

func traffic(context.Context) ([]Traffic, error) {
	f, err := os.Open("/proc/diskstats")
	if err != nil {
		return nil, fmt.Errorf("read disk traffic: %w", err)
	}
	defer f.Close()
	tree := sysRoot()
	return ParseDiskstats(f, func(name string) bool { return fixedDisk(tree, name) })
}

// fixedDisk tells whether a name is a whole disk that stays in the computer: not a partition, not memory or a
// file in a disk's clothes, and nothing that can be pulled out.
func fixedDisk(tree fs.FS, name string) bool {
	for _, virtual := range []string{"loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd", "zd"} {
		if strings.HasPrefix(name, virtual) {
			return false
		}
	}
	if _, err := fs.Stat(tree, path.Join("sys/class/block", name, "partition")); err == nil {
		return false
	}
	return sysText(tree, path.Join("sys/class/block", name, "removable")) != "1"
}

// ParseDiskstats reads the format of /proc/diskstats (kernel documentation, admin-guide/iostats) for the
// disks that keep wants. A line that is cut off is passed over.
func ParseDiskstats(r io.Reader, keep func(name string) bool) ([]Traffic, error) {
	var list []Traffic
	const most = 1024
	lines := bufio.NewScanner(r)
	for lines.Scan() && len(list) < most {
		f := strings.Fields(lines.Text())
		if len(f) < 14 || !keep(f[2]) {
			continue
		}
		var n [4]uint64 // reads, their ms, writes, their ms
		ok := true
		for i, at := range []int{3, 6, 7, 10} {
			v, err := strconv.ParseUint(f[at], 10, 64)
			n[i], ok = v, ok && err == nil && v < 1<<50
		}
		if ok {
			list = append(list, Traffic{
				Disk: f[2], Done: n[0] + n[2], Took: time.Duration(n[1]+n[3]) * time.Millisecond,
			})
		}
	}
	return list, lines.Err()
}
