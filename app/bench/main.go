//go:build linux

// Command bench prints Balise's own figures: what the resident agent costs, how long a click takes.
//
//	go run ./app/bench [--idle 30s] [--check] [--json]
//
// It starts the real programs on a state folder of its own, with the practice desk, sends one report with a
// picture of the screen and a 50 MB attachment, and then measures the agent at rest. In a desktop session it
// uses the tray, the screen and the window; without one it says what it could not measure. Absolute figures
// depend on the machine; --check fails only above ceilings that are far from them.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"balise/app/internal/ipc/api"
	"balise/app/internal/platform/paths"
)

// figure is one measured number.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Ceiling is the loose bound of --check; 0 is none.
	Ceiling float64 `json:"ceiling,omitempty"`
	// Missing says why there is no value.
	Missing string `json:"missing,omitempty"`
}

type options struct {
	idle          time.Duration
	check, asJSON bool
}

func main() {
	var o options
	flag.DurationVar(&o.idle, "idle", 30*time.Second, "how long the agent is watched at rest")
	flag.BoolVar(&o.check, "check", false, "exit with 1 when a figure is above its loose ceiling")
	flag.BoolVar(&o.asJSON, "json", false, "print one JSON document")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	figures, err := measure(ctx, o)
	report(os.Stdout, figures, o.asJSON)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(3)
	}
	if o.check && slices.ContainsFunc(figures, figure.high) {
		os.Exit(1)
	}
}

func (f figure) high() bool { return f.Ceiling > 0 && f.Missing == "" && f.Value > f.Ceiling }

func report(w io.Writer, figures []figure, asJSON bool) {
	if asJSON {
		_ = json.NewEncoder(w).Encode(map[string]any{"schema": 1, "figures": figures})
		return
	}
	for _, f := range figures {
		line := fmt.Sprintf("%-64s %10s %s", f.Name, strconv.FormatFloat(f.Value, 'f', digits(f.Value), 64), f.Unit)
		switch {
		case f.Missing != "":
			line = fmt.Sprintf("%-64s %10s (%s)", f.Name, "-", f.Missing)
		case f.high():
			line += fmt.Sprintf("   ABOVE the ceiling of %g %s", f.Ceiling, f.Unit)
		}
		fmt.Fprintln(w, line)
	}
}

func digits(v float64) int {
	if math.Abs(v) < 10 {
		return 2
	}
	return 0
}

// measure runs everything in order; what was measured before an error is returned with it.
func measure(ctx context.Context, o options) (figures []figure, err error) {
	dir, err := os.MkdirTemp("", "balise-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	programs, err := findPrograms(ctx, dir)
	if err != nil {
		return nil, err
	}
	lab, err := healthyLab(ctx, programs.balise)
	figures = append(figures, lab)
	if err != nil {
		return figures, err
	}
	a, err := startAgent(ctx, programs, filepath.Join(dir, "state"))
	if err != nil {
		return figures, err
	}
	defer a.stop()
	sent, err := clickToSent(ctx, a, dir)
	figures = append(figures, sent...)
	if err != nil {
		return figures, err
	}
	figures = append(figures, clickToWindow(ctx, a))
	rest, err := atRest(ctx, a, o.idle)
	return append(figures, rest...), err
}

type programs struct{ balise, window string }

// findPrograms uses the built programs that BALISE_BIN and BALISE_WINDOW_BIN name, or builds them.
func findPrograms(ctx context.Context, dir string) (programs, error) {
	p := programs{os.Getenv("BALISE_BIN"), os.Getenv("BALISE_WINDOW_BIN")}
	if p.balise != "" {
		return p, nil
	}
	p = programs{filepath.Join(dir, "balise"), filepath.Join(dir, "balise-window")}
	fmt.Fprintln(os.Stderr, "building balise ...")
	if err := build(ctx, "CGO_ENABLED=0", "-o", p.balise, "./app"); err != nil {
		return p, err
	}
	if os.Getenv("DISPLAY") == "" {
		return p, nil
	}
	fmt.Fprintln(os.Stderr, "building balise-window ...")
	return p, build(ctx, "CGO_ENABLED=1", "-tags", "gles", "-o", p.window, "./app/window")
}

func build(ctx context.Context, env string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build"}, args...)...)
	cmd.Env, cmd.Stderr = append(os.Environ(), env), os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build %s: %w", args[len(args)-1], err)
	}
	return nil
}

// running is the agent under measurement.
type running struct {
	cmd     *exec.Cmd
	service *api.Client
	tray    bool
}

func startAgent(ctx context.Context, p programs, state string) (*running, error) {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return nil, err
	}
	os.Setenv(paths.StateEnv, state) // for the socket's name, here and in the child
	log, err := os.Create(filepath.Join(state, "bench.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	r := &running{tray: os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" && os.Getenv("DISPLAY") != ""}
	args := []string{"agent"}
	if !r.tray {
		args = append(args, "--no-tray")
	}
	r.cmd = exec.CommandContext(ctx, p.balise, args...)
	r.cmd.Stdout, r.cmd.Stderr = log, log
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if r.service, err = api.Dial(paths.Socket(state)); err == nil {
			return r, nil
		}
	}
	r.stop()
	said, _ := os.ReadFile(log.Name())
	return nil, fmt.Errorf("the agent does not answer: %w\n%s", err, said)
}

func (r *running) stop() {
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _ = r.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		_ = r.cmd.Process.Kill()
	}
}

