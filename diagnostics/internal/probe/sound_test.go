package probe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"balise/diagnostics/internal/pulse"
)

func TestNativeDevice(t *testing.T) {
	for want, d := range map[SoundDevice]pulse.Device{
		{ID: "alsa_output.pci.hdmi-stereo", Kind: "hdmi", Volume: 100, Unplugged: true}: {
			Name: "alsa_output.pci.hdmi-stereo", Volume: []uint32{0x10000}, Port: "hdmi-output-0", Unplugged: true,
		},
		{ID: "alsa_output.pci.analog-stereo", Kind: "analog", Volume: 50, Muted: true}: {
			Name: "alsa_output.pci.analog-stereo", Volume: []uint32{0x100, 0x8000}, Muted: true,
		},
		{ID: "auto_null.monitor", Kind: "other", Dummy: true, Monitor: true}: {Name: "auto_null.monitor", Monitor: true},
	} {
		if got := NativeDevice(d); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

// Sound servers with bad manners: each costs no more than its deadline.
func TestBadSoundServers(t *testing.T) {
	for name, serve := range map[string]func(net.Conn){
		"timeout": func(c net.Conn) { _, _ = io.Copy(io.Discard, c) },
		"closed":  func(net.Conn) {},
		"garbage": func(c net.Conn) {
			_, _ = c.Write(bytes.Repeat([]byte{0xfe}, 99))
			_, _ = io.Copy(io.Discard, c)
		},
		"drip": func(c net.Conn) {
			for {
				if _, err := c.Write([]byte{0}); err != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			socket := filepath.Join(t.TempDir(), "native")
			ln, err := net.Listen("unix", socket)
			if err != nil {
				t.Skipf("no unix sockets here: %v", err)
			}
			defer ln.Close()
			go func() {
				for {
					c, err := ln.Accept()
					if err != nil {
						return
					}
					go func() { defer c.Close(); serve(c) }()
				}
			}()
			ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
			defer cancel()
			started := time.Now()
			_, err = dialNative(ctx, socket, nil)
			if err == nil || time.Since(started) > 5*time.Second {
				t.Errorf("%v after %v", err, time.Since(started))
			}
			if name != "drip" && SoundErrorCode(err) != name {
				t.Errorf("%v is %q", err, SoundErrorCode(err))
			}
		})
	}
}

func TestMacSound(t *testing.T) {
	s, err := ParseMacSound([]byte(`{"SPAudioDataType":[{"_name":"coreaudio_device","_items":[
 {"_name":"MacBook Pro Microphone","coreaudio_default_audio_input_device":"spaudio_yes","coreaudio_device_input":1,
  "coreaudio_device_transport":"coreaudio_device_type_builtin"},
 {"_name":"LG","coreaudio_default_audio_output_device":"spaudio_yes","coreaudio_device_output":2,
  "coreaudio_device_transport":"coreaudio_device_type_hdmi"},
 {"_name":"odd","coreaudio_device_transport":3}]}]}`))
	if err != nil || s.Output == nil || s.Output.Kind != "hdmi" || s.Input == nil || s.Input.Kind != "analog" || s.Levels {
		t.Errorf("%+v %v", s, err)
	}
	if _, err := ParseMacSound([]byte("{")); err == nil {
		t.Error("half an answer passed")
	}
}

func TestSoundErrorsHaveCodes(t *testing.T) {
	for _, err := range []error{os.ErrDeadlineExceeded, io.EOF, pulse.ErrProtocol, errors.New("x")} {
		if SoundErrorCode(err) == "" {
			t.Error(err)
		}
	}
}
