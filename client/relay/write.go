package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"balise/client"
)

func (h *handler) create(w http.ResponseWriter, r *http.Request, who client.Person) error {
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	var doc newTicketDoc
	up, err := h.receive(w, r, "ticket", &doc)
	defer up.remove()
	if err != nil {
		return err
	}
	if err := checkTicket(&doc); err != nil {
		return err
	}
	draft := client.Draft{
		ClientRef: key, Subject: doc.Subject, Text: doc.Text, Queue: doc.Queue, Category: doc.Category,
		Level: doc.Level, Priority: client.Priority(doc.Priority), Fields: doc.Fields,
		Attachments: up.uploads(),
	}
	ctx, cancel := context.WithTimeout(r.Context(), storeTimeout)
	defer cancel()
	unlock, err := h.locks.lock(ctx, who.ID+"\x00"+string(key))
	if err != nil {
		return fmt.Errorf("wait for the same key: %w", err)
	}
	defer unlock()
	in := NewTicket{Draft: draft, Files: up.files, Digest: up.digest(doc)}
	stored, err := h.p.Store.Create(ctx, who, in)
	if err != nil {
		return fmt.Errorf("create ticket: %w", err)
	}
	return answer(w, statusFor(stored), toReceipt(stored))
}

func (h *handler) reply(w http.ResponseWriter, r *http.Request, who client.Person) error {
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	var doc newReplyDoc
	up, err := h.receive(w, r, "reply", &doc)
	defer up.remove()
	if err != nil {
		return err
	}
	if err := checkText(&doc.Text); err != nil {
		return err
	}
	if strings.TrimSpace(doc.Text) == "" && len(up.files) == 0 && !doc.Reopen {
		return &problem{code: codeInvalid, fields: map[string]string{"text": "there is nothing in this reply"}}
	}
	out := client.Outgoing{ClientRef: key, Text: doc.Text, Reopen: doc.Reopen, Attachments: up.uploads()}
	ctx, cancel := context.WithTimeout(r.Context(), storeTimeout)
	defer cancel()
	unlock, err := h.locks.lock(ctx, who.ID+"\x00"+string(key))
	if err != nil {
		return fmt.Errorf("wait for the same key: %w", err)
	}
	defer unlock()
	digest := up.digest(map[string]any{"ticket": id, "reply": doc})
	in := NewReply{Outgoing: out, Files: up.files, Digest: digest}
	stored, err := h.p.Store.Reply(ctx, who, id, in)
	if err != nil {
		return fmt.Errorf("reply: %w", err)
	}
	return answer(w, statusFor(stored), toReceipt(stored))
}

func statusFor(s Stored) int {
	if s.Again {
		return http.StatusOK
	}
	return http.StatusCreated
}

func idempotencyKey(r *http.Request) (client.ClientRef, error) {
	key := client.ClientRef(r.Header.Get("Idempotency-Key"))
	if !key.Valid() {
		return "", &problem{code: codeKeyMissing, detail: "want BA and 18 characters"}
	}
	return key, nil
}

// checkTicket says what is wrong with a ticket, and makes right what can be made right.
func checkTicket(doc *newTicketDoc) error {
	bad := map[string]string{}
	doc.Subject = oneLine(doc.Subject, MaxSubject)
	if doc.Subject == "" {
		bad["subject"] = "a ticket needs a subject"
	}
	if doc.Level < 0 || doc.Level > 3 {
		bad["level"] = "want 1 to 3"
	}
	if doc.Priority < 0 || doc.Priority > 5 {
		bad["priority"] = "want 1 to 5"
	}
	for _, word := range []*string{&doc.Queue, &doc.Category} {
		*word = oneLine(*word, MaxSubject)
	}
	if len(doc.Fields) > maxFields {
		bad["fields"] = "too many"
	}
	if len(bad) > 0 {
		return &problem{code: codeInvalid, fields: bad}
	}
	return checkText(&doc.Text)
}

// maxFields bounds the extra fields of a ticket; a desk maps a handful.
const maxFields = 50

func checkText(text *string) error {
	if len(*text) > MaxTextBytes {
		return &problem{code: codeTextTooLong, detail: fmt.Sprintf("at most %d bytes", MaxTextBytes)}
	}
	*text = CleanText(*text)
	return nil
}

// CleanText takes out what no text needs and some programs stumble over: NUL and its like. Everything a person
// can type stays, marks for right-to-left scripts included; who shows it isolates it.
func CleanText(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return '\n'
		case r < 0x20 || (r >= 0x7f && r < 0xa0):
			return -1
		}
		return r
	}, s)
}

func oneLine(s string, limit int) string {
	s = strings.Join(strings.Fields(CleanText(s)), " ")
	if utf8.RuneCountInString(s) > limit {
		s = string([]rune(s)[:limit-1]) + "…"
	}
	return s
}

func (h *handler) rate(w http.ResponseWriter, r *http.Request, who client.Person) error {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(answerTimeout))
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxSmallBody+1))
	if err != nil {
		return &problem{code: codeIncomplete, err: err}
	}
	if len(raw) > maxSmallBody {
		return &problem{code: codeTextTooLong}
	}
	var doc ratingDoc
	if err := decode(raw, &doc); err != nil {
		return err
	}
	if doc.Max < 1 || doc.Value < 1 || doc.Value > doc.Max {
		return &problem{code: codeInvalid, fields: map[string]string{"value": "want 1 to max"}}
	}
	doc.Comment = CleanText(doc.Comment)
	ctx, cancel := limited(r)
	defer cancel()
	if err := h.p.Store.Rate(ctx, who, r.PathValue("id"), client.Rating(doc)); err != nil {
		return fmt.Errorf("rate: %w", err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// decode reads one JSON document and nothing after it.
func decode(raw []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	err := dec.Decode(into)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the document")
		}
	}
	if err != nil {
		return &problem{code: codeInvalid, detail: "not the JSON that is expected here", err: err}
	}
	return nil
}
