package desk

import (
	"context"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"balise/client"
	"balise/client/relay"
	"balise/client/transport"
)

// statuses in the order of a ticket's life.
func statuses() []client.Status {
	return []client.Status{
		client.StatusNew, client.StatusOpen, client.StatusPending, client.StatusResolved, client.StatusClosed,
	}
}

func (s *site) funcs(t *texts) template.FuncMap {
	return template.FuncMap{
		"T": t.T, "N": t.N, "lang": func() string { return t.lang }, "size": t.Size, "moment": t.Moment,
		"ago":      func(at time.Time) string { return t.Ago(s.store.now(), at) },
		"iso":      func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
		"category": func(code string) string { return t.Or("category."+code, code) },
		"status":   func(code any) string { return t.Or("status."+str(code), str(code)) },
		"stars":    stars,
		"safe":     transport.SafeName,
		"line":     func(text string) string { return transport.Line(text, relay.MaxSubject) },
		"statuses": statuses,
		"levels":   func() []int { return []int{1, 2, 3} },
		"priority": func(p int) string { return t.Or("priority."+strconv.Itoa(p), "") },
		"blocks":   blocks,
	}
}

func stars(n int) string {
	return strings.Repeat("★", n) + strings.Repeat("☆", max(ratingMax-n, 0))
}

func str(v any) string {
	switch v := v.(type) {
	case client.Status:
		return string(v)
	case string:
		return v
	}
	return ""
}

// queueView is the body of the queue page.
type queueView struct {
	Filter     filter
	Counts     map[string]int
	Categories []string
	Tickets    []work
	More       bool
	Auto       bool
	query      url.Values
}

// With is the address of the queue with one parameter changed; a change of filter begins at the first page.
func (v queueView) With(key, value string) string {
	q := url.Values{}
	for k, all := range v.query {
		q[k] = all
	}
	if key != "page" {
		q.Del("page")
	}
	q.Set(key, value)
	if value == "" {
		q.Del(key)
	}
	return "/?" + q.Encode()
}

func (v queueView) NextPage() string { return v.With("page", strconv.Itoa(v.Filter.Page+1)) }
func (v queueView) PrevPage() string { return v.With("page", strconv.Itoa(v.Filter.Page-1)) }

// Tabs are the states to choose from.
func (v queueView) Tabs() []string {
	tabs := []string{"active"}
	for _, st := range statuses() {
		tabs = append(tabs, string(st))
	}
	return append(tabs, "all")
}

// refreshEvery is how often a queue that is left open looks for new tickets, for those who ask for it.
const refreshEvery = 20

func (s *site) queuePage(r *request) error {
	ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
	defer cancel()
	q := r.URL.Query()
	v := queueView{query: q, Filter: readFilter(q), Auto: q.Get("auto") == "1"}
	var err error
	if v.Tickets, v.More, err = s.store.queue(ctx, v.Filter); err != nil {
		return err
	}
	if v.Counts, v.Categories, err = s.store.tally(ctx); err != nil {
		return err
	}
	d := pageData{Title: r.view.T("queue.title"), Nav: "queue", Session: r.session, Done: done(q), Body: v}
	if v.Auto {
		d.Refresh = refreshEvery
	}
	s.render(r.w, r.view, http.StatusOK, "queue", d)
	return nil
}

func readFilter(q url.Values) filter {
	f := filter{Status: "active", Category: q.Get("category"), Search: strings.TrimSpace(q.Get("q"))}
	if f.Search != "" {
		f.Status = "all" // who looks for a ticket wants it in any state
	}
	for _, known := range (queueView{}).Tabs() {
		if q.Get("status") == known {
			f.Status = known
		}
	}
	if n, err := strconv.Atoi(q.Get("level")); err == nil && n >= 1 && n <= 3 {
		f.Level = n
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 0 && n < 1_000_000 {
		f.Page = n
	}
	return f
}

// done is what a form did, told on the page that follows it. Only words of ours get through.
func done(q url.Values) string {
	switch d := q.Get("done"); d {
	case "answer", "note", "status", "level", "notice", "withdrawn", "name":
		return d
	}
	return ""
}

// ticketView is the body of a ticket's page.
type ticketView struct {
	work
	First  *entry  // what the requester sent first
	Thread []entry // what followed
	Typed  unsent  // what was typed into a form that was refused
}

// unsent is the content of the answer form.
type unsent struct {
	Text   string
	Note   bool
	Status string
}

// Code is the word that a caller reads out.
func (v ticketView) Code() string { return v.ClientRef.Code() }

// entryFiles is an entry's files with the ticket that their addresses need.
type entryFiles struct {
	Ticket int64
	Entry  entry
}

// FilesOf is what the page's file list takes.
func (v ticketView) FilesOf(e entry) entryFiles { return entryFiles{v.ID, e} }

func (s *site) ticketPage(r *request) error {
	return s.showTicket(r, http.StatusOK, "", unsent{})
}

func (s *site) showTicket(r *request, status int, problem string, typed unsent) error {
	ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
	defer cancel()
	id, err := number(r.PathValue("id"))
	if err != nil {
		return err
	}
	w, entries, err := s.store.ticket(ctx, id)
	if err != nil {
		return err
	}
	s.checkPictures(entries)
	if w.Unread {
		if err := s.store.seen(ctx, id); err != nil {
			s.log.Warn("practice desk: mark as seen", "err", err)
		}
	}
	v := ticketView{work: w, Thread: entries, Typed: typed}
	if len(entries) > 0 && entries[0].Kind == kindPublic {
		v.First, v.Thread = &entries[0], entries[1:]
	}
	s.render(r.w, r.view, status, "ticket", pageData{
		Title:   "#" + strconv.FormatInt(w.ID, 10) + " · " + transport.Line(w.Subject, relay.MaxSubject),
		Session: r.session, Done: done(r.URL.Query()), Error: problem, Body: v,
	})
	return nil
}

// checkPictures looks into the files that claim to be pictures: one that is none would be a broken image.
func (s *site) checkPictures(entries []entry) {
	for _, e := range entries {
		for i, f := range e.Files {
			if f.Picture() && !s.store.isPicture(f) {
				e.Files[i].MIME = "application/octet-stream"
			}
		}
	}
}

// noticesView is the body of the notices page.
type noticesView struct {
	Notices []notice
	Typed   client.Notice
	Until   string
}

func (s *site) noticesPage(r *request) error {
	return s.showNotices(r, http.StatusOK, "", noticesView{})
}

func (s *site) showNotices(r *request, status int, problem string, v noticesView) error {
	ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
	defer cancel()
	var err error
	if v.Notices, err = s.store.notices(ctx, false); err != nil {
		return err
	}
	s.render(r.w, r.view, status, "notices", pageData{
		Title: r.view.T("notices.title"), Nav: "notices", Session: r.session,
		Done: done(r.URL.Query()), Error: problem, Body: v,
	})
	return nil
}

// Over tells that a notice is past.
func (n notice) Over() bool { return !n.Until.IsZero() && time.Now().After(n.Until) }
