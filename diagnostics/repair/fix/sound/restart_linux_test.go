package sound_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"

	"balise/diagnostics"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/fix/sound"
	"balise/diagnostics/repair/repairtest"
)

// session is a user's session with a sound server that has died: its socket is there, and nobody answers.
type session struct {
	t   *testing.T
	dir string

	mu     sync.Mutex
	worse  bool
	deny   bool
	hung   chan struct{}
	dieAt  int
	asked  int
	die    func()
	conn   *dbus.Conn
	units  map[string]string // names and states of the played systemd
	jobs   int
	starts []string
}

const script = `load-module module-native-protocol-unix auth-anonymous=1
load-module module-null-sink sink_name=hall
`

// broken is a script that no PulseAudio starts with.
const broken = ".fail\nload-module module-of-nobody\n"

func newSession(t *testing.T) *session {
	t.Helper()
	needsPulse(t)
	// The server puts itself in the background. Whoever started it must see it end, or its number stays taken.
	must(t, unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
	dir, err := os.MkdirTemp("", "bses")
	must(t, err)
	s := &session{t: t, dir: dir}
	t.Setenv("HOME", dir)
	t.Setenv("XDG_RUNTIME_DIR", dir)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	t.Setenv("PULSE_RUNTIME_PATH", dir)
	t.Setenv("PULSE_STATE_PATH", dir)
	t.Setenv("PULSE_CONFIG_PATH", filepath.Join(dir, "config/pulse"))
	t.Setenv("PULSE_SERVER", "")
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
	must(t, os.MkdirAll(filepath.Join(dir, "config/pulse"), 0o700))
	must(t, os.WriteFile(s.settings(), []byte(script), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "config/pulse/daemon.conf"), []byte("exit-idle-time = -1\n"), 0o600))
	t.Cleanup(func() { s.kill(); os.RemoveAll(dir) })
	must(t, s.start())
	s.kill()
	if _, err := os.Stat(filepath.Join(dir, "native")); err != nil {
		t.Fatalf("a server that died leaves its socket: %v", err)
	}
	return s
}

func (s *session) settings() string { return filepath.Join(s.dir, "config/pulse/default.pa") }

// start and kill are the test's own: by PulseAudio's own means, and by none.
func (s *session) start() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	// No pipe: the server would keep it.
	if err := exec.CommandContext(ctx, "pulseaudio", "--start", "--log-target=syslog").Run(); err != nil {
		return fmt.Errorf("pulseaudio --start: %w", err)
	}
	return nil
}

func (s *session) pid() int {
	raw, _ := os.ReadFile(filepath.Join(s.dir, "pid"))
	pid, _ := strconv.Atoi(strings.TrimSpace(string(raw)))
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if strings.TrimSpace(string(name)) != "pulseaudio" {
		return 0
	}
	return pid
}

func (s *session) kill() {
	if pid := s.pid(); pid > 0 {
		_ = syscall.Kill(pid, syscall.SIGKILL)
		await(s.t, "the server's end", func() bool {
			_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
			return syscall.Kill(pid, 0) != nil
		})
	}
}

func (s *session) Fixer() repair.Fixer { return fixer(s.t, "audio.restart", sound.Params{}) }

func (s *session) Test(ctx context.Context, ids []string) ([]diagnostics.Result, error) {
	return testSound(ctx, ids)
}

// State is what a sound server keeps: the files of its settings.
func (s *session) State() string {
	all := ""
	err := filepath.WalkDir(filepath.Join(s.dir, "config"), func(name string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && filepath.Base(name) != "cookie" {
			raw, _ := os.ReadFile(name)
			all += name[len(s.dir):] + " " + string(raw) + "\n"
		}
		return err
	})
	must(s.t, err)
	return all
}

func (s *session) Worsen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.worse = true
	// It starts, and dies of a module that nobody has.
	must(s.t, os.WriteFile(s.settings(), []byte(broken), 0o600))
}

