//go:build (cgo || ci) && linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"balise/app/internal/ipc"
	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/fakeagent"
)

// These tests run the real program on a real (virtual) display. packaging/test runs them; by hand:
//
//	BALISE_TEST_DESKTOP=1 CGO_ENABLED=0 go test -tags ci ./app/window
//
// BALISE_WINDOW_BIN names a program that is built already, BALISE_E2E_PICTURES a folder to keep the pictures in.
func program(t *testing.T) string {
	t.Helper()
	if os.Getenv("BALISE_TEST_DESKTOP") == "" {
		t.Skip("needs Xvfb, openbox, xdotool and ImageMagick: set BALISE_TEST_DESKTOP=1 (packaging/test does)")
	}
	if path := os.Getenv("BALISE_WINDOW_BIN"); path != "" {
		return path
	}
	path := filepath.Join(t.TempDir(), "balise-window")
	cmd := exec.Command("go", "build", "-tags", "gles", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the window: %v\n%s", err, out)
	}
	return path
}

// start runs a program that ends with the test.
func start(t *testing.T, env []string, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		done := make(chan struct{})
		go func() { _ = cmd.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(5 * time.Second):
			_ = cmd.Process.Kill()
			<-done
		}
	})
	return cmd
}

// display starts an X server on a free number and a window manager on it.
func display(t *testing.T, args ...string) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("Xvfb", append([]string{
		"-displayfd", "3", "-noreset", "-screen", "0", "1280x800x24", "-nolisten", "tcp",
	}, args...)...)
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if err := r.SetReadDeadline(time.Now().Add(15 * time.Second)); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal("Xvfb did not start: ", err)
	}
	name := ":" + strings.TrimSpace(line)
	start(t, []string{"DISPLAY=" + name}, "openbox", "--sm-disable")
	return name
}

// desk is a made-up agent on a socket.
func desk(t *testing.T, a *fakeagent.Agent) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	ctx, stop := context.WithCancel(context.Background())
	ended, ready := make(chan error, 1), make(chan struct{})
	go func() {
		ended <- ipc.Serve(ctx, ipc.Params{
			Socket: socket, Service: a,
			Ready: func() { close(ready) },
		})
	}()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); <-ended })
	return socket
}

// screen is a display with the window on it.
type screen struct {
	t    *testing.T
	name string
	cmd  *exec.Cmd
}

func open(t *testing.T, path, socket string, env []string, args ...string) *screen {
	t.Helper()
	s := &screen{t: t, name: display(t)}
	env = append([]string{
		"DISPLAY=" + s.name, "WAYLAND_DISPLAY=", "DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent",
		"LC_ALL=C.UTF-8",
		"HOME=" + t.TempDir(),
	}, env...)
	s.cmd = start(t, env, path, append([]string{"--socket", socket}, args...)...)
	s.do("search", "--sync", "--onlyvisible", "--name", "^Balise$")
	return s
}

// do runs xdotool.
func (s *screen) do(args ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "xdotool", args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+s.name, "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("xdotool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (s *screen) key(names ...string) {
	s.t.Helper()
	for _, n := range names {
		s.do("key", n)
		time.Sleep(120 * time.Millisecond)
	}
}

// visible tells whether the window is on the screen.
func (s *screen) visible() bool {
	cmd := exec.Command("xdotool", "search", "--onlyvisible", "--name", "^Balise$")
	cmd.Env = append(os.Environ(), "DISPLAY="+s.name)
	out, err := cmd.Output()
	return err == nil && len(bytes.TrimSpace(out)) > 0
}

// picture keeps what the screen shows, and counts its colours: an empty window has a handful.
func (s *screen) picture(name string) {
	s.t.Helper()
	dir := os.Getenv("BALISE_E2E_PICTURES")
	if dir == "" {
		dir = s.t.TempDir()
	}
	path := filepath.Join(dir, name+".png")
	cmd := exec.Command("import", "-window", "root", path)
	cmd.Env = append(os.Environ(), "DISPLAY="+s.name)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("take a picture: %v\n%s", err, out)
	}
	f, err := os.Open(path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		s.t.Fatal(err)
	}
	colours := map[[3]uint32]bool{}
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y += 2 {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x += 2 {
			r, g, b, _ := img.At(x, y).RGBA()
			colours[[3]uint32{r, g, b}] = true
		}
	}
	if len(colours) < 30 {
		s.t.Errorf("%s shows %d colours: the window is empty", name, len(colours))
	}
}

func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if cond() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

