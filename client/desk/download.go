package desk

import (
	"context"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"balise/client"
	"balise/client/transport"
)

// showable are the pictures that the page shows itself. SVG is not one: it is a program.
func showable(kind string) bool {
	switch kind {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return true
	}
	return false
}

// Picture tells whether a file claims to be a picture that the page shows.
func (f storedFile) Picture() bool { return showable(f.MIME) }

// Page tells whether a file may be looked at in a page of its own, in a sandbox.
func (f storedFile) Page() bool {
	return f.MIME == "text/html" || f.MIME == "text/plain" || f.MIME == "application/json"
}

// sniffBytes is how much of a file tells its kind (see http.DetectContentType).
const sniffBytes = 512

// sandbox keeps a stranger's page a stranger: no script, no form, no request, and an origin of its own that
// has none of our cookies. Style inside the page and pictures inside its text are all it may use.
const sandbox = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// file serves an attachment. Asked to show it, it shows pictures that are what they claim to be, and pages
// and texts in a sandbox; everything else is a download.
func (s *site) file(r *request) error {
	ticket, err := number(r.PathValue("id"))
	if err != nil {
		return err
	}
	id, err := number(r.PathValue("file"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
	defer cancel()
	f, body, err := s.store.openFile(ctx, ticket, id, false)
	if err != nil {
		return err
	}
	defer body.Close()

	head := r.w.Header()
	head.Set("Content-Security-Policy", sandbox)
	kind, disposition := "application/octet-stream", "attachment"
	if r.URL.Query().Get("show") == "1" {
		first := make([]byte, sniffBytes)
		n, err := io.ReadFull(body, first)
		if err != nil && n == 0 && f.Size > 0 {
			return err
		}
		if _, err := body.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if shown := shownAs(f, first[:n]); shown != "" {
			kind, disposition = shown, "inline"
		}
	}
	head.Set("Content-Type", kind)
	head.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{
		"filename": transport.SafeName(f.Name),
	}))
	head.Set("Content-Length", strconv.FormatInt(f.Size, 10))
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(r.w, body); err != nil {
		s.log.Info("practice desk: download cut", "err", err)
	}
	return nil
}

// wholeText serves a text that is too long for its page.
func (s *site) wholeText(r *request) error {
	ticket, err := number(r.PathValue("id"))
	if err != nil {
		return err
	}
	id, err := number(r.PathValue("message"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
	defer cancel()
	entries, err := s.store.entries(ctx, ticket, "id = "+strconv.FormatInt(id, 10))
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return client.ErrNotFound
	}
	r.w.Header().Set("Content-Security-Policy", sandbox)
	r.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(r.w, entries[0].Text)
	return nil
}

// shownAs is the type under which a file is shown; empty if it is only to be downloaded. The bytes decide
// about pictures, not the sender.
func shownAs(f storedFile, first []byte) string {
	switch {
	case f.Picture():
		if got := http.DetectContentType(first); showable(got) {
			return got
		}
	case f.MIME == "text/html":
		return "text/html; charset=utf-8"
	case f.Page():
		return "text/plain; charset=utf-8"
	}
	return ""
}

// Public tells whether an entry is for both sides.
func (e entry) Public() bool { return e.Kind == kindPublic }

// Note tells whether an entry is between technicians.
func (e entry) Note() bool { return e.Kind == kindNote }

// FromRequester tells who said it.
func (e entry) FromRequester() bool { return e.Side == sideRequester }

// Pictures are the files that are shown.
func (e entry) Pictures() []storedFile {
	var all []storedFile
	for _, f := range e.Files {
		if f.Picture() {
			all = append(all, f)
		}
	}
	return all
}

// Stars is the rating of a rating's entry.
func (e entry) Stars() int {
	n, err := strconv.Atoi(strings.TrimSpace(e.Value))
	if err != nil {
		return 0
	}
	return min(max(n, 0), ratingMax)
}
