package probe

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// PulseAudio's native protocol, which PipeWire speaks too: frames of tagged values over a local socket. Of
// its hundred commands this needs five, and only asks. The Go library for it prints on standard output and dies
// with the server, and asking pactl costs a process and a program that is often not installed.
const (
	nativeError       = 0
	nativeReply       = 2
	nativeAuth        = 8
	nativeClientName  = 9
	nativeServerInfo  = 20
	nativeSinkList    = 22
	nativeSourceList  = 24
	nativeControl     = 0xffffffff
	nativeVersion     = 30 // the newest whose answers are read here; the server speaks the older of both
	nativeFrameLimit  = 1 << 20
	nativeDeviceLimit = 256
	nativeCookie      = 256
	nativeHeader      = 20
	nativePortEmpty   = 1 // nothing is plugged in
	nativeFullVolume  = 0x10000
)

// ErrSoundDenied says that the sound server does not let this user ask.
var ErrSoundDenied = errors.New("the sound server refused")

var errNative = errors.New("not a sound server's answer")

// nativeClient is a conversation with a sound server.
type nativeClient struct {
	conn    io.ReadWriter
	version uint32
	tag     uint32
}

// askNative asks a server on a connection what it has. The connection's deadline bounds it.
func askNative(conn io.ReadWriter, cookie []byte) (SoundServer, error) {
	c := &nativeClient{conn: conn, version: nativeVersion}
	if err := c.hello(cookie); err != nil {
		return SoundServer{}, err
	}
	r, err := c.request(nativeServerInfo, nil)
	if err != nil {
		return SoundServer{}, err
	}
	s := SoundServer{Backend: "pulseaudio", Levels: true}
	pack := r.text()
	r.text() // version
	r.text() // user
	r.text() // host
	r.skip('a', 6)
	sink, source := r.text(), r.text()
	if r.err != nil {
		return s, r.err
	}
	if strings.Contains(strings.ToLower(pack), "pipewire") {
		s.Backend = "pipewire"
	}
	if s.Outputs, err = c.devices(nativeSinkList); err != nil {
		return s, err
	}
	if s.Inputs, err = c.devices(nativeSourceList); err != nil {
		return s, err
	}
	s.Output, s.Input = soundDefault(s.Outputs, sink), soundDefault(s.Inputs, source)
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

func (c *nativeClient) hello(cookie []byte) error {
	if len(cookie) != nativeCookie {
		cookie = make([]byte, nativeCookie) // a server of the same user looks at the user, not at this
	}
	var w nativeWriter
	w.number(nativeVersion)
	w.bytes(cookie)
	r, err := c.request(nativeAuth, w.buf)
	if err != nil {
		return err
	}
	const flags = 0xffff0000 // shared memory, which is not offered here
	c.version = min(c.version, r.number()&^uint32(flags))
	if r.err != nil || c.version < 13 {
		return errNative // older than anything that runs today
	}
	w = nativeWriter{}
	w.property("application.name", "Balise")
	_, err = c.request(nativeClientName, w.buf)
	return err
}

// devices reads a list of outputs or inputs; both have the same form.
func (c *nativeClient) devices(command uint32) ([]SoundDevice, error) {
	r, err := c.request(command, nil)
	if err != nil {
		return nil, err
	}
	var list []SoundDevice
	for len(r.buf) > 0 && r.err == nil && len(list) < nativeDeviceLimit {
		list = append(list, c.device(r, command == nativeSourceList))
	}
	return list, r.err
}

func (c *nativeClient) device(r *nativeReader, source bool) SoundDevice {
	r.number() // index
	d := SoundDevice{ID: r.text()}
	r.text() // description
	r.skip('a', 6)
	r.skip('m', -1)
	r.number() // module
	d.Volume = r.volume()
	d.Muted = r.yes()
	monitorOf := r.number()
	r.text() // of that name
	r.skip('U', 8)
	r.text()   // driver
	r.number() // flags
	props := r.properties()
	r.skip('U', 8)
	if c.version >= 15 {
		r.skip('V', 4)
		r.number() // state
		r.number() // steps
		r.number() // card
	}
	port := ""
	if c.version >= 16 {
		port, d.Unplugged = c.ports(r)
	}
	if c.version >= 22 || c.version >= 21 && !source {
		for n := r.octet(); n > 0 && r.err == nil; n-- {
			r.tag('f')
			r.octet()
			r.properties()
		}
	}
	d.Monitor = source && (monitorOf != nativeControl || strings.HasSuffix(d.ID, ".monitor"))
	d.Dummy = d.ID == "auto_null" || d.ID == "auto_null.monitor"
	d.Kind = soundKind(d.ID, props["device.bus"], port)
	return d
}

// ports names the port in use, and whether nothing is plugged into it.
func (c *nativeClient) ports(r *nativeReader) (active string, empty bool) {
	state := map[string]uint32{}
	for n := r.number(); n > 0 && r.err == nil; n-- {
		name := r.text()
		r.text()   // description
		r.number() // priority
		if c.version >= 24 {
			state[name] = r.number()
		}
	}
	active = r.text()
	return active, state[active] == nativePortEmpty
}

// request sends a command and waits for its reply; what the server says unasked in between is passed over.
func (c *nativeClient) request(command uint32, args []byte) (*nativeReader, error) {
	tag := c.tag
	c.tag++
	var w nativeWriter
	w.number(command)
	w.number(tag)
	w.buf = append(w.buf, args...)
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(w.buf)))
	frame = binary.BigEndian.AppendUint32(frame, nativeControl)
	frame = append(frame, make([]byte, nativeHeader-8)...)
	if _, err := c.conn.Write(append(frame, w.buf...)); err != nil {
		return nil, fmt.Errorf("ask the sound server: %w", err)
	}
	const unasked = 64
	for range unasked {
		r, err := c.frame()
		if err != nil {
			return nil, err
		}
		if r == nil {
			continue
		}
		kind, of := r.number(), r.number()
		switch {
		case r.err != nil:
			return nil, r.err
		case of != tag:
		case kind == nativeReply:
			return r, nil
		case kind == nativeError:
			if why := r.number(); why == 1 {
				return nil, ErrSoundDenied
			}
			return nil, errNative
		}
	}
	return nil, errNative
}

// frame reads one frame; a frame of sound gives none.
func (c *nativeClient) frame() (*nativeReader, error) {
	var head [nativeHeader]byte
	if _, err := io.ReadFull(c.conn, head[:]); err != nil {
		return nil, fmt.Errorf("hear the sound server: %w", err)
	}
	size, channel := binary.BigEndian.Uint32(head[:]), binary.BigEndian.Uint32(head[4:])
	if size == 0 || size > nativeFrameLimit {
		return nil, errNative
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(c.conn, body); err != nil {
		return nil, fmt.Errorf("hear the sound server: %w", err)
	}
	if channel != nativeControl {
		return nil, nil
	}
	return &nativeReader{buf: body}, nil
}

// dialNative connects to a local socket and asks there.
func dialNative(ctx context.Context, socket string, cookie []byte) (SoundServer, error) {
	started := time.Now()
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return SoundServer{}, fmt.Errorf("reach the sound server: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	s, err := askNative(conn, cookie)
	s.Took = time.Since(started)
	return s, err
}
