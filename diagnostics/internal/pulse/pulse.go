// Package pulse speaks PulseAudio's native protocol, which PipeWire speaks too: frames of tagged values over a local
// socket. Of its hundred commands this needs few. The Go library for it prints on standard output and dies with the
// server, and asking pactl costs a process and a program that is often not installed.
//
// It only speaks. What is asked is package probe's affair, and what is changed is package act's.
package pulse

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// The commands, as PulseAudio's native-common.h numbers them.
const (
	cmdError      = 0
	cmdReply      = 2
	cmdAuth       = 8
	cmdClientName = 9
	cmdServerInfo = 20
	cmdSinkList   = 22
	cmdSourceList = 24
)

const (
	control     = 0xffffffff // the channel of commands; the others carry sound
	version     = 30         // the newest whose answers are read here; the server speaks the older of both
	oldest      = 13         // older than anything that runs today
	frameLimit  = 1 << 20
	deviceLimit = 256
	cookieSize  = 256
	headerSize  = 20
	maxChannels = 32
)

// NoIndex stands for "by name" in a command.
const NoIndex = 0xffffffff

// FullVolume is a channel's volume at 100 %.
const FullVolume = 0x10000

// The errors that callers branch on.
var (
	// ErrDenied says that the sound server does not let this user ask.
	ErrDenied = errors.New("the sound server refused")
	// ErrNoEntity says that the sound server has no device of that name.
	ErrNoEntity = errors.New("the sound server knows no such thing")
	// ErrProtocol says that what answers is no sound server.
	ErrProtocol = errors.New("not a sound server's answer")
)

// CommandError is a refusal of another kind, by its number.
type CommandError struct{ Code uint32 }

func (e *CommandError) Error() string {
	return fmt.Sprintf("the sound server refused: error %d", e.Code)
}

// Client is a conversation with a sound server. It is for one goroutine.
type Client struct {
	conn    io.ReadWriter
	version uint32
	tag     uint32
	close   func()
}

// Dial connects to a local socket and introduces itself. ctx bounds the whole conversation. Close it.
func Dial(ctx context.Context, socket string, cookie []byte) (*Client, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, fmt.Errorf("reach the sound server: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	c, err := New(conn, cookie)
	if err != nil {
		stop()
		_ = conn.Close()
		return nil, err
	}
	c.close = func() { stop(); _ = conn.Close() }
	return c, nil
}

// New introduces itself on a connection, whose deadline bounds the conversation.
func New(conn io.ReadWriter, cookie []byte) (*Client, error) {
	c := &Client{conn: conn, version: version, close: func() {}}
	return c, c.hello(cookie)
}

// Close ends the conversation.
func (c *Client) Close() { c.close() }

func (c *Client) hello(cookie []byte) error {
	if len(cookie) != cookieSize {
		cookie = make([]byte, cookieSize) // a server of the same user looks at the user, not at this
	}
	var w Writer
	w.Number(version)
	w.bytes(cookie)
	r, err := c.Ask(cmdAuth, w)
	if err != nil {
		return err
	}
	const flags = 0xffff0000 // shared memory, which is not offered here
	c.version = min(c.version, r.Number()&^uint32(flags))
	if r.err != nil || c.version < oldest {
		return ErrProtocol
	}
	w = Writer{}
	w.property("application.name", "Balise")
	_, err = c.Ask(cmdClientName, w)
	return err
}

// Ask sends a command and waits for its reply; what the server says unasked in between is passed over.
func (c *Client) Ask(command uint32, args Writer) (*Reader, error) {
	tag := c.tag
	c.tag++
	var w Writer
	w.Number(command)
	w.Number(tag)
	if err := c.send(control, append(w.buf, args.buf...)); err != nil {
		return nil, err
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
		kind, of := r.Number(), r.Number()
		switch {
		case r.err != nil:
			return nil, r.err
		case of != tag:
		case kind == cmdReply:
			return r, nil
		case kind == cmdError:
			return nil, refusal(r)
		}
	}
	return nil, ErrProtocol
}

// refusal is an error's number, as PulseAudio's def.h has them.
func refusal(r *Reader) error {
	const access, noEntity = 1, 5
	switch code := r.Number(); {
	case r.err != nil:
		return r.err
	case code == access:
		return ErrDenied
	case code == noEntity:
		return ErrNoEntity
	default:
		return &CommandError{code}
	}
}

// send writes one frame.
func (c *Client) send(channel uint32, body []byte) error {
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	frame = binary.BigEndian.AppendUint32(frame, channel)
	frame = append(frame, make([]byte, headerSize-8)...)
	if _, err := c.conn.Write(append(frame, body...)); err != nil {
		return fmt.Errorf("ask the sound server: %w", err)
	}
	return nil
}

// frame reads one frame; a frame of sound gives none.
func (c *Client) frame() (*Reader, error) {
	var head [headerSize]byte
	if _, err := io.ReadFull(c.conn, head[:]); err != nil {
		return nil, fmt.Errorf("hear the sound server: %w", err)
	}
	size, channel := binary.BigEndian.Uint32(head[:]), binary.BigEndian.Uint32(head[4:])
	if size == 0 || size > frameLimit {
		return nil, ErrProtocol
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(c.conn, body); err != nil {
		return nil, fmt.Errorf("hear the sound server: %w", err)
	}
	if channel != control {
		return nil, nil
	}
	return &Reader{buf: body}, nil
}
