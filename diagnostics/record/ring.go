package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"time"
)

// The file: a head, the marks, then a place for every minute of a day. All numbers are little-endian. Every
// part has its own checksum, and a place is written with one call: what a crash tears is one place.
const (
	magic       = "BALISEREC"
	fileVersion = 1
	headSize    = 64
	markSize    = 16
	placeSize   = 64
	placesAt    = headSize + MaxMarks*markSize
	// FileSize is the size of the ring's file, from its first minute on.
	FileSize = placesAt + Minutes*placeSize
)

// ErrDamaged says that a file is not a ring that this program can read.
var ErrDamaged = errors.New("the record is damaged")

// Ring is the record's file. Its methods must not be called at the same time.
type Ring struct {
	f *os.File
}

// Open opens the ring, or makes an empty one, 0600. A file that is no ring, or one of another version, is an
// error that wraps ErrDamaged; nothing of it is changed.
func Open(name string) (*Ring, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the record: %w", err)
	}
	r := &Ring{f: f}
	if err := r.check(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

func (r *Ring) check() error {
	st, err := r.f.Stat()
	if err != nil {
		return fmt.Errorf("open the record: %w", err)
	}
	if st.Size() == 0 {
		return r.format()
	}
	head := make([]byte, headSize)
	if _, err := r.f.ReadAt(head, 0); err != nil {
		return fmt.Errorf("%w: read its head: %w", ErrDamaged, err)
	}
	switch {
	case string(head[:len(magic)]) != magic || !sound(head):
		return fmt.Errorf("%w: not a record", ErrDamaged)
	case head[len(magic)] != fileVersion:
		return fmt.Errorf("%w: version %d", ErrDamaged, head[len(magic)])
	case st.Size() < FileSize:
		// Cut short, by a full disk or a copy: what is missing is empty.
		return r.resize()
	}
	return nil
}

func (r *Ring) format() error {
	if err := r.resize(); err != nil {
		return err
	}
	head := make([]byte, headSize)
	copy(head, magic)
	head[len(magic)] = fileVersion
	seal(head)
	if _, err := r.f.WriteAt(head, 0); err != nil {
		return fmt.Errorf("begin the record: %w", err)
	}
	return nil
}

func (r *Ring) resize() error {
	if err := r.f.Truncate(FileSize); err != nil {
		return fmt.Errorf("begin the record: %w", err)
	}
	return nil
}

// Close closes the file.
func (r *Ring) Close() error {
	if err := r.f.Close(); err != nil {
		return fmt.Errorf("close the record: %w", err)
	}
	return nil
}

// Remove deletes a ring's file; one that is not there is no error.
func Remove(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete the record: %w", err)
	}
	return nil
}

// seal puts a checksum into the last four bytes.
func seal(b []byte) {
	at := len(b) - 4
	binary.LittleEndian.PutUint32(b[at:], crc32.ChecksumIEEE(b[:at]))
}

func sound(b []byte) bool {
	at := len(b) - 4
	return binary.LittleEndian.Uint32(b[at:]) == crc32.ChecksumIEEE(b[:at])
}

// Add writes a minute into its place. A second one of the same minute replaces the first.
func (r *Ring) Add(m Minute) error {
	b := make([]byte, placeSize)
	minute := m.At.Unix() / 60
	binary.LittleEndian.PutUint64(b, uint64(minute))
	for i, v := range m.figures() {
		at := 8 + 4*i
		bits := math.Float32bits(float32(math.NaN()))
		if v != nil {
			bits = math.Float32bits(float32(*v))
		}
		binary.LittleEndian.PutUint32(b[at:], bits)
	}
	seal(b)
	place := minute % Minutes
	if place < 0 {
		return fmt.Errorf("add to the record: before 1970")
	}
	if _, err := r.f.WriteAt(b, placesAt+place*placeSize); err != nil {
		return fmt.Errorf("add to the record: %w", err)
	}
	return nil
}

// Between reads the minutes from from to to, in order, as far as the ring has them. Minutes of the future are
// left out: the clock was set back, and what it says of them is of another day.
func (r *Ring) Between(from, to time.Time) ([]Minute, error) {
	b := make([]byte, Minutes*placeSize)
	n, err := r.f.ReadAt(b, placesAt)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the record: %w", err)
	}
	out := []Minute{}
	for at := 0; at+placeSize <= n; at += placeSize {
		m, ok := parse(b[at : at+placeSize])
		if ok && !m.At.Before(from.Truncate(time.Minute)) && !m.At.After(to) {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b Minute) int { return a.At.Compare(b.At) })
	return out, nil
}

func parse(b []byte) (Minute, bool) {
	minute := int64(binary.LittleEndian.Uint64(b))
	if minute == 0 || !sound(b) {
		return Minute{}, false
	}
	m := Minute{At: time.Unix(minute*60, 0).UTC()}
	values := [figures]*float64{}
	for i := range values {
		v := float64(math.Float32frombits(binary.LittleEndian.Uint32(b[8+4*i:])))
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			rounded := tenth(v)
			values[i] = &rounded
		}
	}
	m.set(values)
	return m, true
}

// figures is how many numbers a minute has; 8 + 4*figures + 4 must fit a place.
const figures = 12

func (m Minute) figures() [figures]*float64 {
	return [figures]*float64{
		number(m.Online), m.SignalDBm, m.LossPercent, m.DNSMS, number(m.DNSFailed), m.Load, m.CPUPercent,
		m.MemoryPercent, m.IOPercent, m.FreeMemoryPercent, count(m.Crashes),
	}
}

func (m *Minute) set(v [figures]*float64) {
	m.Online, m.SignalDBm, m.LossPercent, m.DNSMS, m.DNSFailed = truth(v[0]), v[1], v[2], v[3], truth(v[4])
	m.Load, m.CPUPercent, m.MemoryPercent, m.IOPercent, m.FreeMemoryPercent = v[5], v[6], v[7], v[8], v[9]
	if v[10] != nil {
		n := int(*v[10])
		m.Crashes = &n
	}
}

func number(b *bool) *float64 {
	if b == nil {
		return nil
	}
	v := 0.0
	if *b {
		v = 1
	}
	return &v
}

func truth(v *float64) *bool {
	if v == nil {
		return nil
	}
	b := *v != 0
	return &b
}

func count(n *int) *float64 {
	if n == nil {
		return nil
	}
	v := float64(*n)
	return &v
}
