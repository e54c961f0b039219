package pulse

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
)

// talk is a connection on which a server has already said all that it ever says.
type talk struct {
	io.Reader
	said bytes.Buffer
}

func (t *talk) Write(p []byte) (int, error) { return t.said.Write(p) }

// reply is a server's frame with tagged values.
func reply(tag uint32, values ...any) []byte {
	var w Writer
	w.Number(cmdReply)
	w.Number(tag)
	for _, v := range values {
		switch v := v.(type) {
		case int:
			w.Number(uint32(v))
		case string:
			w.buf = append(append(append(w.buf, 't'), v...), 0)
		case bool:
			w.buf = append(w.buf, map[bool]byte{true: '1', false: '0'}[v])
		case []byte:
			w.buf = append(w.buf, v...)
		}
	}
	head := binary.BigEndian.AppendUint32(nil, uint32(len(w.buf)))
	head = binary.BigEndian.AppendUint32(head, control)
	return append(append(head, make([]byte, headerSize-8)...), w.buf...)
}

var (
	spec    = []byte{'a', 3, 2, 0, 0, 0xac, 0x44}
	noProps = []byte{'P', 'N'}
	usec    = append([]byte{'U'}, make([]byte, 8)...)
)

// device is a sink or a source as protocol 30 describes it.
func device(source bool, name string, volume uint32, muted bool, port string, plugged int) []any {
	level := binary.BigEndian.AppendUint32([]byte{'v', 1}, volume)
	monitor := NoIndex
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

// ask is all that is ever asked of a server.
func ask(conn io.ReadWriter) (s Server, sinks, sources []Device, err error) {
	c, err := New(conn, nil)
	if err != nil {
		return s, nil, nil, err
	}
	if s, err = c.Server(); err != nil {
		return s, nil, nil, err
	}
	if sinks, err = c.Sinks(); err != nil {
		return s, nil, nil, err
	}
	sources, err = c.Sources()
	return s, sinks, sources, err
}

func TestConversation(t *testing.T) {
	out := append(device(false, "alsa_output.pci.hdmi-stereo", 0x10000, false, "hdmi-output-0", 1),
		device(false, "alsa_output.pci.analog-stereo", 0x8000, true, "analog-output-speaker", 0)...)
	in := device(true, "alsa_input.pci.analog-stereo", 0x400, false, "analog-input-mic", 2)
	s, sinks, sources, err := ask(&talk{Reader: bytes.NewReader(conversation(out, in))})
	if err != nil || len(sinks) != 2 || len(sources) != 1 {
		t.Fatal(s, sinks, sources, err)
	}
	if s.Software != "PulseAudio (on PipeWire 1.0.5)" || s.Sink != sinks[1].Name || s.Source != sources[0].Name {
		t.Errorf("%+v", s)
	}
	if d := sinks[1]; !d.Muted || d.Loudest() != 50 || d.Port != "analog-output-speaker" || d.Unplugged {
		t.Errorf("%+v", d)
	}
	if d := sinks[0]; !d.Unplugged || d.Description != "A device" || d.Monitor {
		t.Errorf("%+v", d)
	}
}

// Whatever a server says, the answer is an error or a list, in time and without taking memory for what was
// only announced.
func FuzzNative(f *testing.F) {
	f.Add(conversation(device(false, "x", 1, false, "p", 0), nil))
	f.Add(reply(0, 13))
	f.Add(bytes.Repeat([]byte{0xff}, 200))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, _, _ = ask(&talk{Reader: bytes.NewReader(b)})
	})
}

func TestEveryCutOfAConversationIsAnError(t *testing.T) {
	whole := conversation(device(false, "x", 1, false, "p", 0), device(true, "y", 1, false, "p", 0))
	for n := range len(whole) {
		if _, _, _, err := ask(&talk{Reader: bytes.NewReader(whole[:n])}); err == nil {
			t.Fatalf("the first %d of %d bytes passed for an answer", n, len(whole))
		}
	}
}