func TestDesktopWithoutADisplayItSaysSo(t *testing.T) {
	path := program(t)
	// Given no display, and a display without OpenGL
	for name, env := range map[string][]string{
		"no display": {"DISPLAY=", "WAYLAND_DISPLAY="},
		"no opengl":  {"DISPLAY=" + display(t, "-extension", "GLX"), "WAYLAND_DISPLAY="},
	} {
		// When the window is started
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, path, "--socket", "/nonexistent")
		cmd.Env = append(os.Environ(), env...)
		var said bytes.Buffer
		cmd.Stderr = &said
		err := cmd.Run()
		// Then it ends with 3 and one line of JSON that says why, and no panic
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != exitNoShow {
			t.Errorf("%s: %v, want exit %d\n%s", name, err, exitNoShow, &said)
		}
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		var e api.Error
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &e); err != nil || e.Code != api.CodeNoWindow {
			t.Errorf("%s: last words %q", name, lines[len(lines)-1])
		}
		if strings.Contains(said.String(), "goroutine ") {
			t.Errorf("%s: it panicked:\n%s", name, &said)
		}
	}
}

// An agent that was started again does not know the window of before: a second one must not appear.
func TestDesktopOneWindowAtATime(t *testing.T) {
	path := program(t)
	socket := desk(t, fakeagent.New())
	s := open(t, path, socket, nil)
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	second := exec.CommandContext(ctx, path, "--socket", socket)
	second.Env = append(os.Environ(), "DISPLAY="+s.name)
	if out, err := second.CombinedOutput(); err != nil {
		t.Errorf("the second window: %v\n%s", err, out)
	}
	if err := s.cmd.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the first window is gone: %v", err)
	}
}

