//go:build !linux

package probe

import (
	"context"
	"fmt"
	"time"

	"github.com/shirou/gopsutil/v3/disk"
)

func traffic(ctx context.Context) ([]Traffic, error) {
	all, err := disk.IOCountersWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("read disk traffic: %w", err)
	}
	var list []Traffic
	for name, c := range all {
		list = append(list, Traffic{
			Disk: name, Done: c.ReadCount + c.WriteCount,
			Took: time.Duration(min(c.ReadTime+c.WriteTime, 1<<50)) * time.Millisecond,
		})
	}
	return list, nil
}
