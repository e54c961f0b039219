// Package sound holds the self-tests of calls: av.server, av.output, av.mic, av.camera and av.privacy. Can
// one be heard, hear and be seen.
//
// Nothing is played, recorded or photographed; the sound server and the drivers are asked what they have.
package sound

import (
	"context"
	"errors"
	"math"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/checks/catalogue"
	"balise/diagnostics/internal/probe"
)

// The causes that these tests name.
const (
	ServerSilent    diagnostics.Cause = "av.server/silent"
	ServerDown      diagnostics.Cause = "av.server/down"
	OutputNone      diagnostics.Cause = "av.output/none"
	OutputUnplugged diagnostics.Cause = "av.output/unplugged"
	OutputScreen    diagnostics.Cause = "av.output/screen"
	OutputMuted     diagnostics.Cause = "av.output/muted"
	OutputQuiet     diagnostics.Cause = "av.output/quiet"
	MicNone         diagnostics.Cause = "av.mic/none"
	MicMonitor      diagnostics.Cause = "av.mic/monitor"
	MicMuted        diagnostics.Cause = "av.mic/muted"
	MicQuiet        diagnostics.Cause = "av.mic/quiet"
	CameraMissing   diagnostics.Cause = "av.camera/missing"
	CameraBusy      diagnostics.Cause = "av.camera/busy"
	MicrophoneOff   diagnostics.Cause = "av.privacy/microphone"
	CameraOff       diagnostics.Cause = "av.privacy/camera"
	BothOff         diagnostics.Cause = "av.privacy/both"
)

// probes are what the tests look through.
type probes struct {
	sound   probe.Sound
	cameras probe.Cameras
	privacy probe.Privacy
}

// Checks lists the self-tests of this area.
func Checks(cat catalogue.Catalogue) []diagnostics.Check {
	return checks(cat, probes{probe.NewSound(), probe.NewCameras(), probe.NewPrivacy()})
}

func checks(cat catalogue.Catalogue, p probes) []diagnostics.Check {
	server, output, mic := cat.Get("av.server"), cat.Get("av.output"), cat.Get("av.mic")
	camera, privacy := cat.Get("av.camera"), cat.Get("av.privacy")
	return []diagnostics.Check{
		server.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
			return checkServer(ctx, p.sound, server)
		}),
		output.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
			return checkDevices(ctx, p.sound, output, judgeOutput)
		}),
		mic.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
			return checkDevices(ctx, p.sound, mic, judgeMic)
		}),
		camera.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
			l, err := p.cameras.List(ctx)
			if err != nil {
				return broken(err)
			}
			return judgeCamera(camera, l)
		}),
		privacy.Check(func(ctx context.Context, _ int) diagnostics.Outcome {
			s, err := p.privacy.Switches(ctx)
			switch {
			case errors.Is(err, probe.ErrNoSwitches):
				return notHere("no such switches")
			case err != nil:
				return broken(err)
			}
			return judgePrivacy(privacy, s)
		}),
	}
}

