package record

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

func full(at time.Time) Minute {
	return Minute{
		At: at, Online: ptr(true), SignalDBm: ptr(-71.0), LossPercent: ptr(2.5), DNSMS: ptr(41.2), DNSFailed: ptr(false),
		Load: ptr(0.3), CPUPercent: ptr(12.0), MemoryPercent: ptr(0.0), IOPercent: ptr(33.3),
		FreeMemoryPercent: ptr(48.0), Crashes: ptr(1),
	}
}

func open(t *testing.T) (*Ring, string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "record")
	r, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r, name
}

func TestRingKeepsADay(t *testing.T) {
	r, name := open(t)
	for i := range Minutes + 60 { // an hour more than it can hold
		m := full(noon.Add(time.Duration(i) * time.Minute))
		if i%7 == 0 {
			m = Minute{At: m.At} // nothing could be read
		}
		if err := r.Add(m); err != nil {
			t.Fatal(err)
		}
	}
	st, err := os.Stat(name)
	if err != nil || st.Size() != FileSize || st.Mode().Perm() != 0o600 {
		t.Errorf("size %d, mode %v, %v", st.Size(), st.Mode(), err)
	}
	r.Close()
	again, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	all, err := again.Between(time.Time{}, noon.Add(48*time.Hour))
	if err != nil || len(all) != Minutes || !all[0].At.Equal(noon.Add(time.Hour)) {
		t.Fatalf("%d minutes from %v, %v", len(all), all[0].At, err)
	}
	for i, m := range all {
		want := full(m.At)
		if (i+60)%7 == 0 {
			want = Minute{At: m.At}
		}
		if !reflect.DeepEqual(m, want) {
			t.Fatalf("minute %d: have %+v", i, m)
		}
	}
	// The clock is set back: what it says of the time to come is of another day.
	some, err := again.Between(noon.Add(-time.Hour), noon.Add(70*time.Minute))
	if err != nil || len(some) != 11 {
		t.Errorf("%d minutes, %v", len(some), err)
	}
}

// TestTornWrites damages every byte of a place and of a mark in turn: that minute or mark is gone, and no other.
func TestTornWrites(t *testing.T) {
	r, name := open(t)
	for i := range 3 {
		if err := r.Add(full(noon.Add(time.Duration(i) * time.Minute))); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Mark(noon); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	place := placesAt + int(noon.Add(time.Minute).Unix()/60%Minutes)*placeSize
	for _, at := range []int{place, place + 7, place + 20, place + placeSize - 1} {
		torn := append([]byte(nil), whole...)
		torn[at] ^= 0x5a
		damaged := filepath.Join(t.TempDir(), "torn")
		if err := os.WriteFile(damaged, torn, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := Open(damaged)
		if err != nil {
			t.Fatal(err)
		}
		all, err := d.Between(noon, noon.Add(time.Hour))
		if err != nil || len(all) != 2 {
			t.Errorf("byte %d: %d minutes, %v", at, len(all), err)
		}
		d.Close()
	}
	whole[headSize] ^= 1
	if err := os.WriteFile(name, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if marks, err := r.Marks(noon); err != nil || len(marks) != 0 {
		t.Errorf("a torn mark counts: %v, %v", marks, err)
	}
}

func TestWhatIsNoRing(t *testing.T) {
	for name, raw := range map[string][]byte{
		"text": []byte("hello"), "zeros": make([]byte, FileSize), "another version": func() []byte {
			head := make([]byte, headSize)
			copy(head, magic)
			head[len(magic)] = fileVersion + 1
			seal(head)
			return head
		}(),
	} {
		file := filepath.Join(t.TempDir(), "record")
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(file); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadFile(file); len(left) != len(raw) {
			t.Errorf("%s: was changed", name)
		}
	}
	// A ring that was cut short is one with fewer minutes.
	r, name := open(t)
	if err := r.Add(full(noon)); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, FileSize-10*placeSize); err != nil {
		t.Fatal(err)
	}
	cut, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer cut.Close()
	if all, err := cut.Between(noon, noon); err != nil || len(all) != 1 {
		t.Errorf("%d, %v", len(all), err)
	}
	if err := Remove(name); err != nil {
		t.Error(err)
	}
	if err := Remove(name); err != nil {
		t.Error(err)
	}
}

func TestMarks(t *testing.T) {
	r, _ := open(t)
	for i := range MaxMarks + 3 {
		if err := r.Mark(noon.Add(time.Duration(i) * time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	now := noon.Add(time.Hour)
	marks, err := r.Marks(now)
	if err != nil || len(marks) != MaxMarks || !marks[0].Equal(noon.Add((MaxMarks+2)*time.Minute)) {
		t.Fatalf("%v, %v", marks, err)
	}
	for i := range 30 {
		if err := r.Add(full(noon.Add(time.Duration(i) * time.Minute))); err != nil {
			t.Fatal(err)
		}
	}
	m, err := r.Around(noon.Add(15*time.Minute + 20*time.Second))
	if err != nil || len(m.Minutes) != 13 || !m.Minutes[0].At.Equal(noon.Add(5*time.Minute)) {
		t.Errorf("%d minutes from %v, %v", len(m.Minutes), m.From, err)
	}
	if marks, _ := r.Marks(now.Add(25 * time.Hour)); len(marks) != 0 {
		t.Errorf("of yesterday: %v", marks)
	}
	if err := r.Forget(); err != nil {
		t.Fatal(err)
	}
	if marks, _ := r.Marks(now); len(marks) != 0 {
		t.Errorf("not forgotten: %v", marks)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(magic + "\x01"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		name := filepath.Join(t.TempDir(), "r")
		if err := os.WriteFile(name, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(name)
		if err != nil {
			return
		}
		defer r.Close()
		if _, err := r.Around(noon); err != nil {
			t.Error(err)
		}
		if _, err := r.Marks(noon); err != nil {
			t.Error(err)
		}
	})
}
