package window

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"testing"
	"time"
)

// TestMain lets this test binary stand in for the window program.
func TestMain(m *testing.M) {
	switch os.Getenv("BALISE_FAKE_WINDOW") {
	case "no-gl":
		fmt.Fprintln(os.Stderr, "some driver's noise")
		fmt.Fprintln(os.Stderr, `{"code":"window.none","detail":"no GLX"}`)
		os.Exit(3)
	case "crash":
		fmt.Fprintln(os.Stderr, "panic")
		os.Exit(2)
	case "stay":
		time.Sleep(time.Minute)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func launcher(t *testing.T, fake string) *Launcher {
	t.Helper()
	if runtime.GOOS == "linux" {
		t.Setenv("DISPLAY", ":fake")
	}
	t.Setenv("BALISE_FAKE_WINDOW", fake)
	l := New(Params{Socket: "x", Program: os.Args[0], Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(l.Close)
	return l
}

func TestWhyThereIsNoWindow(t *testing.T) {
	if err := launcher(t, "no-gl").Show(t.Context(), "describe", ""); !errors.Is(err, ErrGraphics) {
		t.Errorf("no OpenGL: %v", err)
	}
	if err := launcher(t, "crash").Show(t.Context(), "describe", ""); err == nil || errors.Is(err, ErrGraphics) {
		t.Errorf("a crash: %v", err)
	}
	l := launcher(t, "stay")
	l.p.Program = "/no/such/program"
	if err := l.Show(t.Context(), "describe", ""); err == nil {
		t.Error("a program that does not exist was started")
	}
	l.p.Program = ""
	if err := l.Show(t.Context(), "describe", ""); !errors.Is(err, ErrMissing) {
		t.Errorf("no window program beside us: %v", err)
	}
	if runtime.GOOS == "linux" {
		t.Setenv("DISPLAY", "")
		t.Setenv("WAYLAND_DISPLAY", "")
		if err := l.Show(t.Context(), "describe", ""); !errors.Is(err, ErrNoDisplay) {
			t.Errorf("no display: %v", err)
		}
	}
}

func TestOneWindow(t *testing.T) {
	l := launcher(t, "stay")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	for range 3 {
		if err := l.Show(ctx, "tickets", "BA1"); err != nil {
			t.Fatal(err)
		}
	}
	first := l.running.Process.Pid
	if err := l.Show(t.Context(), "describe", ""); err != nil || l.running.Process.Pid != first {
		t.Errorf("a second window was started: %v", err)
	}
	l.Close()
	if l.running != nil {
		t.Error("the window outlives Close")
	}
}