func (s *session) Refuse()                  { s.mu.Lock(); defer s.mu.Unlock(); s.deny = true }
func (s *session) Reopen() repairtest.World { s.answer(); return s }
func (s *session) Hang()                    { s.mu.Lock(); defer s.mu.Unlock(); s.hung = make(chan struct{}) }

func (s *session) Broke() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dieAt > 0 && s.asked >= s.dieAt
}

func (s *session) Break(n int, die func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dieAt, s.asked, s.die = n, 0, die
}

// Leave takes the service manager away, and PulseAudio's own way with it: it would start the server as well.
func (s *session) Leave() {
	must(s.t, os.Mkdir(filepath.Join(s.dir, "none"), 0o700))
	must(s.t, os.WriteFile(filepath.Join(s.dir, "none/default.pa"), []byte(broken), 0o600))
	s.t.Setenv("PULSE_CONFIG_PATH", filepath.Join(s.dir, "none"))
	if s.conn != nil {
		_, err := s.conn.ReleaseName(sdName)
		must(s.t, err)
	}
}

func (s *session) answer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hung != nil {
		close(s.hung)
	}
	s.hung, s.dieAt = nil, 0
	if s.conn != nil {
		_, err := s.conn.RequestName(sdName, dbus.NameFlagDoNotQueue)
		must(s.t, err)
	}
}

const (
	sdName  = "org.freedesktop.systemd1"
	sdPath  = dbus.ObjectPath("/org/freedesktop/systemd1")
	sdProps = "org.freedesktop.DBus.Properties"
)

// manager plays the user's systemd on a real bus: restarting pulseaudio.service starts a real PulseAudio.
func (s *session) manager(units map[string]string) {
	s.t.Helper()
	s.conn = userBus(s.t)
	s.t.Cleanup(s.answerOnly)
	s.units = units
	must(s.t, s.conn.ExportMethodTable(map[string]any{
		"Subscribe": func() *dbus.Error { s.wait(); return nil },
		"LoadUnit": func(name string) (dbus.ObjectPath, *dbus.Error) {
			s.wait()
			return unitPath(name), nil
		},
		"ResetFailedUnit": func(string) *dbus.Error { s.wait(); return nil },
		"RestartUnit":     s.restart,
	}, sdPath, sdName+".Manager"))
	must(s.t, s.conn.ExportSubtreeMethodTable(map[string]any{"Get": s.get}, sdPath+"/unit", sdProps))
	_, err := s.conn.RequestName(sdName, dbus.NameFlagDoNotQueue)
	must(s.t, err)
}

// userBus starts a real message bus and makes it the session's.
func userBus(t *testing.T) *dbus.Conn {
	t.Helper()
	cmd := exec.Command("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1",
		"--address=unix:path="+filepath.Join(t.TempDir(), "bus"))
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", strings.TrimSpace(address))
	conn, err := dbus.Connect(strings.TrimSpace(address))
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func (s *session) answerOnly() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hung != nil {
		close(s.hung)
		s.hung = nil
	}
}

func (s *session) wait() {
	s.mu.Lock()
	hung := s.hung
	s.mu.Unlock()
	if hung != nil {
		<-hung
	}
}

func unitPath(name string) dbus.ObjectPath {
	return sdPath + "/unit/" + dbus.ObjectPath(strings.NewReplacer(".", "_2e", "-", "_2d").Replace(name))
}

func (s *session) get(m dbus.Message, _, name string) (dbus.Variant, *dbus.Error) {
	s.wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	active, load := "inactive", "not-found"
	path, _ := m.Headers[dbus.FieldPath].Value().(dbus.ObjectPath)
	for unit, state := range s.units {
		if unitPath(unit) == path {
			active, load = state, "loaded"
		}
	}
	result := "success"
	if active == "failed" {
		result = "exit-code"
	}
	v, ok := map[string]any{
		"LoadState": load, "ActiveState": active, "SubState": "", "Result": result,
		"Job": struct {
			ID   uint32
			Path dbus.ObjectPath
		}{0, "/"},
	}[name]
	if !ok {
		return dbus.MakeVariant(""), dbus.NewError("org.freedesktop.DBus.Error.UnknownProperty", nil)
	}
	return dbus.MakeVariant(v), nil
}

