package incident

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"balise/app/internal/ipc/api"
	"balise/client/transport"
)

// store writes the files of a report, or only measures them when there is no folder. Every file is on the disk
// for good before its name is told.
type store struct {
	dir   string
	files []File
}

// add writes one file from what fill gives it.
func (s *store) add(name, mimeType string, fill func(io.Writer) error) (File, error) {
	f := File{Name: s.free(name), MIME: mimeType}
	sum := sha256.New()
	count := &counter{}
	if s.dir == "" {
		if err := fill(io.MultiWriter(sum, count)); err != nil {
			return File{}, err
		}
	} else {
		// Numbered on the disk: two names that differ for us may be one for the file system.
		f.Path = filepath.Join(s.dir, fmt.Sprintf("%02d-%s", len(s.files), f.Name))
		err := writeFile(f.Path, func(w io.Writer) error { return fill(io.MultiWriter(w, sum, count)) })
		if err != nil {
			return File{}, err
		}
	}
	f.Size, f.SHA256 = count.n, hex.EncodeToString(sum.Sum(nil))
	s.files = append(s.files, f)
	return f, nil
}

func writeFile(path string, fill func(io.Writer) error) (err error) {
	_ = os.Remove(path) // of an attempt that was killed
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return storeError(err)
	}
	defer func() {
		if cerr := out.Close(); err == nil {
			err = storeError(cerr)
		}
		if err != nil {
			_ = os.Remove(path) // half a file is worth nothing
		}
	}()
	if err := fill(out); err != nil {
		return storeError(err)
	}
	return storeError(out.Sync())
}

// storeError gives errors of the state folder their code and leaves those that have one.
func storeError(err error) error {
	var known *api.Error
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.Is(err, syscall.ENOSPC):
		return api.NewError(api.CodeDiskFull, err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return api.NewError(api.CodeStateReadOnly, err)
	}
	return fmt.Errorf("write report file: %w", err)
}

// free makes a name that no other file of the ticket has: desks tell files apart by name alone.
func (s *store) free(name string) string {
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for n := 2; s.taken(name); n++ {
		name = stem + " (" + strconv.Itoa(n) + ")" + ext
	}
	return name
}

func (s *store) taken(name string) bool {
	for _, f := range s.files {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// addUserFile copies a file that the user chose, byte for byte. name is its safe name.
func (s *store) addUserFile(ctx context.Context, path, name string, limit int64) (File, error) {
	in, size, err := openUserFile(path)
	if err != nil {
		return File{}, withFile(api.NewError(api.CodeAttachUnreadable, err), name)
	}
	defer in.Close()
	if size > limit {
		return File{}, tooLarge(name, limit)
	}
	head := make([]byte, 512)
	n, err := io.ReadFull(in, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return File{}, withFile(api.NewError(api.CodeAttachUnreadable, err), name)
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return File{}, withFile(api.NewError(api.CodeAttachUnreadable, err), name)
	}
	return s.add(name, mimeOf(name, head[:n]), func(w io.Writer) error {
		return copyUserFile(ctx, w, in, name, limit)
	})
}

func copyUserFile(ctx context.Context, w io.Writer, in io.Reader, name string, limit int64) error {
	buf := make([]byte, 256<<10)
	var total int64
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n, err := in.Read(buf)
		if total += int64(n); total > limit { // it grew since we looked
			return tooLarge(name, limit)
		}
		if _, werr := w.Write(buf[:n]); werr != nil {
			return werr
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return withFile(api.NewError(api.CodeAttachUnreadable, err), name)
		}
	}
}

// openUserFile opens plain files only: a pipe or a device would never end.
func openUserFile(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%w: not a file", fs.ErrInvalid)
	}
	in, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	return in, info.Size(), nil
}

func tooLarge(name string, limit int64) error {
	e := withFile(&api.Error{Code: api.CodeAttachTooLarge}, name)
	e.Args["limit"] = strconv.FormatInt(limit>>20, 10) + " MB"
	return e
}

func withFile(e *api.Error, name string) *api.Error {
	e.Args = map[string]string{"file": name}
	return e
}

func mimeOf(name string, head []byte) string {
	if t := mime.TypeByExtension(strings.ToLower(filepath.Ext(name))); t != "" {
		return t
	}
	return http.DetectContentType(head)
}

func safeName(path string) string { return transport.SafeName(filepath.Base(path)) }
