package relay

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"balise/client"
)

const (
	defaultPage = 50
	maxPage     = 100
	// pageBytes is the text on one page of a thread: with one text of MaxShownBytes more, doubled by JSON, an
	// answer stays under 4 MiB.
	pageBytes = 512 << 10
)

func (h *handler) me(w http.ResponseWriter, r *http.Request, who client.Person) error {
	ctx, cancel := limited(r)
	defer cancel()
	caps, person, err := h.p.Store.Me(ctx, who)
	if err != nil {
		return fmt.Errorf("who am I: %w", err)
	}
	return answer(w, http.StatusOK, meDoc{
		Protocol: 1, Product: caps.Product, Version: caps.Version, Person: personDoc(person),
		Practice: caps.Practice, Capabilities: toCaps(caps),
	})
}

func (h *handler) list(w http.ResponseWriter, r *http.Request, who client.Person) error {
	q, err := listQuery(r.URL.Query())
	if err != nil {
		return err
	}
	ctx, cancel := limited(r)
	defer cancel()
	page, err := h.p.Store.List(ctx, who, q)
	if err != nil {
		return fmt.Errorf("list tickets: %w", err)
	}
	doc := ticketPageDoc{Tickets: []ticketDoc{}, Next: page.Next, Exact: page.Exact, Now: page.Now}
	for _, t := range page.Tickets {
		doc.Tickets = append(doc.Tickets, toTicket(t))
	}
	return answer(w, http.StatusOK, doc)
}

func listQuery(v url.Values) (client.ListQuery, error) {
	q := client.ListQuery{Cursor: v.Get("cursor"), Limit: defaultPage}
	bad := map[string]string{}
	var err error
	if s := v.Get("changed_since"); s != "" {
		if q.Since, err = time.Parse(time.RFC3339Nano, s); err != nil {
			bad["changed_since"] = "want a date and time such as 2026-01-31T08:15:00Z"
		}
	}
	if s := v.Get("include_closed"); s != "" {
		if q.IncludeClosed, err = strconv.ParseBool(s); err != nil {
			bad["include_closed"] = "want true or false"
		}
	}
	if s := v.Get("limit"); s != "" {
		if q.Limit, err = strconv.Atoi(s); err != nil || q.Limit < 1 || q.Limit > maxPage {
			bad["limit"] = "want a number from 1 to " + strconv.Itoa(maxPage)
		}
	}
	if len(bad) > 0 {
		return q, &problem{code: codeInvalid, fields: bad}
	}
	return q, nil
}

func (h *handler) locate(w http.ResponseWriter, r *http.Request, who client.Person) error {
	key := client.ClientRef(r.PathValue("client_ref"))
	if !key.Valid() {
		return &problem{code: codeInvalid, fields: map[string]string{"client_ref": "not a client reference"}}
	}
	ctx, cancel := limited(r)
	defer cancel()
	stored, err := h.p.Store.Locate(ctx, who, key)
	if err != nil {
		return fmt.Errorf("locate: %w", err)
	}
	return answer(w, http.StatusOK, toReceipt(stored))
}

func (h *handler) get(w http.ResponseWriter, r *http.Request, who client.Person) error {
	ctx, cancel := limited(r)
	defer cancel()
	t, err := h.p.Store.Get(ctx, who, r.PathValue("id"))
	if err != nil {
		return fmt.Errorf("get ticket: %w", err)
	}
	w.Header().Set("ETag", t.Validator.ETag)
	if sameETag(r.Header.Get("If-None-Match"), t.Validator.ETag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return answer(w, http.StatusOK, toTicket(t))
}

// sameETag reads If-None-Match: one tag, a list, or *.
func sameETag(header, etag string) bool {
	if etag == "" {
		return false
	}
	for one := range strings.SplitSeq(header, ",") {
		one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
		if one == "*" || one == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}

func (h *handler) thread(w http.ResponseWriter, r *http.Request, who client.Person) error {
	ctx, cancel := limited(r)
	defer cancel()
	all, err := h.p.Store.Thread(ctx, who, r.PathValue("id"))
	if err != nil {
		return fmt.Errorf("read thread: %w", err)
	}
	for i := range all {
		all[i].Text = shown(all[i].Text)
	}
	page, next := cutThread(all, r.URL.Query().Get("cursor"))
	doc := messagePageDoc{Messages: []messageDoc{}, Next: next}
	for _, m := range page {
		doc.Messages = append(doc.Messages, toMessage(m))
	}
	return answer(w, http.StatusOK, doc)
}

// shown is a text as a thread gives it back: its beginning, where it is very long.
func shown(text string) string {
	if len(text) <= MaxShownBytes {
		return text
	}
	return strings.ToValidUTF8(text[:MaxShownBytes], "") + "\n[…]"
}

// cutThread returns the messages after the one with ID cursor, as many as a page holds, and the cursor of the
// rest. A cursor that is not in the thread begins it again: a message shown twice is better than one lost.
func cutThread(all []client.Message, cursor string) (page []client.Message, next string) {
	start := 0
	for i, m := range all {
		if cursor != "" && m.ID == cursor {
			start = i + 1
		}
	}
	size := 0
	for i, m := range all[start:] {
		if i > 0 && (size+len(m.Text) > pageBytes || i == maxPage) {
			return all[start : start+i], all[start+i-1].ID
		}
		size += len(m.Text)
	}
	return all[start:], ""
}

func (h *handler) attachment(w http.ResponseWriter, r *http.Request, who client.Person) error {
	a, body, err := h.p.Store.Open(r.Context(), who, r.PathValue("id"), r.PathValue("aid"))
	if err != nil {
		return fmt.Errorf("open attachment: %w", err)
	}
	defer body.Close()
	head := w.Header()
	head.Set("Content-Type", "application/octet-stream")
	head.Set("Content-Disposition", "attachment")
	head.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	head.Set("Content-Length", strconv.FormatInt(a.Size, 10))
	w.WriteHeader(http.StatusOK)
	n, err := io.Copy(w, body)
	if err == nil && n != a.Size {
		err = fmt.Errorf("%d bytes of %d: %w", n, a.Size, io.ErrUnexpectedEOF)
	}
	if err != nil {
		return &startedError{err}
	}
	return nil
}

func (h *handler) notices(w http.ResponseWriter, r *http.Request, who client.Person) error {
	ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
	defer cancel()
	all, err := h.p.Store.Notices(ctx, who)
	if err != nil {
		return fmt.Errorf("read notices: %w", err)
	}
	doc := noticeListDoc{Notices: []noticeDoc{}}
	for _, n := range all {
		doc.Notices = append(doc.Notices, noticeDoc(n))
	}
	return answer(w, http.StatusOK, doc)
}
