package transport

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"balise/client"
)

// DecodeBase64Field reads a JSON object from r and writes the bytes of its base64 string field to w while
// they arrive, at most limit of them (else client.ErrTooLarge). Line breaks in the base64 are skipped. The
// standard decoder would hold the whole string in memory; this one holds a few kilobytes.
//
// An object without the field, or with one that is not a string, is client.ErrNotADesk; one that ends too
// early is io.ErrUnexpectedEOF.
func DecodeBase64Field(r io.Reader, field string, w io.Writer, limit int64) (int64, error) {
	s := &scanner{r: bufio.NewReaderSize(r, 32<<10)}
	if err := s.enter(field); err != nil {
		return 0, scanError(err)
	}
	lw := &limitWriter{w: w, left: limit}
	n, err := io.Copy(lw, base64.NewDecoder(base64.StdEncoding, &stringReader{s: s}))
	var corrupt base64.CorruptInputError
	if errors.As(err, &corrupt) {
		return n, fmt.Errorf("%w: field %q: %w", client.ErrNotADesk, field, err)
	}
	if err != nil {
		return n, scanError(err)
	}
	return n, nil
}

// errSyntax is JSON that is none.
var errSyntax = errors.New("not the JSON expected")

func scanError(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	case errors.Is(err, errSyntax):
		return fmt.Errorf("%w: %w", client.ErrNotADesk, err)
	}
	return err
}

// limitWriter fails at the first byte too many.
type limitWriter struct {
	w    io.Writer
	left int64
}

func (l *limitWriter) Write(p []byte) (int, error) {
	if int64(len(p)) > l.left {
		return 0, client.ErrTooLarge
	}
	n, err := l.w.Write(p)
	l.left -= int64(n)
	return n, err
}

const (
	maxDepth = 64
	maxKey   = 256
)

// scanner walks over JSON without keeping it.
type scanner struct{ r *bufio.Reader }

// next is the next byte that is not a blank.
func (s *scanner) next() (byte, error) {
	for {
		b, err := s.r.ReadByte()
		if err != nil || b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return b, err
		}
	}
}

func (s *scanner) expect(want byte) error {
	b, err := s.next()
	if err == nil && b != want {
		err = fmt.Errorf("%w: %q instead of %q", errSyntax, b, want)
	}
	return err
}

// enter stops behind the opening quote of the value of field in the top object.
func (s *scanner) enter(field string) error {
	if err := s.expect('{'); err != nil {
		return err
	}
	for {
		b, err := s.next()
		if err != nil {
			return err
		}
		if b == '}' {
			return fmt.Errorf("%w: no field %q", errSyntax, field)
		}
		if b != '"' {
			return fmt.Errorf("%w: %q instead of a key", errSyntax, b)
		}
		key, err := s.key()
		if err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		if key == field {
			return s.expect('"')
		}
		more, err := s.skipValue()
		if err != nil {
			return err
		}
		if !more {
			return fmt.Errorf("%w: no field %q", errSyntax, field)
		}
	}
}

func (s *scanner) key() (string, error) {
	sr := &stringReader{s: s}
	raw, err := io.ReadAll(io.LimitReader(sr, maxKey+1))
	if err == nil && len(raw) > maxKey {
		err = fmt.Errorf("%w: a key of over %d bytes", errSyntax, maxKey)
	}
	return string(raw), err
}

// skipValue passes a value and the comma or brace after it; more is false at the end of the object.
func (s *scanner) skipValue() (more bool, err error) {
	depth := 0
	for {
		b, err := s.next()
		if err != nil {
			return false, err
		}
		switch b {
		case '"':
			if _, err := io.Copy(io.Discard, &stringReader{s: s}); err != nil {
				return false, err
			}
		case '{', '[':
			if depth++; depth > maxDepth {
				return false, fmt.Errorf("%w: nested too deep", errSyntax)
			}
		case ']':
			depth--
		case '}':
			if depth == 0 {
				return false, nil
			}
			depth--
		case ',':
			if depth == 0 {
				return true, nil
			}
		}
		if depth < 0 {
			return false, fmt.Errorf("%w: %q too many", errSyntax, b)
		}
	}
}

// stringReader reads the unescaped content of a JSON string whose opening quote was passed.
type stringReader struct {
	s     *scanner
	spare []byte // unescaped and not delivered yet
	end   bool
}

func (r *stringReader) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(r.spare) > 0 {
			k := copy(p[n:], r.spare)
			r.spare = r.spare[k:]
			n += k
			continue
		}
		if r.end {
			break
		}
		b, err := r.s.r.ReadByte()
		switch {
		case err == io.EOF:
			return n, io.ErrUnexpectedEOF
		case err != nil:
			return n, err
		case b == '"':
			r.end = true
		case b == '\\':
			if r.spare, err = r.s.escape(); err != nil {
				return n, err
			}
		default:
			p[n] = b
			n++
		}
	}
	if n == 0 && r.end && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// escape reads what follows a backslash.
func (s *scanner) escape() ([]byte, error) {
	b, err := s.r.ReadByte()
	if err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	switch b {
	case '"', '\\', '/':
		return []byte{b}, nil
	case 'b':
		return []byte{'\b'}, nil
	case 'f':
		return []byte{'\f'}, nil
	case 'n':
		return []byte{'\n'}, nil
	case 'r':
		return []byte{'\r'}, nil
	case 't':
		return []byte{'\t'}, nil
	case 'u':
		return s.unicode()
	}
	return nil, fmt.Errorf("%w: escape %q", errSyntax, b)
}

func (s *scanner) unicode() ([]byte, error) {
	r, err := s.hex4()
	if err != nil {
		return nil, err
	}
	if utf16.IsSurrogate(r) {
		head, err := s.r.Peek(2)
		if err != nil || head[0] != '\\' || head[1] != 'u' {
			return utf8.AppendRune(nil, utf8.RuneError), nil
		}
		s.r.Discard(2)
		low, err := s.hex4()
		if err != nil {
			return nil, err
		}
		r = utf16.DecodeRune(r, low)
	}
	return utf8.AppendRune(nil, r), nil
}

func (s *scanner) hex4() (rune, error) {
	var four [4]byte
	if _, err := io.ReadFull(s.r, four[:]); err != nil {
		return 0, io.ErrUnexpectedEOF
	}
	v, err := strconv.ParseUint(string(four[:]), 16, 16)
	if err != nil {
		return 0, fmt.Errorf("%w: escape \\u%q", errSyntax, four[:])
	}
	return rune(v), nil
}
