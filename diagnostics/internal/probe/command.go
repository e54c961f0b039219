package probe

import (
	"context"
	"fmt"
	"time"
)

// command asks one of the system's own programs in the user's environment, for at most so long. An exit code
// other than zero is an error.
func command(ctx context.Context, patience time.Duration, name string, args ...string,
) (out, problems []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a, err := tool{name: name, args: args}.run(ctx)
	if err == nil && a.code != 0 {
		err = fmt.Errorf("ask %s: exit code %d", name, a.code)
	}
	return a.out, a.err, err
}
