package probe

import (
	"context"
	"time"
)

func heat(ctx context.Context) (Heat, error) {
	out, _, err := command(ctx, time.Second, "pmset", "-g", "therm")
	if err != nil {
		return Heat{}, err
	}
	return ParsePmsetTherm(string(out)), nil
}
