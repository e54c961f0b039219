//go:build !linux && !windows

package sound

import (
	"context"

	"balise/diagnostics/repair"
)

// findServer: Core Audio's service is the system's own (com.apple.audio.coreaudiod) and only its administrator may
// start it again; choosing the device anew on the page wakes it.
func findServer(context.Context) (restarted, string) { return restarted{}, whyManual }

func startServer(context.Context, restarted, func(int, string)) error {
	return repair.Because("sound_gone", nil)
}
