package probe

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

func driveHealth(ctx context.Context) ([]DriveHealth, error) {
	out, _, err := command(ctx, time.Second, "diskutil", "info", "-plist", "disk0")
	if err != nil {
		return nil, err
	}
	list, err := ParsePlist(bytes.NewReader(out))
	if err != nil {
		return nil, fmt.Errorf("read diskutil: %w", err)
	}
	d, ok := MacDrive(list)
	if !ok {
		return nil, ErrNoHealth
	}
	return []DriveHealth{d}, nil
}
