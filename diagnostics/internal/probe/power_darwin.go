package probe

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// supplies asks the registry of devices; a Mac without a battery has no such entry.
func supplies(ctx context.Context) (Supplies, error) {
	out, _, err := command(ctx, time.Second, "ioreg", "-arn", "AppleSmartBattery")
	if err != nil {
		return Supplies{}, err
	}
	if len(bytes.TrimSpace(out)) == 0 {
		return Supplies{}, nil
	}
	list, err := ParsePlist(bytes.NewReader(out))
	if err != nil {
		return Supplies{}, fmt.Errorf("read ioreg: %w", err)
	}
	return MacSupplies(list), nil
}
