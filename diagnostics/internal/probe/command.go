package probe

import (
	"context"
	"fmt"
	"os"
	"time"
)

// command asks one of the system's own programs in the user's environment, for at most so long. An exit code
// other than zero is an error.
func command(ctx context.Context, patience time.Duration, name string, args ...string,
) (out, problems []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// Of two values for one name the last counts: the language stays the one that a program can read.
	env := append(os.Environ(), "LC_ALL=C", "LANGUAGE=C")
	a, err := tool{name: name, args: args, env: env}.run(ctx)
	if err == nil && a.code != 0 {
		err = fmt.Errorf("ask %s: exit code %d", name, a.code)
	}
	return a.out, a.err, err
}
