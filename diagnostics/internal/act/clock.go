package act

import (
	"context"
)

// timedated's names, from org.freedesktop.timedate1(5). It runs only while it is asked, so it may be started.
const (
	timeName = "org.freedesktop.timedate1"
	timePath = "/org/freedesktop/timedate1"
)

// ClockService is what keeps the clock right.
type ClockService struct {
	Able bool // there is one
	On   bool
}

// ReadClockService asks timedated; ErrAbsent where it is not.
func ReadClockService(ctx context.Context) (ClockService, error) {
	b, err := SystemBus(ctx)
	if err != nil {
		return ClockService{}, err
	}
	defer b.Close()
	var s ClockService
	if s.Able, err = read[bool](ctx, b, timeName, timePath, timeName, "CanNTP"); err != nil {
		return s, err
	}
	s.On, err = read[bool](ctx, b, timeName, timePath, timeName, "NTP")
	return s, err
}

// SetClockService starts or stops what keeps the clock right, with an administrator's yes (polkit:
// org.freedesktop.timedate1.set-ntp).
func SetClockService(ctx context.Context, on bool) error {
	b, err := SystemBus(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	asking, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	return undecidedIf(asking, b.Do(asking, timeName, timePath, timeName+".SetNTP", []any{on, true}))
}
