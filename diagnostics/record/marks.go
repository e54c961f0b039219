package record

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// Mark marks a moment: "it happened now". The oldest mark gives way when there are too many.
func (r *Ring) Mark(at time.Time) error {
	marks, err := r.places()
	if err != nil {
		return err
	}
	free := 0
	for i, m := range marks {
		if m.IsZero() {
			free = i
			break
		}
		if m.Before(marks[free]) {
			free = i
		}
	}
	b := make([]byte, markSize)
	binary.LittleEndian.PutUint64(b, uint64(at.UnixMilli()))
	seal(b)
	if _, err := r.f.WriteAt(b, int64(headSize+free*markSize)); err != nil {
		return fmt.Errorf("mark the moment: %w", err)
	}
	// The one write that a person asked for: it must survive the switch that is pulled next.
	if err := r.f.Sync(); err != nil {
		return fmt.Errorf("mark the moment: %w", err)
	}
	return nil
}

// Marks are the marked moments of the last day, the newest first.
func (r *Ring) Marks(now time.Time) ([]time.Time, error) {
	all, err := r.places()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(m time.Time) bool {
		return m.IsZero() || now.Sub(m) > Minutes*time.Minute || m.After(now.Add(time.Minute))
	})
	slices.SortFunc(all, func(a, b time.Time) int { return b.Compare(a) })
	return all, nil
}

// Forget takes all marks back.
func (r *Ring) Forget() error {
	if _, err := r.f.WriteAt(make([]byte, MaxMarks*markSize), headSize); err != nil {
		return fmt.Errorf("take the marks back: %w", err)
	}
	return nil
}

// places are all marks as they stand; zero is a free place.
func (r *Ring) places() ([]time.Time, error) {
	b := make([]byte, MaxMarks*markSize)
	if _, err := r.f.ReadAt(b, headSize); err != nil {
		return nil, fmt.Errorf("read the marks: %w", err)
	}
	out := make([]time.Time, MaxMarks)
	for i := range out {
		mark := b[i*markSize : (i+1)*markSize]
		if ms := int64(binary.LittleEndian.Uint64(mark)); ms != 0 && sound(mark) {
			out[i] = time.UnixMilli(ms).UTC()
		}
	}
	return out, nil
}

// Around is the moment of a mark with the minutes that go along with a report.
func (r *Ring) Around(mark time.Time) (Moment, error) {
	m := Moment{Mark: mark.UTC(), From: mark.Add(-Before).UTC(), To: mark.Add(After).UTC()}
	var err error
	m.Minutes, err = r.Between(m.From, m.To)
	return m, err
}
