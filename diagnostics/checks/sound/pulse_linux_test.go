package sound

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// A real PulseAudio with a stand-in for a sound card, as the checks meet it: alive, muted, without a default,
// stopped in its tracks, and gone.
func TestRealPulseAudio(t *testing.T) {
	if os.Getenv("BALISE_TEST_DESKTOP") != "1" {
		t.Skip("needs pulseaudio and pactl: BALISE_TEST_DESKTOP=1 go test ./diagnostics/checks/sound")
	}
	server, stop := pulse(t)
	p := probes{sound: probe.NewSound()}
	p.sound.Cards = func() (probe.SoundCards, error) {
		return probe.SoundCards{Cards: 1, Playback: 1, Capture: 1, Detailed: true}, nil
	}
	verdict := func(id string) diagnostics.Outcome {
		t.Helper()
		for _, c := range checks(catalogue.Catalogue{}, p) {
			if c.ID == id {
				return c.Run(t.Context(), 0)
			}
		}
		t.Fatalf("no %s", id)
		return diagnostics.Outcome{}
	}
	want := func(id string, s diagnostics.Status, c diagnostics.Cause) {
		t.Helper()
		if o := verdict(id); o.Status != s || o.Cause != c {
			t.Errorf("%s: %+v, want %s %q", id, o, s, c)
		}
	}
	want("av.server", diagnostics.Pass, "")
	want("av.output", diagnostics.Pass, "")
	want("av.mic", diagnostics.Fail, MicNone) // the stand-in is an output; its monitor is no microphone
	pactl(t, "set-sink-mute", "hall", "1")
	want("av.output", diagnostics.Warn, OutputMuted)
	pactl(t, "set-sink-mute", "hall", "0")
	pactl(t, "set-sink-volume", "hall", "3%")
	want("av.output", diagnostics.Warn, OutputQuiet)
	pactl(t, "set-sink-volume", "hall", "100%")
	pactl(t, "load-module", "module-pipe-source", "source_name=voice", "file="+filepath.Join(t.TempDir(), "voice"))
	pactl(t, "set-default-source", "voice")
	want("av.mic", diagnostics.Pass, "")
	pactl(t, "set-source-mute", "voice", "1")
	want("av.mic", diagnostics.Warn, MicMuted)
	pactl(t, "set-default-source", "hall.monitor")
	want("av.mic", diagnostics.Warn, MicMonitor)
	stop(false)
	want("av.server", diagnostics.Fail, ServerSilent)
	stop(true)
	_ = os.Remove(filepath.Join(server, "native"))
	want("av.server", diagnostics.Fail, ServerDown)
	p.sound.Cards = func() (probe.SoundCards, error) { return probe.SoundCards{}, nil }
	want("av.server", diagnostics.NA, "")
}

func pactl(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("pactl", args...).CombinedOutput(); err != nil {
		t.Fatalf("pactl %v: %v\n%s", args, err, out)
	}
}

// pulse starts a server of this test's own. stop halts it, or ends it.
func pulse(t *testing.T) (dir string, stop func(end bool)) {
	t.Helper()
	dir = t.TempDir()
	socket := filepath.Join(dir, "native")
	t.Setenv("PULSE_SERVER", "unix:"+socket)
	t.Setenv("PULSE_RUNTIME_PATH", dir)
	t.Setenv("PULSE_STATE_PATH", dir)
	t.Setenv("XDG_CONFIG_HOME", dir)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
	cmd := exec.Command("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
		"--load=module-native-protocol-unix socket="+socket,
		"--load=module-null-sink sink_name=hall")
	if os.Getuid() == 0 {
		cmd.Args = append(cmd.Args, "--system=no")
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	end := func() {
		_ = cmd.Process.Kill()
		<-ended
	}
	t.Cleanup(end)
	for range 100 {
		if _, err := os.Stat(socket); err == nil {
			return dir, func(kill bool) {
				if kill {
					end()
					return
				}
				_ = cmd.Process.Signal(syscall.SIGSTOP)
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("pulseaudio did not start")
	return "", nil
}
