package probe

import (
	"context"
	"strings"
	"time"

	"balise/diagnostics/internal/pulse"
)

// ErrSoundDenied says that the sound server does not let this user ask.
var ErrSoundDenied = pulse.ErrDenied

// askNative asks a server what it has.
func askNative(c *pulse.Client) (SoundServer, error) {
	said, err := c.Server()
	if err != nil {
		return SoundServer{}, err
	}
	s := SoundServer{Backend: "pulseaudio", Levels: true}
	if strings.Contains(strings.ToLower(said.Software), "pipewire") {
		s.Backend = "pipewire"
	}
	sinks, err := c.Sinks()
	if err != nil {
		return s, err
	}
	sources, err := c.Sources()
	if err != nil {
		return s, err
	}
	for _, d := range sinks {
		s.Outputs = append(s.Outputs, NativeDevice(d))
	}
	for _, d := range sources {
		s.Inputs = append(s.Inputs, NativeDevice(d))
	}
	s.Output, s.Input = soundDefault(s.Outputs, said.Sink), soundDefault(s.Inputs, said.Source)
	return s, nil
}

func soundDefault(list []SoundDevice, id string) *SoundDevice {
	for i := range list {
		if list[i].ID == id {
			return &list[i]
		}
	}
	return nil
}

// NativeDevice is what the self-tests see of a device of the sound server.
func NativeDevice(d pulse.Device) SoundDevice {
	return SoundDevice{
		ID: d.Name, Kind: soundKind(d.Name, d.Bus, d.Port), Monitor: d.Monitor,
		Dummy: d.Name == "auto_null" || d.Name == "auto_null.monitor",
		Muted: d.Muted, Volume: d.Loudest(), Unplugged: d.Unplugged, InUse: d.Running,
	}
}

// dialNative connects to a local socket and asks there.
func dialNative(ctx context.Context, socket string, cookie []byte) (SoundServer, error) {
	started := time.Now()
	c, err := pulse.Dial(ctx, socket, cookie)
	if err != nil {
		return SoundServer{}, err
	}
	defer c.Close()
	s, err := askNative(c)
	s.Took = time.Since(started)
	return s, err
}