func TestDesktopFromTheFirstWordToTheNumberByKeyboard(t *testing.T) {
	path := program(t)
	// Given an agent on a computer with a full disk
	a := fakeagent.New()
	a.Shot = fakeagent.Picture()
	s := open(t, path, desk(t, a), []string{"FYNE_THEME=light"}, "--page", "describe", "--incident",
		"BA7KQ2MXXXXXXXXXXXXX")
	eventually(t, "the self-tests ran", func() bool { return a.Called("Check") > 0 })
	time.Sleep(time.Second) // xdotool changes the keyboard for each accent: a page that is being drawn may miss it
	// When somebody types, with accents, and uses only the keyboard
	s.do("type", "--delay", "120", "écran noir à midi")
	s.picture("journey-1-describe")
	s.key("ctrl+Return")
	time.Sleep(600 * time.Millisecond)
	s.picture("journey-2-verdict")
	s.key("shift+Tab", "Return") // from "try to repair" to "report it instead"
	eventually(t, "the report is built", func() bool { return a.Called("Review") > 0 })
	time.Sleep(600 * time.Millisecond)
	s.picture("journey-3-review")
	s.key("ctrl+Return")
	// Then the agent gets exactly these words
	eventually(t, "it is sent", func() bool { return a.Called("Send") == 1 })
	a.Lock()
	words := a.SentIn[0].Description
	a.Unlock()
	if words != "écran noir à midi" {
		t.Errorf("sent %q", words)
	}
	time.Sleep(600 * time.Millisecond)
	s.picture("journey-4-sent")
	// And when the window is closed it is gone from the screen, until the agent asks for it
	s.key("ctrl+w")
	eventually(t, "the window is closed", func() bool { return !s.visible() })
	a.Emit(api.Event{Kind: "show", Page: "ticket/1041"})
	eventually(t, "the window is back", s.visible)
	eventually(t, "on the ticket", func() bool { return a.Called("Ticket") > 0 })
	time.Sleep(600 * time.Millisecond)
	s.picture("journey-5-ticket")
	// And it ends cleanly when it is told to
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

// find is where a colour shows on the screen.
func (s *screen) find(want color.NRGBA) image.Rectangle {
	s.t.Helper()
	cmd := exec.Command("import", "-window", "root", "png:-")
	cmd.Env = append(os.Environ(), "DISPLAY="+s.name)
	raw, err := cmd.Output()
	if err != nil {
		s.t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	var found image.Rectangle
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			c := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			if c.R == want.R && c.G == want.G && c.B == want.B {
				found = found.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return found
}

func TestDesktopBlackOutWithTheMouse(t *testing.T) {
	path := program(t)
	// Given a report with a picture of the screen, of 960 by 540
	a := fakeagent.New()
	a.Shot = fakeagent.Picture()
	s := open(t, path, desk(t, a), []string{"FYNE_THEME=dark"}, "--page", "describe", "--incident",
		"BA7KQ2MXXXXXXXXXXXXX")
	eventually(t, "the self-tests ran",
		func() bool { return a.Called("Check") > 0 && a.Called("Screenshot") > 0 })
	s.do("type", "--delay", "120", "black")
	s.key("ctrl+Return")
	time.Sleep(500 * time.Millisecond)
	s.key("shift+Tab", "Return")
	eventually(t, "the report is built", func() bool { return a.Called("Review") > 0 })
	time.Sleep(500 * time.Millisecond)
	// When it is ticked by keyboard and half of it is drawn over with the mouse
	for range 13 {
		s.key("Tab")
	}
	s.key("space", "Tab")
	time.Sleep(500 * time.Millisecond)
	s.picture("blackout-1-picture")
	at := s.find(color.NRGBA{0x2a, 0x6f, 0x97, 0xff})
	if at.Dx() < 200 {
		t.Fatalf("the picture shows at %v", at)
	}
	s.do("mousemove", strconv.Itoa(at.Min.X), strconv.Itoa(at.Min.Y), "mousedown", "1")
	for _, step := range []int{3, 2, 1} {
		s.do("mousemove", strconv.Itoa(at.Max.X-at.Dx()/2-step), strconv.Itoa(at.Max.Y-step))
		time.Sleep(100 * time.Millisecond)
	}
	s.do("mouseup", "1")
	time.Sleep(900 * time.Millisecond)
	s.picture("blackout-2-drawn")
	s.key("ctrl+Return")
	// Then exactly that part leaves black
	eventually(t, "it is sent", func() bool { return a.Called("Send") == 1 })
	a.Lock()
	in := a.SentIn[0]
	a.Unlock()
	if !in.Screenshot || len(in.Blackouts) != 1 {
		t.Fatalf("sent %+v", in)
	}
	if b := in.Blackouts[0]; b.X > 12 || b.Y > 12 || b.W < 460 || b.W > 500 || b.H < 480 || b.H > 540 {
		t.Errorf("blacked out %+v of 960 by 540", b)
	}
}

func TestDesktopRepairByKeyboard(t *testing.T) {
	path := program(t)
	// Given a repair that is offered, on a small dark screen at 200 %
	a := fakeagent.New()
	a.Status.Language = "fr"
	s := open(t, path, desk(t, a), []string{"FYNE_THEME=dark", "FYNE_SCALE=2"}, "--page", "describe")
	eventually(t, "the self-tests ran", func() bool { return a.Called("Check") > 0 })
	s.do("type", "--delay", "120", "disque plein")
	s.key("ctrl+Return")
	time.Sleep(600 * time.Millisecond)
	s.picture("repair-1-verdict")
	// When Enter says yes to what is offered, and then Tab and Enter to what cannot be undone
	s.key("Return")
	time.Sleep(600 * time.Millisecond)
	s.picture("repair-2-offer")
	s.key("Return")
	eventually(t, "the first step ran", func() bool { return a.Called("Repair") == 1 })
	time.Sleep(600 * time.Millisecond)
	s.picture("repair-3-second-yes")
	s.key("Tab", "Return")
	eventually(t, "the second step ran", func() bool { return a.Called("Repair") == 2 })
	time.Sleep(600 * time.Millisecond)
	s.picture("repair-4-solved")
	// Then the agent was asked for just that, with a yes each
	a.Lock()
	defer a.Unlock()
	if len(a.RepairIn) != 2 || a.RepairIn[0].Action != "run" || a.RepairIn[1].Action != "continue" || !a.RepairIn[1].Consent {
		t.Errorf("asked for %+v", a.RepairIn)
	}
}

func TestDesktopPictures(t *testing.T) {
	path := program(t)
	pages := []string{"describe", "tickets", "ticket/1041", "check", "outbox", "trust", "settings", "signin"}
	for _, look := range []struct{ name, theme, scale, lang string }{
		{"en-light-1", "light", "1", "en"},
		{"fr-dark-2", "dark", "2", "fr"},
		{"fr-light-2", "light", "2", "fr"},
	} {
		t.Run(look.name, func(t *testing.T) {
			a := fakeagent.New()
			a.Status.Language = look.lang
			a.Outages = []api.Notice{fakeagent.Outage()}
			s := open(t, path, desk(t, a), []string{"FYNE_THEME=" + look.theme, "FYNE_SCALE=" + look.scale})
			for _, p := range pages {
				a.Emit(api.Event{Kind: "show", Page: p})
				time.Sleep(700 * time.Millisecond)
				s.picture(look.name + "-" + strings.ReplaceAll(p, "/", "-"))
			}
		})
	}
}

func TestFlagsAndLastWords(t *testing.T) {
	// Given what somebody may type
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"--help"}, exitOK},
		{[]string{"--nonsense"}, exitUsage},
		{[]string{"--probe-gl"}, exitOK},
	} {
		// When it is run under the tag ci, where a window can always be made
		if got := run(c.args, io.Discard); got != c.want && os.Getenv("DISPLAY") != "" {
			t.Errorf("%v: exit %d, want %d", c.args, got, c.want)
		}
	}
	// Then the reason for no window is one line of JSON
	var said bytes.Buffer
	if code := noWindow(&said, errors.New("line one\nline two")); code != exitNoShow {
		t.Errorf("exit %d", code)
	}
	if strings.Count(said.String(), "\n") != 1 || !strings.Contains(said.String(), `"code":"window.none"`) {
		t.Errorf("said %q", &said)
	}
}
