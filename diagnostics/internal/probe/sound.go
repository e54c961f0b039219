package probe

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"balise/diagnostics/internal/pulse"
)

// Sound reads the sound cards and asks the sound server. It can be replaced in tests. Nothing is played and
// nothing is recorded.
type Sound struct {
	// Cards counts the sound cards, and what they can do.
	Cards func() (SoundCards, error)
	// Server asks the sound server what it has; ErrNoSoundServer where there is none to ask.
	Server func(ctx context.Context) (SoundServer, error)
	// Expected tells whether this session should have a sound server: one is installed, and a user is
	// signed in. A root shell on a computer with a card should not.
	Expected func() bool
}

// SoundCards are the sound cards that the system knows.
type SoundCards struct {
	Cards int
	// Playback and Capture count the cards' outputs and inputs; Detailed is false where only the cards are
	// known.
	Playback, Capture int
	Detailed          bool
}

// SoundServer is what a sound server says of itself.
type SoundServer struct {
	Backend string // "pulseaudio", "pipewire", "windows", "coreaudio"
	Took    time.Duration
	// Output and Input are the defaults; nil when there is none.
	Output, Input   *SoundDevice
	Outputs, Inputs []SoundDevice
	// Levels says that muting and volume are known.
	Levels bool
}

// SoundDevice is one output or input.
type SoundDevice struct {
	ID string // never shown: it can hold a headset's address
	// Kind is "hdmi", "analog", "usb", "bluetooth", "network" or "other".
	Kind string
	// Dummy is a stand-in that leads nowhere; Monitor listens to an output instead of a microphone.
	Dummy, Monitor bool
	Muted          bool
	Volume         float64 // percent
	// Unplugged says that the socket in use has nothing in it, where the card can tell.
	Unplugged bool
	// InUse says that a program plays to it or records from it now, where the server tells.
	InUse bool
}

// ErrNoSoundServer says that no sound server is there to be asked.
var ErrNoSoundServer = errors.New("no sound server")

// ErrSoundSilent says that a sound server's socket is there and nobody answers as one should.
var ErrSoundSilent = errors.New("the sound server does not answer")

// ErrRemoteSound says that the user's sound is served by another computer, which is left alone.
var ErrRemoteSound = errors.New("the sound server is another computer")

// NewSound reads this computer.
func NewSound() Sound {
	return Sound{Cards: soundCards, Server: soundServer, Expected: soundExpected}
}

// soundKind is the kind of a device by the names that systems give them.
func soundKind(name, bus, port string) string {
	name, port = strings.ToLower(name), strings.ToLower(port)
	switch {
	case strings.Contains(port, "hdmi"), strings.Contains(name, "hdmi"), strings.Contains(port, "displayport"):
		return "hdmi"
	case bus == "bluetooth", strings.HasPrefix(name, "bluez"):
		return "bluetooth"
	case bus == "usb", strings.Contains(name, ".usb-"):
		return "usb"
	case strings.HasPrefix(name, "tunnel"), strings.HasPrefix(name, "raop"):
		return "network"
	case strings.Contains(port, "analog"), strings.Contains(name, "analog"), bus == "pci":
		return "analog"
	}
	return "other"
}

// SoundErrorCode is a short code for why the sound server did not answer.
func SoundErrorCode(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "ECONNREFUSED"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, pulse.ErrProtocol):
		return "garbage"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.EPIPE):
		return "closed"
	}
	return "failed"
}
