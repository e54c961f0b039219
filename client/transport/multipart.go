package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"

	"balise/client"
)

// Part is one part of a multipart request: a file, or with an empty FileName a plain field.
type Part struct {
	Field    string
	FileName string
	MIME     string
	Size     int64
	Open     func() (io.ReadCloser, error)
}

// FieldPart is a plain field.
func FieldPart(name, mime string, value []byte) Part {
	return Part{
		Field: name, MIME: mime, Size: int64(len(value)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(value)), nil },
	}
}

// FilePart is an upload under the given field name.
func FilePart(field string, u client.Upload) Part {
	return Part{Field: field, FileName: u.Name, MIME: u.MIME, Size: u.Size, Open: u.Open}
}

// sendFiles streams parts, or one file, with a known Content-Length (desks behind a proxy refuse chunked bodies).
// All files are opened before the first byte leaves: one that is gone must not leave half a request.
func (c *Client) sendFiles(ctx context.Context, r Request) (Answer, error) {
	open := func() (*filesBody, error) { return openParts(r.Parts) }
	if r.File != nil {
		open = func() (*filesBody, error) { return openFile(*r.File) }
	}
	body, err := open()
	if err != nil {
		return Answer{}, err
	}
	defer body.Close()
	ctx, watch := watchStall(ctx, c.limits.stall)
	defer watch.stop()
	// NopCloser: the transport closes what it was given, and may do so after we returned.
	req, err := http.NewRequestWithContext(ctx, r.method(), c.URL(r.Path, r.Query),
		io.NopCloser(&moving{r: body, watch: watch, done: body.size, answer: c.limits.header}))
	if err != nil {
		return Answer{}, local("", err)
	}
	req.ContentLength = body.size
	c.setHeader(req, r.Header)
	req.Header.Set("Content-Type", body.kind)
	resp, err := c.writes.Do(req)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	watch.restart() // the answer has its own time
	a.Body, err = io.ReadAll(io.LimitReader(&moving{r: resp.Body, watch: watch}, c.limits.json+1))
	if int64(len(a.Body)) > c.limits.json {
		return a, fmt.Errorf("answer over %d bytes: %w", c.limits.json, client.ErrTooLarge)
	}
	return a, err
}

// filesBody is the request body: one file, or heads and files in turn.
type filesBody struct {
	io.Reader
	kind  string // Content-Type
	size  int64
	files []io.Closer
}

func (b *filesBody) Close() error {
	var errs []error
	for _, f := range b.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

func openFile(u client.Upload) (*filesBody, error) {
	f, err := FilePart("", u).open()
	if err != nil {
		return nil, err
	}
	return &filesBody{
		Reader: io.LimitReader(f, u.Size), kind: "application/octet-stream", size: u.Size, files: []io.Closer{f},
	}, nil
}

func openParts(parts []Part) (*filesBody, error) {
	var heads bytes.Buffer
	w := multipart.NewWriter(&heads)
	b := &filesBody{kind: w.FormDataContentType()}
	var readers []io.Reader
	cut := func() { // what the writer has produced since the last cut
		chunk := bytes.Clone(heads.Bytes())
		heads.Reset()
		b.size += int64(len(chunk))
		readers = append(readers, bytes.NewReader(chunk))
	}
	for _, p := range parts {
		f, err := p.open()
		if err != nil {
			b.Close()
			return nil, err
		}
		b.files = append(b.files, f)
		if _, err := w.CreatePart(p.head()); err != nil {
			b.Close()
			return nil, local(p.FileName, err)
		}
		cut()
		b.size += p.Size
		readers = append(readers, io.LimitReader(f, p.Size))
	}
	if err := w.Close(); err != nil {
		b.Close()
		return nil, local("", err)
	}
	cut()
	b.Reader = io.MultiReader(readers...)
	return b, nil
}

// open opens the part's source and, where it can tell, compares its size.
func (p Part) open() (io.ReadCloser, error) {
	f, err := p.Open()
	if err != nil {
		return nil, local(p.FileName, fmt.Errorf("open attachment %q: %w", p.FileName, err))
	}
	if s, ok := f.(interface{ Stat() (fs.FileInfo, error) }); ok {
		if info, err := s.Stat(); err == nil && info.Size() != p.Size {
			f.Close()
			const form = "attachment %q: %d bytes on disk, %d expected"
			return nil, local(p.FileName, fmt.Errorf(form, p.FileName, info.Size(), p.Size))
		}
	}
	return f, nil
}

// quoteName keeps a name inside its quotes. Non-Latin names travel as raw UTF-8, as browsers send them.
var quoteName = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "", "\n", "")

func (p Part) head() textproto.MIMEHeader {
	disposition := `form-data; name="` + quoteName.Replace(p.Field) + `"`
	if p.FileName != "" {
		disposition += `; filename="` + quoteName.Replace(p.FileName) + `"`
	}
	h := textproto.MIMEHeader{"Content-Disposition": {disposition}}
	if p.MIME != "" {
		h.Set("Content-Type", strings.NewReplacer("\r", "", "\n", "").Replace(p.MIME))
	}
	return h
}
