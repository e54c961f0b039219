package desk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"balise/client"
	"balise/client/relay"
	"balise/client/transport"
)

// errToken is a form without the session's CSRF token.
var errToken = errors.New("the form's token is not this session's")

const (
	// maxForm is the size of a form without files: the longest text, at its worst.
	maxForm = 4 << 20
	// maxName is how long a technician's name may be.
	maxName = 60
)

// form reads a small form and checks its token.
func (r *request) form() (url.Values, error) {
	r.Body = http.MaxBytesReader(r.w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, fmt.Errorf("read form: %w", err)
	}
	if !r.goodCSRF(r.PostForm.Get("csrf")) {
		return nil, errToken
	}
	return r.PostForm, nil
}

// back sends the browser on after a form, so that reloading does not send it again.
func (r *request) back(path, done string) error {
	http.Redirect(r.w, r.Request, path+"?done="+done, http.StatusSeeOther)
	return nil
}

func ticketPath(id int64) string { return "/tickets/" + strconv.FormatInt(id, 10) }

// answerForm is the answer form while it arrives.
type answerForm struct {
	values url.Values
	files  []relay.File
}

func (f *answerForm) remove() {
	for _, file := range f.files {
		os.Remove(file.Path)
	}
}

// readAnswer reads the answer form. The token stands before the files in the form, and is checked before the
// first of them touches the disk.
func (s *site) readAnswer(r *request) (*answerForm, error) {
	f := &answerForm{values: url.Values{}}
	parts, err := r.MultipartReader()
	if err != nil {
		return f, fmt.Errorf("read form: %w", err)
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			if !r.goodCSRF(f.values.Get("csrf")) {
				return f, errToken
			}
			return f, nil
		}
		if err != nil {
			return f, fmt.Errorf("read form: %w", err)
		}
		if part.FormName() == "files" {
			if !r.goodCSRF(f.values.Get("csrf")) {
				return f, errToken
			}
			err = s.receive(f, part)
		} else {
			err = f.field(part)
		}
		if err != nil {
			return f, err
		}
	}
}

func (f *answerForm) field(part *multipart.Part) error {
	if len(f.values) > 20 {
		return client.ErrTooLarge
	}
	raw, err := io.ReadAll(io.LimitReader(part, maxForm+1))
	if err != nil {
		return fmt.Errorf("read form: %w", err)
	}
	if len(raw) > maxForm {
		return client.ErrTooLarge
	}
	f.values.Set(part.FormName(), string(raw))
	return nil
}

func (s *site) receive(f *answerForm, part *multipart.Part) error {
	if part.FileName() == "" { // a form without a file sends an empty one
		return nil
	}
	if len(f.files) == relay.MaxFiles {
		return client.ErrTooLarge
	}
	file, err := relay.Spool(s.store.spool, part, part.FileName(), part.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	f.files = append(f.files, file)
	return nil
}

func (s *site) postAnswer(r *request) error {
	id, err := number(r.PathValue("id"))
	if err != nil {
		return err
	}
	f, err := s.readAnswer(r)
	defer f.remove()
	typed := unsent{
		Text: f.values.Get("text"), Note: f.values.Get("kind") == "note", Status: f.values.Get("status"),
	}
	switch {
	case errors.Is(err, client.ErrTooLarge), relay.IsTooLarge(err), len(typed.Text) > relay.MaxTextBytes:
		return s.showTicket(r, http.StatusRequestEntityTooLarge, "large", typed)
	case err != nil:
		return err
	case strings.TrimSpace(typed.Text) == "" && len(f.files) == 0:
		return s.showTicket(r, http.StatusUnprocessableEntity, "empty", typed)
	}
	ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
	defer cancel()
	a := answer{Text: clean(typed.Text), Note: typed.Note, Files: f.files, Status: knownStatus(typed.Status)}
	if err := s.store.answer(ctx, id, r.author(), a); err != nil {
		return err
	}
	if a.Note {
		return r.back(ticketPath(id), "note")
	}
	return r.back(ticketPath(id), "answer")
}

// clean is a text from a form: line ends as everywhere else, no control characters.
func clean(text string) string { return strings.TrimSpace(relay.CleanText(text)) }

func knownStatus(word string) client.Status {
	for _, st := range statuses() {
		if word == string(st) {
			return st
		}
	}
	return ""
}

func (s *site) postStatus(r *request) error {
	id, err := number(r.PathValue("id"))
	if err != nil {
		return err
	}
	form, err := r.form()
	if err != nil {
		return err
	}
	to := knownStatus(form.Get("status"))
	if to == "" {
		return s.showTicket(r, http.StatusUnprocessableEntity, "choice", unsent{})
	}
	ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
	defer cancel()
	if err := s.store.changeStatus(ctx, id, r.author(), to); err != nil {
		return err
	}
	return r.back(ticketPath(id), "status")
}

func (s *site) postLevel(r *request) error {
	id, err := number(r.PathValue("id"))
	if err != nil {
		return err
	}
	form, err := r.form()
	if err != nil {
		return err
	}
	level, err := strconv.Atoi(form.Get("level"))
	if err != nil || level < 1 || level > 3 {
		return s.showTicket(r, http.StatusUnprocessableEntity, "choice", unsent{})
	}
	ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
	defer cancel()
	if err := s.store.changeLevel(ctx, id, r.author(), level); err != nil {
		return err
	}
	return r.back(ticketPath(id), "level")
}

func (s *site) postNotice(r *request) error {
	form, err := r.form()
	if err != nil {
		return err
	}
	v := noticesView{Until: form.Get("until"), Typed: client.Notice{
		Title: transport.Line(form.Get("title"), relay.MaxSubject), Text: clean(form.Get("text")),
	}}
	if v.Typed.Title == "" {
		return s.showNotices(r, http.StatusUnprocessableEntity, "title", v)
	}
	n := v.Typed
	n.From = s.store.now()
	if v.Until != "" {
		// What the browser's date field gives is this computer's time.
		if n.Until, err = time.ParseInLocation("2006-01-02T15:04", v.Until, time.Local); err != nil {
			return s.showNotices(r, http.StatusUnprocessableEntity, "until", v)
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
	defer cancel()
	if err := s.store.publish(ctx, n); err != nil {
		return err
	}
	return r.back("/notices", "notice")
}

func (s *site) postWithdraw(r *request) error {
	id, err := number(r.PathValue("id"))
	if err != nil {
		return err
	}
	if _, err := r.form(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
	defer cancel()
	if err := s.store.withdraw(ctx, id); err != nil {
		return err
	}
	return r.back("/notices", "withdrawn")
}

func (s *site) postName(r *request) error {
	form, err := r.form()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
	defer cancel()
	if err := s.store.signAs(ctx, r.hash, transport.Line(form.Get("name"), maxName)); err != nil {
		return err
	}
	return r.back("/", "name")
}

func (s *site) postSignOut(r *request) error {
	if _, err := r.form(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
	defer cancel()
	if err := s.store.endSession(ctx, r.hash); err != nil {
		return err
	}
	setCookie(r.w, r.Request, "", -time.Second)
	s.message(r.w, r.Request, nil, http.StatusOK, "out")
	return nil
}
