package sound_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	checks "balise/diagnostics/checks/sound"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/fix/sound"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func needsPulse(t *testing.T) {
	t.Helper()
	if os.Getenv("BALISE_TEST_DESKTOP") != "1" {
		t.Skip("needs pulseaudio and pactl: BALISE_TEST_DESKTOP=1 go test ./diagnostics/repair/fix/sound")
	}
}

// testSound runs the real self-tests.
func testSound(ctx context.Context, ids []string) ([]diagnostics.Result, error) {
	var list []diagnostics.Result
	for _, c := range checks.Checks(catalogue.Catalogue{}) {
		if slices.Contains(ids, c.ID) {
			o := c.Run(ctx, 0)
			list = append(list, diagnostics.Result{
				ID: c.ID, Status: o.Status, Cause: o.Cause, Facts: o.Facts, Detail: o.Detail,
			})
		}
	}
	return list, nil
}

func fixer(t testing.TB, id string, p sound.Params) repair.Fixer {
	t.Helper()
	for _, f := range sound.Fixers(p) {
		if f.ID() == id {
			return f
		}
	}
	t.Fatalf("no %s", id)
	return nil
}

// server is a real PulseAudio behind a door at which a test can stand: it counts what is to be changed, refuses it, or
// lets nothing through. Balise comes by the door; the test itself does not.
type server struct {
	real, door string

	mu    sync.Mutex
	deny  bool
	swall []uint32 // commands answered with success, and not passed on
	gone  bool
	hung  chan struct{}
	dieAt int
	asked int
	die   func()
	conns []net.Conn
}

func newServer(t *testing.T) *server {
	t.Helper()
	needsPulse(t)
	dir, err := os.MkdirTemp("", "bpulse") // short: it holds sockets
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &server{real: filepath.Join(dir, "real"), door: filepath.Join(dir, "door")}
	t.Setenv("PULSE_RUNTIME_PATH", dir)
	t.Setenv("PULSE_STATE_PATH", dir)
	t.Setenv("XDG_CONFIG_HOME", dir)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
	t.Setenv("PULSE_SERVER", "unix:"+s.door)
	cmd := exec.Command("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
		"--load=module-native-protocol-unix socket="+s.real,
		"--load=module-null-sink sink_name=hall", "--load=module-null-sink sink_name=desk",
		"--load=module-null-source source_name=voice", "--load=module-null-source source_name=phone")
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	await(t, "the sound server", func() bool {
		return exec.Command("pactl", "--server=unix:"+s.real, "info").Run() == nil
	})
	ln, err := net.Listen("unix", s.door)
	must(t, err)
	t.Cleanup(func() { ln.Close(); s.reset() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go s.serve(c)
		}
	}()
	return s
}

func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("%s does not come", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// pactl is PulseAudio's own command, past the door.
func (s *server) pactl(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.Command("pactl", append([]string{"--server=unix:" + s.real}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("pactl %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (s *server) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hung != nil {
		close(s.hung)
	}
	for _, c := range s.conns {
		c.Close()
	}
	s.hung, s.gone, s.dieAt, s.die, s.conns = nil, false, 0, nil, nil
}

// The frames of the native protocol: a head of twenty bytes with length and channel, then, for commands, tagged
// numbers: the command and the number of the question.
const head = 20

func frame(r io.Reader) (raw []byte, command, tag uint32, ok bool) {
	raw = make([]byte, head)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, 0, 0, false
	}
	size := binary.BigEndian.Uint32(raw)
	if size > 1<<22 {
		return nil, 0, 0, false
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, 0, 0, false
	}
	command = ^uint32(0)
	if binary.BigEndian.Uint32(raw[4:]) == ^uint32(0) && len(body) >= 10 {
		command, tag = binary.BigEndian.Uint32(body[1:]), binary.BigEndian.Uint32(body[6:])
	}
	return append(raw, body...), command, tag, true
}

// answer is a frame with a command (2 reply, 0 error), the question's number and perhaps one number more.
func answer(command, tag uint32, more ...uint32) []byte {
	var body []byte
	for _, v := range append([]uint32{command, tag}, more...) {
		body = binary.BigEndian.AppendUint32(append(body, 'L'), v)
	}
	raw := make([]byte, head)
	binary.BigEndian.PutUint32(raw, uint32(len(body)))
	binary.BigEndian.PutUint32(raw[4:], ^uint32(0))
	return append(raw, body...)
}

// changes says whether a command changes a device (native-common.h).
func changes(command uint32) bool {
	return slices.Contains([]uint32{36, 38, 39, 40, 44, 45}, command)
}

func (s *server) serve(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("unix", s.real)
	if err != nil {
		return
	}
	defer out.Close()
	s.mu.Lock()
	s.conns = append(s.conns, in)
	s.mu.Unlock()
	last := make(chan uint32, 1) // the number of the question after whose answer the process ends
	go s.back(in, out, last)
	for {
		raw, command, tag, ok := frame(in)
		if !ok {
			return
		}
		s.mu.Lock()
		hung, gone, deny := s.hung, s.gone, s.deny && changes(command)
		swallow, dies := slices.Contains(s.swall, command), false
		if changes(command) && s.dieAt > 0 {
			s.asked++
			dies = s.asked == s.dieAt
		}
		s.mu.Unlock()
		switch {
		case gone:
			return
		case hung != nil:
			<-hung
			return
		case deny:
			raw = answer(0, tag, 1)
			_, _ = in.Write(raw)
			continue
		case swallow:
			_, _ = in.Write(answer(2, tag))
			continue
		case dies:
			last <- tag
		}
		if _, err := out.Write(raw); err != nil {
			return
		}
	}
}

// back passes on what the server says.
func (s *server) back(in, out net.Conn, last chan uint32) {
	defer in.Close()
	until, dies := uint32(0), false
	for {
		raw, _, tag, ok := frame(out)
		if !ok {
			return
		}
		select {
		case until = <-last:
			dies = true
		default:
		}
		if dies && tag == until {
			s.mu.Lock()
			die := s.die
			s.mu.Unlock()
			die()
			_, _ = io.Copy(io.Discard, out) // nothing is answered any more
			return
		}
		if _, err := in.Write(raw); err != nil {
			return
		}
	}
}
