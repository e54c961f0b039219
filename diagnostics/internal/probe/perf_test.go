package probe

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPressure(t *testing.T) {
	real := "some avg10=13.12 avg60=3.49 avg300=2.11 total=50345622\nfull avg10=0.00 avg60=0.10 avg300=0.00 total=0\n"
	p, err := ParsePressure(strings.NewReader(real))
	if err != nil || p.Some10 != 13.12 || p.Some60 != 3.49 || p.Some300 != 2.11 || p.Full60 != 0.10 {
		t.Errorf("%v %+v", err, p)
	}
	for _, odd := range []string{"", "some\n", "some avg10=1 avg60=NaN avg300=1 total=1", "some avg10=-1 avg60=1 avg300=1 total=1"} {
		if _, err := ParsePressure(strings.NewReader(odd)); err == nil {
			t.Errorf("%q was read", odd)
		}
	}
	if _, err := ParsePressure(strings.NewReader("cpu\n")); !errors.Is(err, ErrNoPressure) {
		t.Errorf("err %v", err)
	}
}

func FuzzPressure(f *testing.F) {
	f.Add("some avg10=13.12 avg60=3.49 avg300=2.11 total=50345622\n")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePressure(strings.NewReader(s))
		if err == nil && !(p.Some60 >= 0 && p.Some60 <= 100) {
			t.Errorf("%+v", p)
		}
	})
}

func TestBusyPercent(t *testing.T) {
	for _, c := range []struct {
		before, after CPUTime
		want          float64
	}{
		{CPUTime{10, 90}, CPUTime{11, 99}, 10},
		{CPUTime{10, 90}, CPUTime{12, 90}, 100},
		{CPUTime{10, 90}, CPUTime{10, 90}, 0},
		{CPUTime{10, 90}, CPUTime{9, 95}, 0},    // a counter that ran backwards
		{CPUTime{10, 90}, CPUTime{12, 89}, 100}, // idle can, too
	} {
		if got := BusyPercent(c.before, c.after); got != c.want {
			t.Errorf("%+v: %v, want %v", c, got, c.want)
		}
	}
}

func TestTopNamesProgramsTogether(t *testing.T) {
	before := []Process{{PID: 1, Name: "init", CPU: 5}, {PID: 2, Name: "web", CPU: 1}, {PID: 3, Name: "web", CPU: 1}}
	after := []Process{
		{PID: 1, Name: "init", CPU: 5.001, RSS: 1},
		{PID: 2, Name: "web", CPU: 2, RSS: 300},
		{PID: 3, Name: "web", CPU: 2, RSS: 300},
		{PID: 4, Name: "new", CPU: 1.5, RSS: 500},
		{PID: 5, Name: "Balise.exe", CPU: 9, RSS: 1},
	}
	if got := TopCPU(before, after, time.Second, 3); !slices.Equal(got, []string{"web", "new"}) {
		t.Errorf("cpu %v", got)
	}
	if got := TopMemory(after, 2); !slices.Equal(got, []string{"web", "new"}) {
		t.Errorf("memory %v", got)
	}
}

func TestCleanNameIsNoPath(t *testing.T) {
	for in, want := range map[string]string{
		"/usr/bin/placku": "placku", "kworker/0:1": "kworker/0:1", `C:\Program Files\a b.exe`: "a b.exe",
		"/opt/x/": "x", "/": "", "plain": "plain",
	} {
		if got := CleanName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestCleanName(t *testing.T) {
	if got := CleanName("a\x1b[31m\u202eb\xff" + strings.Repeat("x", 50)); got != "a[31mb"+strings.Repeat("x", 26) {
		t.Errorf("%q", got)
	}
}
