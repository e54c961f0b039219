package probe

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// talk is a connection on which a server has already said all that it ever says.
type talk struct {
	io.Reader
	said bytes.Buffer
}

func (t *talk) Write(p []byte) (int, error) { return t.said.Write(p) }

// reply is a server's frame with tagged values.
func reply(tag uint32, values ...any) []byte {
	var w nativeWriter
	w.number(nativeReply)
	w.number(tag)
	for _, v := range values {
		switch v := v.(type) {
		case int:
			w.number(uint32(v))
		case string:
			w.buf = append(append(append(w.buf, 't'), v...), 0)
		case bool:
			w.buf = append(w.buf, map[bool]byte{true: '1', false: '0'}[v])
		case []byte:
			w.buf = append(w.buf, v...)
		}
	}
	head := binary.BigEndian.AppendUint32(nil, uint32(len(w.buf)))
	head = binary.BigEndian.AppendUint32(head, nativeControl)
	return append(append(head, make([]byte, nativeHeader-8)...), w.buf...)
}

var (
	spec    = []byte{'a', 3, 2, 0, 0, 0xac, 0x44}
	noProps = []byte{'P', 'N'}
	usec    = append([]byte{'U'}, make([]byte, 8)...)
)

// device is a sink or a source as protocol 30 describes it.
func device(source bool, name string, volume uint32, muted bool, port string, plugged int) []any {
	level := binary.BigEndian.AppendUint32([]byte{'v', 1}, volume)
	monitor := nativeControl
	list := []any{
		1, name, "A device", spec,
		[]byte{'m', 1, 0},
		5, level, muted, monitor,
		[]byte{'N'},
		usec, "alsa", 0,
		noProps, usec,
		[]byte{'V', 0, 1, 0, 0},
		0, 65537, 0,
	}
	list = append(list, 1, port, "A port", 100, plugged, port)
	formats := []byte{'B', 1, 'f', 'B', 1, 'P', 'N'}
	return append(list, formats)
}

func conversation(sinks, sources []any) []byte {
	var all []byte
	all = append(all, reply(0, 0xC000001E)...)
	all = append(all, reply(1, 7)...)
	all = append(all, reply(2, "PulseAudio (on PipeWire 1.0.5)", "15.0.0", "anne", "pc", spec,
		"alsa_output.pci.analog-stereo", "alsa_input.pci.analog-stereo", 42, []byte{'m', 2, 1, 2})...)
	all = append(all, reply(3, sinks...)...)
	return append(all, reply(4, sources...)...)
}

func TestNativeProtocol(t *testing.T) {
	sinks := append(device(false, "alsa_output.pci.hdmi-stereo", 0x10000, false, "hdmi-output-0", 1),
		device(false, "alsa_output.pci.analog-stereo", 0x8000, true, "analog-output-speaker", 0)...)
	sources := device(true, "alsa_input.pci.analog-stereo", 0x400, false, "analog-input-mic", 2)
	s, err := askNative(&talk{Reader: bytes.NewReader(conversation(sinks, sources))}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Backend != "pipewire" || len(s.Outputs) != 2 || len(s.Inputs) != 1 || s.Output == nil || s.Input == nil {
		t.Fatalf("%+v", s)
	}
	if o := s.Output; !o.Muted || o.Volume != 50 || o.Kind != "analog" || o.Unplugged {
		t.Errorf("%+v", o)
	}
	if h := s.Outputs[0]; h.Kind != "hdmi" || !h.Unplugged {
		t.Errorf("%+v", h)
	}
	if m := s.Input; m.Volume > 2 || m.Monitor || m.Muted {
		t.Errorf("%+v", m)
	}
}

// Whatever a server says, the answer is an error or a list, in time and without taking memory for what was
// only announced.
func FuzzNative(f *testing.F) {
	f.Add(conversation(device(false, "x", 1, false, "p", 0), nil))
	f.Add(reply(0, 13))
	f.Add(bytes.Repeat([]byte{0xff}, 200))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = askNative(&talk{Reader: bytes.NewReader(b)}, nil)
	})
}

func TestEveryCutOfAConversationIsAnError(t *testing.T) {
	whole := conversation(device(false, "x", 1, false, "p", 0), device(true, "y", 1, false, "p", 0))
	for n := range len(whole) {
		if _, err := askNative(&talk{Reader: bytes.NewReader(whole[:n])}, nil); err == nil {
			t.Fatalf("the first %d of %d bytes passed for an answer", n, len(whole))
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
	for _, err := range []error{os.ErrDeadlineExceeded, io.EOF, errNative, errors.New("x")} {
		if SoundErrorCode(err) == "" {
			t.Error(err)
		}
	}
}
