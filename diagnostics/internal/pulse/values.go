package pulse

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// Writer builds the values that go with a command.
type Writer struct{ buf []byte }

// Number adds a number.
func (w *Writer) Number(v uint32) {
	w.buf = binary.BigEndian.AppendUint32(append(w.buf, 'L'), v)
}

// Text adds a text; what follows a zero byte would be read as the next value, so nothing does.
func (w *Writer) Text(s string) {
	s, _, _ = strings.Cut(s, "\x00")
	w.buf = append(append(append(w.buf, 't'), s...), 0)
}

// Yes adds a yes or a no.
func (w *Writer) Yes(yes bool) {
	if yes {
		w.buf = append(w.buf, '1')
	} else {
		w.buf = append(w.buf, '0')
	}
}

// Volume adds the volume of each channel.
func (w *Writer) Volume(channels []uint32) {
	channels = channels[:min(len(channels), maxChannels)]
	w.buf = append(w.buf, 'v', byte(len(channels)))
	for _, c := range channels {
		w.buf = binary.BigEndian.AppendUint32(w.buf, c)
	}
}

// mono adds the form of sound that Play sends: one channel of 16 bits, little end first.
func (w *Writer) mono(rate uint32) {
	const s16le, onlyChannel, monoPosition = 3, 1, 0
	w.buf = append(w.buf, 'a', s16le, onlyChannel)
	w.buf = binary.BigEndian.AppendUint32(w.buf, rate)
	w.buf = append(w.buf, 'm', onlyChannel, monoPosition)
}

// noProperties adds an empty list of properties.
func (w *Writer) noProperties() { w.buf = append(w.buf, 'P', 'N') }

func (w *Writer) bytes(b []byte) {
	w.buf = binary.BigEndian.AppendUint32(append(w.buf, 'x'), uint32(len(b)))
	w.buf = append(w.buf, b...)
}

// property writes a list of one property.
func (w *Writer) property(key, value string) {
	w.buf = append(append(append(w.buf, 'P', 't'), key...), 0)
	w.Number(uint32(len(value) + 1))
	w.bytes(append([]byte(value), 0))
	w.buf = append(w.buf, 'N')
}

// Reader takes values from an answer. The first one that is not what it should be ends it: every
// later value is then zero, and err says so.
type Reader struct {
	buf []byte
	err error
}

// Err is what was wrong with the values so far.
func (r *Reader) Err() error { return r.err }

// take cuts n bytes off the front.
func (r *Reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.buf) {
		r.err = ErrProtocol
		return make([]byte, min(max(n, 8), 8))
	}
	b := r.buf[:n]
	r.buf = r.buf[n:]
	return b
}

func (r *Reader) peek() byte {
	if r.err != nil || len(r.buf) == 0 {
		return 0
	}
	return r.buf[0]
}

func (r *Reader) tag(want byte) {
	if r.take(1)[0] != want {
		r.err = ErrProtocol
	}
}

// Number takes a number.
func (r *Reader) Number() uint32 {
	r.tag('L')
	v := binary.BigEndian.Uint32(r.take(4))
	if r.err != nil {
		return 0
	}
	return v
}

func (r *Reader) octet() byte {
	r.tag('B')
	v := r.take(1)[0]
	if r.err != nil {
		return 0
	}
	return v
}

// Yes takes a yes or a no.
func (r *Reader) Yes() bool {
	switch r.take(1)[0] {
	case '1':
		return r.err == nil
	case '0':
		return false
	}
	r.err = ErrProtocol
	return false
}

// Text takes a text, or nothing where the server has none.
func (r *Reader) Text() string {
	if r.peek() == 'N' {
		r.take(1)
		return ""
	}
	r.tag('t')
	end := bytes.IndexByte(r.buf, 0)
	if r.err != nil || end < 0 {
		r.err = ErrProtocol
		return ""
	}
	return string(r.take(end + 1)[:end])
}

// skip passes over a value; a size below zero is a list of bytes with its length before it.
func (r *Reader) skip(tag byte, size int) {
	r.tag(tag)
	if size < 0 {
		size = int(r.take(1)[0])
	}
	r.take(size)
}

// volume is each channel's.
func (r *Reader) volume() []uint32 {
	r.tag('v')
	var channels []uint32
	for n := int(r.take(1)[0]); n > 0 && r.err == nil; n-- {
		channels = append(channels, binary.BigEndian.Uint32(r.take(4)))
	}
	return channels
}

// properties reads a list of properties; only texts are kept.
func (r *Reader) properties() map[string]string {
	all := map[string]string{}
	r.tag('P')
	for r.err == nil && r.peek() != 'N' {
		key := r.Text()
		r.Number() // the length, which comes twice
		r.tag('x')
		size := binary.BigEndian.Uint32(r.take(4))
		if r.err != nil || size > frameLimit {
			r.err = ErrProtocol
			break
		}
		all[key] = string(bytes.TrimRight(r.take(int(size)), "\x00"))
	}
	r.tag('N')
	return all
}
