package relay

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"time"

	"balise/client"
)

// maxMeta is the size of the JSON part: a text of MaxTextBytes, doubled by its quotes and line ends, and the
// rest with it.
const maxMeta = 2*MaxTextBytes + 1<<20

// spool is an upload on its way in. Its zero value is empty and may be removed.
type spool struct {
	dir   string
	files []File
}

// receive reads a multipart request: the JSON part named meta into doc, then the files to disk. Nothing is
// held in memory but the JSON. Whatever it returns is to be removed.
func (h *handler) receive(w http.ResponseWriter, r *http.Request, meta string, doc any) (*spool, error) {
	s := &spool{dir: h.p.SpoolDir}
	body := &steady{r: r.Body, rc: http.NewResponseController(w)}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return s, &problem{code: codeInvalid, detail: "want multipart/form-data"}
	}
	parts := multipart.NewReader(body, params["boundary"])
	part, err := parts.NextPart()
	if err != nil {
		return s, cut(err)
	}
	if part.FormName() != meta {
		return s, &problem{code: codeInvalid, detail: "the first part must be " + meta}
	}
	raw, err := io.ReadAll(io.LimitReader(part, maxMeta+1))
	if err != nil {
		return s, cut(err)
	}
	if len(raw) > maxMeta {
		return s, &problem{code: codeTextTooLong}
	}
	if err := decode(raw, doc); err != nil {
		return s, err
	}
	if err := s.receiveFiles(parts); err != nil {
		return s, err
	}
	// The upload's deadline must not strike while the Store works.
	_ = body.rc.SetReadDeadline(time.Time{})
	return s, nil
}

func (s *spool) receiveFiles(parts *multipart.Reader) error {
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return cut(err)
		}
		if part.FormName() != "file" {
			return &problem{code: codeInvalid, detail: "after the first part, only parts named file"}
		}
		if len(s.files) == MaxFiles {
			return &problem{code: codeTooLarge, detail: fmt.Sprintf("at most %d files", MaxFiles)}
		}
		file, err := Spool(s.dir, part, fileName(part), part.Header.Get("Content-Type"))
		if err != nil {
			return err
		}
		s.files = append(s.files, file)
	}
}

// fileName is the name as it was sent. multipart.Part.FileName would cut it at slashes, by the rules of this
// system rather than the sender's.
func fileName(part *multipart.Part) string {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return part.FileName()
	}
	return params["filename"]
}

// Spool writes a file to dir while it arrives, at most MaxFileBytes of it, flushed to the disk. On an error
// nothing is left of it. A body that ends too early or a full disk is told apart from a file that is too
// large.
func Spool(dir string, from io.Reader, name, contentType string) (File, error) {
	f, err := os.CreateTemp(dir, "upload-*")
	if err != nil {
		return File{}, spoolError(err)
	}
	sum := sha256.New()
	src := &source{r: from}
	n, err := io.Copy(io.MultiWriter(f, sum), io.LimitReader(src, MaxFileBytes+1))
	switch {
	case src.err != nil:
		err = cut(src.err)
	case err == nil && n > MaxFileBytes:
		err = tooLarge(name)
	case err == nil:
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		os.Remove(f.Name())
		return File{}, spoolError(err)
	}
	return File{
		Name: oneLine(name, MaxSubject), MIME: mediaType(contentType), Size: n,
		SHA256: hex.EncodeToString(sum.Sum(nil)), Path: f.Name(),
	}, nil
}

func tooLarge(name string) error {
	return &problem{
		code: codeTooLarge, detail: fmt.Sprintf("%s: at most %d bytes", oneLine(name, 100), MaxFileBytes),
	}
}

func mediaType(s string) string {
	kind, _, err := mime.ParseMediaType(s)
	if err != nil {
		return "application/octet-stream"
	}
	return kind
}

func spoolError(err error) error {
	if IsDiskFull(err) {
		return fmt.Errorf("store upload: %w: %w", client.ErrFull, err)
	}
	return fmt.Errorf("store upload: %w", err)
}

// cut is the problem of a body that broke off.
func cut(err error) error { return &problem{code: codeIncomplete, err: err} }

func (s *spool) remove() {
	for _, f := range s.files {
		os.Remove(f.Path) // gone already when the Store moved it
	}
}

func (s *spool) uploads() []client.Upload {
	var all []client.Upload
	for _, f := range s.files {
		all = append(all, client.Upload{
			Name: f.Name, MIME: f.MIME, Size: f.Size,
			Open: func() (io.ReadCloser, error) { return os.Open(f.Path) },
		})
	}
	return all
}

// digest stands for the content: what the JSON says and what the files are called and hold, not how the
// multipart body was cut or how the JSON was spaced.
func (s *spool) digest(doc any) string {
	sum := sha256.New()
	add(sum, doc)
	for _, f := range s.files {
		add(sum, []any{f.Name, f.MIME, f.Size, f.SHA256})
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func add(sum hash.Hash, v any) {
	// Documents of ours always encode; json.Encoder ends each with a newline, so that they stay apart.
	if err := json.NewEncoder(sum).Encode(v); err != nil {
		panic(err)
	}
}

// source keeps the error of the reading side, so that it is told apart from one of writing.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// steady gives every read its own deadline: a slow line may take as long as it needs, one that stands still
// is given up.
type steady struct {
	r  io.Reader
	rc *http.ResponseController
}

func (s *steady) Read(p []byte) (int, error) {
	// Not supported by a test's recorder, which needs none.
	_ = s.rc.SetReadDeadline(time.Now().Add(stallTimeout))
	return s.r.Read(p)
}
