package probe

import (
	"context"
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// memory asks the kernel for the share of memory that programs can still get, which is what macOS itself goes
// by; counting pages would call the file cache used.
func memory(context.Context) (Memory, error) {
	total, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return Memory{}, fmt.Errorf("read memory: %w", err)
	}
	level, err := unix.SysctlUint32("kern.memorystatus_level")
	if err != nil {
		return Memory{}, fmt.Errorf("read memory: %w", err)
	}
	m := Memory{Total: total, Available: total / 100 * uint64(min(level, 100))}
	if raw, err := unix.SysctlRaw("vm.swapusage"); err == nil {
		m.SwapTotal, m.SwapUsed = swapUsage(raw)
	}
	return m, nil
}

// swapUsage reads struct xsw_usage: total, available and used bytes.
func swapUsage(raw []byte) (total, used uint64) {
	const size = 24
	if len(raw) < size {
		return 0, 0
	}
	return binary.NativeEndian.Uint64(raw), binary.NativeEndian.Uint64(raw[16:])
}
