package act

import (
	"context"
	"fmt"
	"os"
	"strings"
)

// OpenServices connects to systemd.
func OpenServices(ctx context.Context, user bool) (Services, error) {
	u, err := OpenUnits(ctx, user)
	if err != nil {
		return nil, err
	}
	return u, nil
}

// OpenRestarter connects to logind.
func OpenRestarter(ctx context.Context) (Restarter, error) {
	r, err := OpenRestarts(ctx)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Boot names the present run of the computer: it is another one after each start (random(4)).
func Boot() (string, error) {
	raw, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read which start this is: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}
