package sound

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

type verdict struct {
	status diagnostics.Status
	cause  diagnostics.Cause
}

func check(t *testing.T, name string, o diagnostics.Outcome, want verdict) {
	t.Helper()
	if o.Status != want.status || o.Cause != want.cause {
		t.Errorf("%s: %s %q (%s), want %s %q", name, o.Status, o.Cause, o.Detail, want.status, want.cause)
	}
	if o.Status.Bad() != (o.Severity != "") {
		t.Errorf("%s: severity %q", name, o.Severity)
	}
}

func TestServer(t *testing.T) {
	pass, na := verdict{diagnostics.Pass, ""}, verdict{diagnostics.NA, ""}
	unknown := verdict{diagnostics.Unknown, ""}
	for _, c := range []struct {
		name     string
		cards    int
		err      error
		expected bool
		want     verdict
	}{
		{"answers", 1, nil, true, pass},
		{"a server without a card", 0, nil, true, pass},
		{"a virtual machine", 0, probe.ErrNoSoundServer, true, na},
		{"a root shell on a laptop", 1, probe.ErrNoSoundServer, false, na},
		{"stopped", 1, probe.ErrNoSoundServer, true, verdict{diagnostics.Fail, ServerDown}},
		{"a socket without anybody", 0, probe.ErrSoundSilent, false, verdict{diagnostics.Fail, ServerSilent}},
		{"a probe that ran out of time", 1, context.DeadlineExceeded, true, unknown},
		{"another's socket", 1, os.ErrPermission, true, unknown},
		{"denied", 1, probe.ErrSoundDenied, true, unknown},
		{"elsewhere", 1, probe.ErrRemoteSound, true, na},
		{"another system", 1, errors.ErrUnsupported, true, unknown},
	} {
		s := probe.Sound{
			Cards:    func() (probe.SoundCards, error) { return probe.SoundCards{Cards: c.cards}, nil },
			Server:   func(context.Context) (probe.SoundServer, error) { return probe.SoundServer{Backend: "pipewire"}, c.err },
			Expected: func() bool { return c.expected },
		}
		check(t, c.name, checkServer(t.Context(), s, (catalogue.Catalogue{}).Get("av.server")), c.want)
	}
}

func TestDevices(t *testing.T) {
	output, mic := (catalogue.Catalogue{}).Get("av.output"), (catalogue.Catalogue{}).Get("av.mic")
	full := probe.SoundCards{Cards: 1, Playback: 2, Capture: 1, Detailed: true}
	speakers := probe.SoundDevice{ID: "s", Kind: "analog", Volume: 60}
	screen := probe.SoundDevice{ID: "h", Kind: "hdmi", Volume: 100}
	dummy := probe.SoundDevice{ID: "auto_null", Dummy: true, Volume: 100}
	monitor := probe.SoundDevice{ID: "s.monitor", Monitor: true, Volume: 100}
	voice := probe.SoundDevice{ID: "m", Kind: "analog", Volume: 80}
	with := func(d probe.SoundDevice, change func(*probe.SoundDevice)) probe.SoundDevice { change(&d); return d }
	muted := func(d *probe.SoundDevice) { d.Muted = true }
	quiet := func(d *probe.SoundDevice) { d.Volume = 2 }
	unplugged := func(d *probe.SoundDevice) { d.Unplugged = true }
	server := func(d *probe.SoundDevice, rest ...probe.SoundDevice) probe.SoundServer {
		all := rest
		if d != nil {
			all = append(all, *d)
		}
		return probe.SoundServer{Levels: true, Output: d, Input: d, Outputs: all, Inputs: all}
	}
	some := func(d probe.SoundDevice, rest ...probe.SoundDevice) probe.SoundServer { return server(&d, rest...) }
	pass, na := verdict{diagnostics.Pass, ""}, verdict{diagnostics.NA, ""}
	warn := func(c diagnostics.Cause) verdict { return verdict{diagnostics.Warn, c} }

	for _, c := range []struct {
		name  string
		s     probe.SoundServer
		cards probe.SoundCards
		want  verdict
	}{
		{"speakers", some(speakers), full, pass},
		{"a headset on a computer without a card", some(probe.SoundDevice{Kind: "bluetooth", Volume: 50}), probe.SoundCards{}, pass},
		{"a virtual machine's stand-in", some(dummy), probe.SoundCards{}, na},
		{"a card that only records", some(dummy), probe.SoundCards{Cards: 1, Capture: 1, Detailed: true}, na},
		{"a card without an output", some(dummy), full, verdict{diagnostics.Fail, OutputNone}},
		{"a microphone, and nothing to hear with", server(nil, voice), probe.SoundCards{}, verdict{diagnostics.Fail, OutputNone}},
		{"no default at all", server(nil), full, verdict{diagnostics.Fail, OutputNone}},
		{"muted", some(with(speakers, muted)), full, warn(OutputMuted)},
		{"quiet", some(with(speakers, quiet)), full, warn(OutputQuiet)},
		{"the screen, and speakers idle", some(screen, speakers), full, warn(OutputScreen)},
		{"the screen, and nothing else", some(screen), full, pass},
		{"the screen, and an empty socket", some(screen, with(speakers, unplugged)), full, pass},
		{"a screen that is gone", some(with(screen, unplugged), speakers), full, warn(OutputUnplugged)},
	} {
		check(t, "output: "+c.name, judgeOutput(output, c.s, c.cards), c.want)
	}
	for _, c := range []struct {
		name  string
		s     probe.SoundServer
		cards probe.SoundCards
		want  verdict
	}{
		{"a microphone", some(voice), full, pass},
		{"no card", some(monitor), probe.SoundCards{}, na},
		{"a card without an input", some(monitor), probe.SoundCards{Cards: 1, Playback: 1, Detailed: true}, na},
		{"an input that the server lost", some(monitor), full, verdict{diagnostics.Fail, MicNone}},
		{"the wrong one", some(monitor, voice), full, warn(MicMonitor)},
		{"no default, though there is one", server(nil, voice), full, warn(MicMonitor)},
		{"muted", some(with(voice, muted)), full, warn(MicMuted)},
		{"quiet", some(with(voice, quiet)), full, warn(MicQuiet)},
		{"nothing in the socket", some(with(voice, unplugged)), full, na},
	} {
		check(t, "mic: "+c.name, judgeMic(mic, c.s, c.cards), c.want)
	}
}