func checkServer(ctx context.Context, s probe.Sound, spec catalogue.Spec) diagnostics.Outcome {
	cards, err := s.Cards()
	if err != nil {
		return broken(err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(spec.Limit("answer_ms"))*time.Millisecond)
	defer cancel()
	server, err := s.Server(ctx)
	o := diagnostics.Outcome{Status: diagnostics.Pass}
	switch {
	case err == nil:
		o.Facts = append(o.Facts, diagnostics.Text("backend", server.Backend),
			diagnostics.Int("answered_ms", server.Took.Milliseconds(), "ms"))
	case errors.Is(err, probe.ErrRemoteSound):
		return notHere("sound on another computer")
	case errors.Is(err, probe.ErrNoSoundServer):
		if cards.Cards == 0 {
			return notHere("no sound card")
		}
		if !s.Expected() {
			return notHere("no sound server in this session")
		}
		o = bad(spec, diagnostics.Fail, ServerDown)
	case errors.Is(err, probe.ErrSoundSilent):
		// A socket that refuses, or a server that took the call and says nothing in time.
		o = bad(spec, diagnostics.Fail, ServerSilent)
		o.Error = probe.SoundErrorCode(err)
		o.Facts = append(o.Facts, diagnostics.Text("error", o.Error))
	default:
		return broken(err)
	}
	o.Facts = append(o.Facts, diagnostics.Int("cards", int64(cards.Cards), ""))
	return o
}

// checkDevices asks the server for its devices. Without a server there is nothing to say here: av.server
// says it.
func checkDevices(ctx context.Context, s probe.Sound, spec catalogue.Spec,
	judge func(catalogue.Spec, probe.SoundServer, probe.SoundCards) diagnostics.Outcome,
) diagnostics.Outcome {
	server, err := s.Server(ctx)
	switch {
	case errors.Is(err, probe.ErrNoSoundServer), errors.Is(err, probe.ErrRemoteSound):
		return notHere("no sound server")
	case err != nil:
		return broken(err)
	}
	cards, err := s.Cards()
	if err != nil {
		return broken(err)
	}
	return judge(spec, server, cards)
}

// judgeOutput looks at where sound goes. A server without any card has a stand-in for one: that is how a
// virtual machine looks, and nobody misses its sound. With a microphone somebody makes calls.
func judgeOutput(spec catalogue.Spec, s probe.SoundServer, cards probe.SoundCards) diagnostics.Outcome {
	d := s.Output
	o := diagnostics.Outcome{Status: diagnostics.Pass}
	switch {
	case d == nil || d.Dummy:
		if cards.Cards == 0 && !hasReal(s.Inputs, "") || cards.Detailed && cards.Playback == 0 {
			return notHere("no sound output")
		}
		return bad(spec, diagnostics.Fail, OutputNone)
	case d.Unplugged && d.Kind == "hdmi":
		// Sound goes to a screen that is not there.
		o = bad(spec, diagnostics.Warn, OutputUnplugged)
	case s.Levels && d.Muted:
		o = bad(spec, diagnostics.Warn, OutputMuted)
	case s.Levels && d.Volume <= spec.Limit("warn_volume_percent"):
		o = bad(spec, diagnostics.Warn, OutputQuiet)
	case d.Kind == "hdmi" && hasReal(s.Outputs, "analog"):
		o = bad(spec, diagnostics.Warn, OutputScreen)
	}
	o.Facts = facts(s, *d)
	return o
}

// judgeMic looks at what others hear. Most desktop computers have no microphone: with nothing plugged in
// there is nothing to judge.
func judgeMic(spec catalogue.Spec, s probe.SoundServer, cards probe.SoundCards) diagnostics.Outcome {
	d := s.Input
	o := diagnostics.Outcome{Status: diagnostics.Pass}
	switch {
	case d == nil || d.Dummy || d.Monitor:
		if hasReal(s.Inputs, "") {
			o = bad(spec, diagnostics.Warn, MicMonitor)
			break
		}
		if !cards.Detailed || cards.Capture == 0 || s.Backend == "windows" {
			return notHere("no microphone")
		}
		return bad(spec, diagnostics.Fail, MicNone)
	case d.Unplugged:
		return notHere("no microphone plugged in")
	case s.Levels && d.Muted:
		o = bad(spec, diagnostics.Warn, MicMuted)
	case s.Levels && d.Volume <= spec.Limit("warn_volume_percent"):
		o = bad(spec, diagnostics.Warn, MicQuiet)
	}
	if d != nil {
		o.Facts = facts(s, *d)
	}
	return o
}

// hasReal tells whether a list has a device that leads somewhere, of that kind if one is given.
func hasReal(list []probe.SoundDevice, kind string) bool {
	for _, d := range list {
		if !d.Dummy && !d.Monitor && !d.Unplugged && (kind == "" || d.Kind == kind) {
			return true
		}
	}
	return false
}

func facts(s probe.SoundServer, d probe.SoundDevice) []diagnostics.Fact {
	list := []diagnostics.Fact{diagnostics.Text("device_kind", d.Kind)}
	if s.Levels {
		list = append(list, diagnostics.Bool("muted", d.Muted),
			diagnostics.Float("volume_percent", math.Round(d.Volume), "%"))
	}
	return list
}

// judgeCamera misses a camera only if the bus has one that the system does not offer: a computer without a
// camera is no fault.
func judgeCamera(spec catalogue.Spec, l probe.CameraList) diagnostics.Outcome {
	o := diagnostics.Outcome{Status: diagnostics.Pass}
	switch {
	case l.Working == 0 && l.Denied > 0:
		return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: "denied", Final: true}
	case l.Working == 0 && l.Untaken > 0:
		o = bad(spec, diagnostics.Fail, CameraMissing)
	case l.Working == 0:
		return notHere("no camera")
	case len(l.Holders) > 0:
		// In a call that is as it should be; it is why a second program sees nothing.
		o = bad(spec, diagnostics.Warn, CameraBusy)
		o.Severity = diagnostics.Notice
		o.Facts = append(o.Facts,
			diagnostics.Fact{Key: "used_by", Value: l.Holders, Class: diagnostics.Plain})
	}
	o.Facts = append(o.Facts, diagnostics.Int("cameras", int64(max(l.Working, l.Untaken)), ""))
	return o
}

func judgePrivacy(spec catalogue.Spec, s probe.Switches) diagnostics.Outcome {
	o := diagnostics.Outcome{Status: diagnostics.Pass}
	switch {
	case s.MicrophoneOff && s.CameraOff:
		o = bad(spec, diagnostics.Warn, BothOff)
	case s.MicrophoneOff:
		o = bad(spec, diagnostics.Warn, MicrophoneOff)
	case s.CameraOff:
		o = bad(spec, diagnostics.Warn, CameraOff)
	}
	o.Final = true
	o.Facts = []diagnostics.Fact{
		diagnostics.Bool("microphone_off", s.MicrophoneOff), diagnostics.Bool("camera_off", s.CameraOff),
	}
	return o
}

func bad(spec catalogue.Spec, s diagnostics.Status, c diagnostics.Cause) diagnostics.Outcome {
	o := diagnostics.Outcome{Status: s, Cause: c, Severity: spec.Severity}
	if s == diagnostics.Warn {
		o.Severity = spec.WarnSeverity()
	}
	return o
}

func broken(err error) diagnostics.Outcome {
	return diagnostics.Outcome{Status: diagnostics.Unknown, Detail: err.Error(), Final: true}
}

func notHere(detail string) diagnostics.Outcome {
	return diagnostics.Outcome{Status: diagnostics.NA, Detail: detail, Final: true}
}
