package act

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"balise/diagnostics/internal/probe"
	"balise/diagnostics/internal/pulse"
)

// SoundKind says whether a device is heard or hears.
type SoundKind string

// The kinds.
const (
	SoundOut SoundKind = "out"
	SoundIn  SoundKind = "in"
)

// The commands that change something, as PulseAudio's native-common.h numbers them.
const (
	setSinkVolume    = 36
	setSourceVolume  = 38
	setSinkMute      = 39
	setSourceMute    = 40
	setDefaultSink   = 44
	setDefaultSource = 45
)

// SoundDevice is an output or an input as the sound server has it now.
type SoundDevice struct {
	probe.SoundDevice
	Name     string   // for people; it never leaves as it is
	Channels []uint32 // the volume of each
}

// Sound is a conversation with the user's sound server. Close it.
type Sound struct{ c *pulse.Client }

// OpenSound reaches the sound server: ErrAbsent where there is none of this computer's, ErrDenied where it does not
// let this user in. ctx bounds the whole conversation.
func OpenSound(ctx context.Context) (*Sound, error) {
	socket, cookie, err := soundDoor()
	if err != nil {
		return nil, err
	}
	c, err := pulse.Dial(ctx, socket, cookie)
	if err != nil {
		return nil, soundError(err)
	}
	return &Sound{c}, nil
}

// soundError gives an error of the sound server its place among ours.
func soundError(err error) error {
	switch {
	case errors.Is(err, pulse.ErrDenied), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w: %w", ErrDenied, os.ErrPermission, err)
	case errors.Is(err, pulse.ErrNoEntity), errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", ErrAbsent, err)
	}
	return err
}

// Close ends the conversation.
func (s *Sound) Close() { s.c.Close() }

// Devices lists the devices of a kind, and names the one that is used when nobody says otherwise.
func (s *Sound) Devices(kind SoundKind) (list []SoundDevice, usual string, err error) {
	server, err := s.c.Server()
	if err != nil {
		return nil, "", soundError(err)
	}
	ask, usual := s.c.Sinks, server.Sink
	if kind == SoundIn {
		ask, usual = s.c.Sources, server.Source
	}
	devices, err := ask()
	if err != nil {
		return nil, "", soundError(err)
	}
	for _, d := range devices {
		list = append(list, SoundDevice{SoundDevice: probe.NativeDevice(d), Name: d.Description, Channels: d.Volume})
	}
	return list, usual, nil
}

// SetMuted mutes a device or lets it be heard.
func (s *Sound) SetMuted(kind SoundKind, id string, muted bool) error {
	var w pulse.Writer
	w.Number(pulse.NoIndex)
	w.Text(id)
	w.Yes(muted)
	return s.do("mute", byKind(kind, setSinkMute, setSourceMute), w)
}

// SetVolume sets the volume of each channel.
func (s *Sound) SetVolume(kind SoundKind, id string, channels []uint32) error {
	var w pulse.Writer
	w.Number(pulse.NoIndex)
	w.Text(id)
	w.Volume(channels)
	return s.do("set the volume", byKind(kind, setSinkVolume, setSourceVolume), w)
}

// SetUsual chooses the device that is used when nobody says otherwise.
func (s *Sound) SetUsual(kind SoundKind, id string) error {
	var w pulse.Writer
	w.Text(id)
	return s.do("choose the device", byKind(kind, setDefaultSink, setDefaultSource), w)
}

func byKind(kind SoundKind, out, in uint32) uint32 {
	if kind == SoundIn {
		return in
	}
	return out
}

func (s *Sound) do(what string, command uint32, args pulse.Writer) error {
	if _, err := s.c.Ask(command, args); err != nil {
		return fmt.Errorf("%s: %w", what, soundError(err))
	}
	return nil
}
