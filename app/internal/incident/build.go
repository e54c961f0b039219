package incident

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"balise/app/internal/ipc/api"
	"balise/diagnostics/redact"
)

// RunChild is the child process `balise internal render`: a RenderRequest and a picture in, a RenderResult
// out. Errors of the report are in the result; an error returned is a broken pipe or a defect.
func RunChild(ctx context.Context, in io.Reader, out io.Writer) error {
	buf := bufio.NewReaderSize(in, 64<<10)
	line, err := readLine(buf, maxRequest)
	if err != nil {
		return fmt.Errorf("read render request: %w", err)
	}
	var req RenderRequest
	if err := json.Unmarshal(line, &req); err != nil {
		return fmt.Errorf("read render request: %w", err)
	}
	var picture io.Reader
	if req.ScreenshotBytes > 0 {
		picture = io.LimitReader(buf, req.ScreenshotBytes)
	}
	res, err := Build(ctx, req, picture)
	if err != nil {
		e := &api.Error{}
		if !errors.As(err, &e) {
			e = api.NewError(api.CodeInternal, err)
		}
		res = RenderResult{Error: e}
	}
	if picture != nil {
		_, _ = io.Copy(io.Discard, picture) // so that the agent's end of the pipe does not break
	}
	if err := json.NewEncoder(out).Encode(res); err != nil {
		return fmt.Errorf("write render result: %w", err)
	}
	return nil
}

func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > limit:
			return nil, fmt.Errorf("longer than %d bytes", limit)
		case errors.Is(err, bufio.ErrBufferFull):
		case err == nil, errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		default:
			return nil, err
		}
	}
}

// Build makes the report in this process. screenshot may be nil. When it fails nothing remains in OutDir.
func Build(ctx context.Context, req RenderRequest, screenshot io.Reader) (RenderResult, error) {
	return build(ctx, req, screenshot, redact.Gather(ctx, req.Secrets...))
}

func build(ctx context.Context, req RenderRequest, shot io.Reader, known redact.Known) (RenderResult, error) {
	if err := validate(&req); err != nil {
		return RenderResult{}, err
	}
	b := &builder{req: req, collect: newCollector(req, known), files: &store{dir: req.OutDir}}
	res, err := b.run(ctx, shot)
	if err != nil {
		b.discard()
		return RenderResult{}, err
	}
	return res, nil
}

func validate(req *RenderRequest) error {
	if !req.Ref.Valid() {
		return &api.Error{Code: api.CodeInternal, Detail: "render: no reference"}
	}
	if len(req.Input.Description) > maxDescription || len(req.Input.Subject) > maxDescription {
		return &api.Error{
			Code: api.CodeTextTooLong, Args: map[string]string{"limit": strconv.Itoa(maxDescription>>20) + " MB"},
		}
	}
	if n := len(req.Input.Attach); n > maxAttachments {
		return &api.Error{Code: api.CodeUsage, Args: map[string]string{
			"what": fmt.Sprintf("%d files, at most %d", n, maxAttachments),
		}}
	}
	if req.Now.IsZero() {
		req.Now = time.Now()
	}
	if req.UserLanguage == "" {
		req.UserLanguage = req.Language
	}
	if req.MaxAttachment <= 0 || req.MaxAttachment > maxAttachment {
		req.MaxAttachment = maxAttachment
	}
	return nil
}

type builder struct {
	req     RenderRequest
	collect *collector
	files   *store
	report  Report
	preview map[string]string // by file name
	extra   []File            // screenshot, description and the user's files, in that order
}

func (b *builder) run(ctx context.Context, shot io.Reader) (RenderResult, error) {
	b.report = b.collect.collect(false)
	b.preview = map[string]string{}
	// The report's two files come first in the list but are made last: they name the others.
	b.files.files = append(b.files.files, File{Name: nameReportHTML}, File{Name: nameReportJSON})
	if err := b.addExtras(ctx, shot); err != nil {
		return RenderResult{}, err
	}
	b.report.Masked = b.collect.masked()
	view := newView(b.report, b.collect.texts)
	body := view.body()
	if err := b.scan("body", []byte(b.report.Subject+"\n"+body)); err != nil {
		return RenderResult{}, err
	}
	if err := b.addReports(view); err != nil {
		return RenderResult{}, err
	}
	return b.result(view, body), nil
}

