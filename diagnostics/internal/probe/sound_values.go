package probe

import (
	"bytes"
	"encoding/binary"
)

// nativeWriter builds tagged values.
type nativeWriter struct{ buf []byte }

func (w *nativeWriter) number(v uint32) {
	w.buf = binary.BigEndian.AppendUint32(append(w.buf, 'L'), v)
}

func (w *nativeWriter) bytes(b []byte) {
	w.buf = binary.BigEndian.AppendUint32(append(w.buf, 'x'), uint32(len(b)))
	w.buf = append(w.buf, b...)
}

// property writes a list of one property.
func (w *nativeWriter) property(key, value string) {
	w.buf = append(append(append(w.buf, 'P', 't'), key...), 0)
	w.number(uint32(len(value) + 1))
	w.bytes(append([]byte(value), 0))
	w.buf = append(w.buf, 'N')
}

// nativeReader takes tagged values from a frame. The first one that is not what it should be ends it: every
// later value is then zero, and err says so.
type nativeReader struct {
	buf []byte
	err error
}

// take cuts n bytes off the front.
func (r *nativeReader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.buf) {
		r.err = errNative
		return make([]byte, min(max(n, 8), 8))
	}
	b := r.buf[:n]
	r.buf = r.buf[n:]
	return b
}

func (r *nativeReader) peek() byte {
	if r.err != nil || len(r.buf) == 0 {
		return 0
	}
	return r.buf[0]
}

func (r *nativeReader) tag(want byte) {
	if r.take(1)[0] != want {
		r.err = errNative
	}
}

func (r *nativeReader) number() uint32 {
	r.tag('L')
	v := binary.BigEndian.Uint32(r.take(4))
	if r.err != nil {
		return 0
	}
	return v
}

func (r *nativeReader) octet() byte {
	r.tag('B')
	v := r.take(1)[0]
	if r.err != nil {
		return 0
	}
	return v
}

func (r *nativeReader) yes() bool {
	switch r.take(1)[0] {
	case '1':
		return r.err == nil
	case '0':
		return false
	}
	r.err = errNative
	return false
}

// text is a text, or nothing where the server has none.
func (r *nativeReader) text() string {
	if r.peek() == 'N' {
		r.take(1)
		return ""
	}
	r.tag('t')
	end := bytes.IndexByte(r.buf, 0)
	if r.err != nil || end < 0 {
		r.err = errNative
		return ""
	}
	return string(r.take(end + 1)[:end])
}

// skip passes over a value; a size below zero is a list of bytes with its length before it.
func (r *nativeReader) skip(tag byte, size int) {
	r.tag(tag)
	if size < 0 {
		size = int(r.take(1)[0])
	}
	r.take(size)
}

// volume is the loudest channel's, in percent.
func (r *nativeReader) volume() float64 {
	r.tag('v')
	loudest := uint32(0)
	for n := int(r.take(1)[0]); n > 0 && r.err == nil; n-- {
		loudest = max(loudest, binary.BigEndian.Uint32(r.take(4)))
	}
	return 100 * float64(loudest) / nativeFullVolume
}

// properties reads a list of properties; only texts are kept.
func (r *nativeReader) properties() map[string]string {
	all := map[string]string{}
	r.tag('P')
	for r.err == nil && r.peek() != 'N' {
		key := r.text()
		r.number() // the length, which comes twice
		r.tag('x')
		size := binary.BigEndian.Uint32(r.take(4))
		if r.err != nil || size > nativeFrameLimit {
			r.err = errNative
			break
		}
		all[key] = string(bytes.TrimRight(r.take(int(size)), "\x00"))
	}
	r.tag('N')
	return all
}
