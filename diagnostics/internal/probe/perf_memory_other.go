//go:build !darwin

package probe

import (
	"context"
	"fmt"

	"github.com/shirou/gopsutil/v3/mem"
)

func memory(ctx context.Context) (Memory, error) {
	v, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return Memory{}, fmt.Errorf("read memory: %w", err)
	}
	m := Memory{Total: v.Total, Available: v.Available}
	if s, err := mem.SwapMemoryWithContext(ctx); err == nil {
		m.SwapTotal, m.SwapUsed = s.Total, s.Used
	}
	return m, nil
}
