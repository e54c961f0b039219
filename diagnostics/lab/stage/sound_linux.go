package stage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
)

const soundSocket = runUser + "/pulse/native"

const pulseScript = `load-module module-native-protocol-unix auth-anonymous=1 socket=` + soundSocket + `
load-module module-null-sink sink_name=alsa_output.lab sink_properties=device.class=sound
load-module module-null-source source_name=alsa_input.lab
set-default-sink alsa_output.lab
set-default-source alsa_input.lab
`

const pulseConf = `exit-idle-time = -1
log-level = error
`

// sound starts a real sound server with a speaker and a microphone that are not there.
func (s *Stage) sound() error {
	if s.speaker {
		return nil
	}
	if _, err := exec.LookPath("pulseaudio"); err != nil {
		return fmt.Errorf("the lab needs pulseaudio: %w", err)
	}
	if err := s.machine.do(func() error {
		if err := put(runUser+"/pulse/.keep", ""); err != nil {
			return err
		}
		// A card without its lists in /proc, which nobody can make.
		for _, device := range []string{"card0", "pcmC0D0p", "pcmC0D0c"} {
			if err := os.MkdirAll(class+"sound/"+device, 0o755); err != nil {
				return err
			}
		}
		// What a distribution brings, so that whoever starts the server again gets the same.
		return errors.Join(put("/etc/pulse/default.pa", pulseScript), put("/etc/pulse/daemon.conf", pulseConf), own(runUser))
	}); err != nil {
		return err
	}
	cmd := s.prepared(context.Background(), "/usr/bin/pulseaudio", "--daemonize=no", "--use-pid-file=no",
		"--log-level=error")
	stop, err := s.machine.daemon(cmd)
	if err != nil {
		return err
	}
	s.speaker = true
	s.closers = append(s.closers, stop)
	s.stopSound = stop
	err = s.machine.wait(soundSocket, func(path string) error {
		c, err := net.Dial("unix", path)
		if err == nil {
			err = c.Close()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("start the sound server: %w", err)
	}
	for _, words := range [][]string{{"set-default-sink", "alsa_output.lab"}, {
		"set-default-source",
		"alsa_input.lab",
	}} {
		if _, err := s.pactl(words...); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stage) pactl(words ...string) (string, error) {
	out, err := s.prepared(context.Background(), "/usr/bin/pactl",
		append([]string{"--server=unix:" + soundSocket}, words...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("pactl: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

func soundActions() []action {
	return []action{
		{
			Action{Name: "sound.start", Doc: "A sound server runs, with a speaker and a microphone, and all is well."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				return deed{seen: s.soundSays("info", "Server Name")}, s.sound()
			},
		},
		{
			Action{Name: "sound.stop", Doc: "The sound server has died, and its socket is still there."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				if err := s.sound(); err != nil {
					return deed{}, err
				}
				return deed{seen: func(context.Context) (bool, string) {
					_, err := s.pactl("info")
					return err != nil, fmt.Sprintf("%v", err)
				}}, s.stopSound()
			},
		},
		{
			Action{Name: "sound.service", Doc: "The session's service manager knows the sound server: it has failed there."},
			func(_ context.Context, s *Stage, _ args) (deed, error) {
				b, err := s.service(sessionBus, systemdName)
				if err != nil {
					return deed{}, err
				}
				const name = "pulseaudio.service"
				s.mending.starter(name, func() error {
					s.speaker = false
					return s.sound()
				})
				return deed{seen: b.wasAsked()}, b.unit(name, "loaded", "failed", "signal")
			},
		},
		{
			Action{
				Name: "sound.mute", Doc: "The speaker or the microphone is muted, or too quiet.",
				Args: []Arg{opt("what", "string", "microphone", "microphone or speaker"), opt("volume", "int", -1,
					"percent instead of muting")},
			},
			soundMute,
		},
		{
			Action{
				Name: "sound.remove", Doc: "The sound server knows no speaker, or no microphone, though there is a sound card.",
				Args: []Arg{opt("what", "string", "speaker", "microphone or speaker")},
			},
			func(_ context.Context, s *Stage, a args) (deed, error) {
				module, ok := map[string]string{
					"speaker":    "module-null-sink",
					"microphone": "module-null-source",
				}[a.str("what")]
				if !ok {
					return deed{}, fmt.Errorf("%w %q", ErrUnknown, a.str("what"))
				}
				if err := s.sound(); err != nil {
					return deed{}, err
				}
				_, err := s.pactl("unload-module", module)
				return deed{seen: func(context.Context) (bool, string) {
					out, err := s.pactl("list", "short", "modules")
					return err == nil && !strings.Contains(out, module), "the server's modules"
				}}, err
			},
		},
	}
}

func (s *Stage) soundSays(word, want string) func(context.Context) (bool, string) {
	return func(context.Context) (bool, string) {
		out, err := s.pactl(word)
		return err == nil && strings.Contains(out, want), fmt.Sprintf("pactl %s: %v", word, err)
	}
}

func soundMute(_ context.Context, s *Stage, a args) (deed, error) {
	kind, name := "source", "alsa_input.lab"
	switch a.str("what") {
	case "speaker":
		kind, name = "sink", "alsa_output.lab"
	case "microphone":
	default:
		return deed{}, fmt.Errorf("%w %q", ErrUnknown, a.str("what"))
	}
	if err := s.sound(); err != nil {
		return deed{}, err
	}
	do := []string{"set-" + kind + "-mute", name, "1"}
	undo := []string{"set-" + kind + "-mute", name, "0"}
	if v := a.num("volume"); v >= 0 {
		do = []string{"set-" + kind + "-volume", name, fmt.Sprintf("%d%%", v)}
		undo = []string{"set-" + kind + "-volume", name, "70%"}
	}
	run := func(words []string) func() error {
		return func() error { _, err := s.pactl(words...); return err }
	}
	return plain(run(do), run(undo), func(context.Context) (bool, string) {
		out, err := s.pactl("get-"+kind+"-mute", name)
		return err == nil && (strings.Contains(out, "yes") || a.num("volume") >= 0), "the server says: " +
			strings.TrimSpace(out)
	})
}