func TestCamera(t *testing.T) {
	spec := (catalogue.Catalogue{}).Get("av.camera")
	for _, c := range []struct {
		name string
		l    probe.CameraList
		want verdict
	}{
		{"none", probe.CameraList{}, verdict{diagnostics.NA, ""}},
		{"one", probe.CameraList{Working: 1}, verdict{diagnostics.Pass, ""}},
		{"in a call", probe.CameraList{Working: 1, Holders: []string{"firefox"}}, verdict{diagnostics.Warn, CameraBusy}},
		{"no driver", probe.CameraList{Untaken: 1}, verdict{diagnostics.Fail, CameraMissing}},
		{"another user's", probe.CameraList{Denied: 2, Untaken: 1}, verdict{diagnostics.Unknown, ""}},
	} {
		check(t, c.name, judgeCamera(spec, c.l), c.want)
	}
	if o := judgeCamera(spec, probe.CameraList{Working: 1, Holders: []string{"x"}}); o.Severity != diagnostics.Notice {
		t.Errorf("a camera in use is no fault: %s", o.Severity)
	}
}

func TestPrivacy(t *testing.T) {
	spec := (catalogue.Catalogue{}).Get("av.privacy")
	for s, want := range map[probe.Switches]verdict{
		{}:                                     {diagnostics.Pass, ""},
		{MicrophoneOff: true}:                  {diagnostics.Warn, MicrophoneOff},
		{CameraOff: true}:                      {diagnostics.Warn, CameraOff},
		{MicrophoneOff: true, CameraOff: true}: {diagnostics.Warn, BothOff},
	} {
		check(t, "privacy", judgePrivacy(spec, s), want)
	}
}

func TestABrokenProbeIsUnknown(t *testing.T) {
	denied := errors.New("denied")
	p := probes{
		sound: probe.Sound{
			Cards:    func() (probe.SoundCards, error) { return probe.SoundCards{}, denied },
			Server:   func(context.Context) (probe.SoundServer, error) { return probe.SoundServer{}, denied },
			Expected: func() bool { return true },
		},
		cameras: probe.Cameras{List: func(context.Context) (probe.CameraList, error) { return probe.CameraList{}, denied }},
		privacy: probe.Privacy{Switches: func(context.Context) (probe.Switches, error) { return probe.Switches{}, denied }},
	}
	for _, c := range checks(catalogue.Catalogue{}, p) {
		check(t, c.ID, c.Run(t.Context(), 0), verdict{diagnostics.Unknown, ""})
	}
}

// On any machine on which the tests run each test must come to a view, quickly and without a cause that it
// does not know.
func TestThisMachine(t *testing.T) {
	for _, c := range Checks(catalogue.Catalogue{}) {
		started := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), c.Timeout)
		o := c.Run(ctx, 0)
		cancel()
		t.Logf("%s after %s: %+v", c.ID, time.Since(started), o)
		if o.Status == "" || o.Status.Bad() != (o.Cause != "") {
			t.Errorf("%s: %q with cause %q", c.ID, o.Status, o.Cause)
		}
	}
}