func (s *session) restart(name, _ string) (dbus.ObjectPath, *dbus.Error) {
	s.wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deny {
		return "/", dbus.NewError("org.freedesktop.DBus.Error.AccessDenied", nil)
	}
	if _, ok := s.units[name]; !ok {
		return "/", dbus.NewError(sdName+".NoSuchUnit", nil)
	}
	s.starts = append(s.starts, name)
	s.units[name] = "active"
	if strings.HasPrefix(name, "pulse") || name == "pipewire-pulse.service" {
		if err := s.start(); err != nil {
			s.units[name] = "failed"
		}
	}
	s.asked++
	if s.dieAt > 0 && s.asked >= s.dieAt {
		s.die()
		return "/", dbus.NewError("org.freedesktop.DBus.Error.NoReply", nil)
	}
	s.jobs++
	job := sdPath + dbus.ObjectPath(fmt.Sprintf("/job/%d", s.jobs))
	_ = s.conn.Emit(sdPath, sdName+".Manager.JobRemoved", uint32(s.jobs), job, name, "done")
	return job, nil
}

var nothingBack = map[repairtest.Property]string{
	repairtest.TakeBack: "nothing is changed: a sound server reads its settings when it starts",
}

func TestRestartByTheServiceManagerKeepsItsPromises(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: "audio.restart", Real: "a real PulseAudio that has died, and systemd played on a real user bus",
		Without: nothingBack, Times: repairtest.Times{StepMS: 1500},
		New: func(t *testing.T) repairtest.World {
			s := newSession(t)
			s.manager(map[string]string{"pulseaudio.service": "failed", "pipewire.service": "active"})
			return s
		},
	})
}

func TestRestartByPulseAudioItselfKeepsItsPromises(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: "audio.restart", Real: "a real PulseAudio that has died, in a session without a service manager",
		Without: map[repairtest.Property]string{
			repairtest.TakeBack: nothingBack[repairtest.TakeBack],
			repairtest.Refused:  "the server is the user's own: nobody is asked for a right",
			repairtest.Gone:     "no service is asked",
			repairtest.Hung:     "no service is asked",
		},
		Times: repairtest.Times{StepMS: 20000},
		New:   func(t *testing.T) repairtest.World { return newSession(t) },
	})
}

// Which sound server is meant, and in which order its parts start.
func TestTheSoundServerThatIsUsed(t *testing.T) {
	for name, c := range map[string]struct {
		units map[string]string
		want  string
	}{
		"pipewire": {
			map[string]string{
				"pipewire.service": "active", "wireplumber.service": "failed", "pipewire-pulse.service": "failed",
				"pulseaudio.service": "inactive",
			}, "pipewire.service wireplumber.service pipewire-pulse.service",
		},
		"pulseaudio beside a pipewire for screens": {
			map[string]string{
				"pipewire.service": "active", "pipewire-pulse.service": "inactive", "pulseaudio.service": "failed",
			}, "pulseaudio.service",
		},
		"never started": {
			map[string]string{"pipewire.service": "inactive", "pipewire-pulse.service": "inactive"},
			"pipewire.service pipewire-pulse.service",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t)
			s.manager(c.units)
			f := s.Fixer()
			job := repair.Job{Step: "restart", Progress: func(int, string) {}}
			var err error
			job.Saved, err = f.Prepare(t.Context(), job)
			must(t, err)
			_, err = f.Run(t.Context(), job)
			must(t, err)
			if got := strings.Join(s.starts, " "); got != c.want {
				t.Errorf("started %s, want %s", got, c.want)
			}
		})
	}
}