// addExtras adds everything but the two reports.
func (b *builder) addExtras(ctx context.Context, shot io.Reader) error {
	if b.report.DescriptionCut {
		text := []byte(b.collect.whole + "\n")
		if err := b.scan(nameDescription, text); err != nil {
			return err
		}
		if _, err := b.addBytes(nameDescription, "text/plain; charset=utf-8", text); err != nil {
			return err
		}
	}
	if shot != nil && b.req.Input.Screenshot && b.collect.has(SectionScreenshot) {
		_, err := b.files.add(nameScreenshot, "image/png", func(w io.Writer) error {
			_, err := burn(shot, w, b.req.Input.Blackouts)
			return err
		})
		if errors.Is(err, errPicture) {
			err = api.NewError(api.CodeScreenFailed, err)
		}
		if err != nil {
			return err
		}
	}
	for _, path := range b.req.Input.Attach {
		// A name may hold what the content does not: "zmartin-cv.pdf".
		name := safeName(b.collect.redactor.Words(safeName(path)))
		if _, err := b.files.addUserFile(ctx, path, name, b.req.MaxAttachment); err != nil {
			return err
		}
		last := &b.files.files[len(b.files.files)-1]
		if b.collect.redactor.Code(last.MIME) != last.MIME {
			last.MIME = "application/octet-stream" // somebody is called like a kind of file
		}
	}
	b.extra = b.files.files[2:]
	for _, f := range b.extra {
		b.report.Attachments = append(b.report.Attachments, Attached{f.Name, f.MIME, f.Size, f.SHA256})
	}
	return nil
}

func (b *builder) addBytes(name, mimeType string, raw []byte) (File, error) {
	if len(raw) <= maxPreview {
		b.preview[name] = string(raw)
	}
	return b.files.add(name, mimeType, func(w io.Writer) error {
		_, err := w.Write(raw)
		return err
	})
}

func (b *builder) addReports(view *view) error {
	page, err := view.html()
	if err != nil {
		return fmt.Errorf("make %s: %w", nameReportHTML, err)
	}
	doc, err := marshalReport(b.report)
	if err != nil {
		return fmt.Errorf("make %s: %w", nameReportJSON, err)
	}
	b.files.files = nil
	for _, part := range []struct {
		name, mime string
		raw        []byte
	}{{nameReportHTML, "text/html; charset=utf-8", page}, {nameReportJSON, "application/json", doc}} {
		if err := b.scan(part.name, part.raw); err != nil {
			return err
		}
		if _, err := b.addBytes(part.name, part.mime, part.raw); err != nil {
			return err
		}
	}
	b.files.files = append(b.files.files, b.extra...)
	return nil
}

// marshalReport writes text as it is: escapes such as \u003c help only pages, and this is none.
func marshalReport(r Report) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(r)
	return buf.Bytes(), err
}

// scan is the last look at final bytes. It says where, not what.
func (b *builder) scan(name string, raw []byte) error {
	leaks, err := b.collect.redactor.Scan(bytes.NewReader(raw))
	if err != nil {
		return api.NewError(api.CodeRedaction, err)
	}
	if len(leaks) == 0 {
		return nil
	}
	l := leaks[0]
	return &api.Error{
		Code: api.CodeRedaction, Args: map[string]string{"file": name, "kind": l.Kind},
		Detail: fmt.Sprintf("%s at byte %d of %s (%s), %d in all", l.Kind, l.Offset, name, l.Form, len(leaks)),
	}
}

func (b *builder) discard() {
	for _, f := range append(b.files.files, b.extra...) {
		if f.Path != "" {
			_ = os.Remove(f.Path)
		}
	}
}

func (b *builder) result(view *view, body string) RenderResult {
	r := b.report
	res := RenderResult{Queue: b.collect.queue(), Review: api.Review{
		Ref: string(r.Ref), Code: r.Code, Desk: b.req.Desk, Subject: r.Subject, Body: body, Masked: r.Masked,
		Sections: b.sections(view),
	}}
	if r.Route != nil {
		res.Review.Category, res.Review.Level = r.Route.Category, r.Route.Level
		res.Review.Impact, res.Review.Urgency = r.Route.Impact, r.Route.Urgency
	}
	for _, f := range b.files.files {
		res.Review.Files = append(res.Review.Files, api.ReviewFile{
			Name: f.Name, MIME: f.MIME, Size: f.Size, SHA256: f.SHA256, Preview: b.preview[f.Name],
		})
		if b.req.OutDir != "" {
			res.Files = append(res.Files, f)
		}
	}
	for _, w := range r.Withheld {
		res.Withheld = append(res.Withheld, w.Section)
	}
	return res
}

// sections are the review's tick boxes. One that is withheld shows what would leave if it were not; that text
// is for the user's eyes and stands in no file.
func (b *builder) sections(leaving *view) []api.ReviewSection {
	all := newView(b.collect.collect(true), b.collect.texts)
	_, titles := printers(b.req)
	var out []api.ReviewSection
	for _, id := range sectionOrder {
		s := api.ReviewSection{ID: id, Title: titles.T("report.section." + id), Optional: !fixed(id)}
		v := leaving
		if w, ok := b.collect.withheld[id]; ok {
			s.Withheld, s.Locked, v = true, w.File, all
		}
		s.Text = strings.TrimSpace(b.sectionText(v, id))
		if s.Text == "" && !s.Withheld {
			continue
		}
		out = append(out, s)
	}
	return out
}

func (b *builder) sectionText(v *view, id string) string {
	if id != SectionScreenshot {
		return v.section(id)
	}
	for _, f := range b.extra {
		if f.Name == nameScreenshot {
			return v.attachment(Attached{f.Name, f.MIME, f.Size, f.SHA256})
		}
	}
	return ""
}