const attachmentBytes = 50 << 20

// clickToSent plays the whole job: the click, the self-tests, the review and the sending, with a picture of
// the screen and a large attachment.
func clickToSent(ctx context.Context, r *running, dir string) ([]figure, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	big := filepath.Join(dir, "large.bin")
	if err := writeRandom(big, attachmentBytes); err != nil {
		return nil, err
	}
	start := time.Now()
	inc, err := r.service.OpenIncident(ctx, api.OpenRequest{Screenshot: true})
	if err != nil {
		return nil, fmt.Errorf("open an incident: %w", err)
	}
	captured := time.Since(start)
	if inc, err = r.service.Check(ctx, inc.ID, api.CheckRequest{}, nil); err != nil {
		return nil, fmt.Errorf("run the self-tests: %w", err)
	}
	checked := time.Since(start) - captured
	in := api.Input{Subject: "Bench", Description: "A report of app/bench.", Screenshot: inc.HasScreenshot}
	small := time.Now()
	if _, err := r.service.Review(ctx, inc.ID, in); err != nil {
		return nil, fmt.Errorf("review: %w", err)
	}
	reviewed := time.Since(small)
	in.Attach = []string{big}
	last := time.Now()
	sent, err := r.service.Send(ctx, inc.ID, in)
	if err == nil && sent.State != "sent" {
		_, err = r.service.Flush(ctx)
		for i := 0; err == nil && i < 300 && sent.Number == ""; i++ {
			time.Sleep(100 * time.Millisecond)
			if v, verr := r.service.Ticket(ctx, sent.Ref, true); verr == nil {
				sent.Number = v.Number
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("send: %w", err)
	}
	screen := figure{Name: "click to captured screen", Value: ms(captured), Unit: "ms", Ceiling: 5000}
	if !inc.HasScreenshot {
		screen.Missing = "no screen here: " + inc.ScreenshotWhy
	}
	return []figure{
		screen,
		{Name: "self-tests on this machine, as it is", Value: ms(checked), Unit: "ms", Ceiling: 8000},
		{Name: "review of a report with its picture", Value: ms(reviewed), Unit: "ms", Ceiling: 10000},
		{Name: "send with a 50 MB attachment, practice desk", Value: ms(time.Since(last)), Unit: "ms", Ceiling: 60000},
		{Name: "click to ticket number, no time to read counted", Value: ms(time.Since(start)), Unit: "ms", Ceiling: 90000},
	}, nil
}

// clickToWindow asks for the window and waits until the window manager has it.
func clickToWindow(ctx context.Context, r *running) figure {
	f := figure{Name: "click to window on the screen", Unit: "ms", Ceiling: 8000}
	if os.Getenv("DISPLAY") == "" {
		f.Missing = "no display here"
		return f
	}
	if _, err := exec.LookPath("xdotool"); err != nil {
		f.Missing = "xdotool is not installed"
		return f
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	start := time.Now()
	shown := make(chan error, 1)
	go func() { shown <- r.service.Show(ctx, "describe") }()
	for ctx.Err() == nil {
		if exec.CommandContext(ctx, "xdotool", "search", "--onlyvisible", "--name", "Balise").Run() == nil {
			f.Value = ms(time.Since(start))
			return f
		}
		select {
		case err := <-shown:
			if err != nil {
				f.Missing = err.Error()
				return f
			}
			shown = nil
		case <-time.After(5 * time.Millisecond):
		}
	}
	f.Missing = "no window within 20 s"
	return f
}

// atRest watches the agent do nothing.
func atRest(ctx context.Context, r *running, idle time.Duration) ([]figure, error) {
	if err := endWindow(ctx, r.cmd.Process.Pid); err != nil {
		return nil, err
	}
	select {
	case <-time.After(10 * time.Second): // what follows a report: memory given back, the list polled
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	before, err := cpuTicks(r.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	select {
	case <-time.After(idle):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	after, err := cpuTicks(r.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	rss, err := vmRSS(r.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	name := "agent at rest after the report, VmRSS"
	if r.tray {
		name = "agent with tray at rest after the report, VmRSS"
	}
	figures := []figure{
		{Name: name, Value: rss, Unit: "MB", Ceiling: 40},
		{Name: "agent at rest, share of one core", Value: 100 * (after - before) / idle.Seconds(), Unit: "%", Ceiling: 2},
	}
	for _, pid := range childrenOf(r.cmd.Process.Pid) {
		if rss, err := vmRSS(pid); err == nil {
			figures = append(figures, figure{Name: "beside it: " + commandOf(pid) + ", VmRSS", Value: rss, Unit: "MB"})
		}
	}
	return figures, nil
}

// endWindow closes the window that was shown: a user at rest has none.
func endWindow(ctx context.Context, agent int) error {
	for range 100 {
		pid := 0
		for _, c := range childrenOf(agent) {
			if strings.Contains(commandOf(c), "balise-window") {
				pid = c
			}
		}
		if pid == 0 {
			return nil
		}
		_ = syscall.Kill(pid, syscall.SIGTERM)
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return errors.New("the window does not end")
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func writeRandom(path string, n int) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	r := rand.New(rand.NewPCG(1, 2)) // the same bytes at each run; they do not compress
	for range n / 8 {
		v := r.Uint64()
		for i := range 8 {
			w.WriteByte(byte(v >> (8 * i)))
		}
	}
	return errors.Join(w.Flush(), f.Close())
}
