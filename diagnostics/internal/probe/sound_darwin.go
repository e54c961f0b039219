package probe

import (
	"context"
	"time"
)

// Every Mac has Core Audio, and what it can do is in its devices.
func soundCards() (SoundCards, error) { return SoundCards{Cards: 1}, nil }

func soundExpected() bool { return true }

func soundServer(ctx context.Context) (SoundServer, error) {
	started := time.Now()
	out, _, err := command(ctx, 3*time.Second, "system_profiler", "-json", "SPAudioDataType")
	if err != nil {
		return SoundServer{}, err
	}
	s, err := ParseMacSound(out)
	s.Took = time.Since(started)
	return s, err
}
