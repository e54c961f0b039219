package child

import (
	"bytes"
	"io"
	"strings"
	"sync/atomic"
)

// bounded passes on what the child says, up to a limit; then it calls over.
type bounded struct {
	w    io.Writer
	left int64
	over func()
	hit  atomic.Bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		b.hit.Store(true)
		b.over()
		return 0, ErrOutput
	}
	if b.w == nil {
		return len(p), nil
	}
	return b.w.Write(p)
}

func (b *bounded) exceeded() bool { return b.hit.Load() }

// tail keeps the end of what is written.
type tail struct {
	max int
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - t.max; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return n, nil
}

// String is the tail without its surrounding space.
func (t *tail) String() string {
	return strings.TrimSpace(string(bytes.ToValidUTF8(t.buf, []byte("?"))))
}

// maxLine bounds one line of NDJSON.
const maxLine = 4 << 20

// Lines is a writer that hands over each full line, without its end.
type Lines struct {
	On  func(line []byte)
	buf []byte
}

// Write takes a piece of the stream.
func (l *Lines) Write(p []byte) (int, error) {
	n := len(p)
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			break
		}
		line := p[:i]
		if len(l.buf) > 0 {
			line = append(l.buf, line...)
		}
		if len(bytes.TrimSpace(line)) > 0 {
			l.On(line)
		}
		l.buf, p = l.buf[:0], p[i+1:]
	}
	if len(l.buf)+len(p) > maxLine {
		return 0, ErrOutput
	}
	l.buf = append(l.buf, p...)
	return n, nil
}

// Flush hands over a last line that has no end.
func (l *Lines) Flush() {
	if len(bytes.TrimSpace(l.buf)) > 0 {
		l.On(l.buf)
	}
	l.buf = nil
}
