//go:build !linux

package probe

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"time"
)

// ReadConditions is not known there; nothing is then spared, and the settings have the last word.
func ReadConditions(context.Context) Conditions { return Conditions{} }

// ReadCounters is not known there.
func ReadCounters() Counters { return Counters{} }

// Dumps is not known there.
func Dumps(time.Time, time.Time) (int, bool) { return 0, false }

// WeakestSignal is not known there.
func WeakestSignal() (float64, bool) { return 0, false }

// LoadAverage is not known there.
func LoadAverage() (float64, error) { return 0, errors.ErrUnsupported }

// NetworkDigest changes when this computer's addresses do. It names nothing.
func NetworkDigest() (uint64, error) {
	links, err := Links()
	if err != nil {
		return 0, fmt.Errorf("look at the network: %w", err)
	}
	var parts []string
	for _, l := range links {
		for _, p := range l.Addrs {
			if l.Running && !p.Addr().IsLinkLocalUnicast() {
				parts = append(parts, l.Name+" "+p.Masked().String())
			}
		}
	}
	slices.Sort(parts)
	h := fnv.New64a()
	for _, p := range slices.Compact(parts) {
		io.WriteString(h, p+"\n")
	}
	return h.Sum64(), nil
}
