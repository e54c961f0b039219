package desk

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"golang.org/x/text/language"

	"balise/client"
	"balise/client/relay"
)

//go:embed web
var web embed.FS

// contentPolicy: nothing but our own style and pictures; no script at all, no frame around us, no form that
// sends elsewhere.
const contentPolicy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'"

// pageTimeout is for making one page.
const pageTimeout = 20 * time.Second

type siteParams struct {
	store *store
	key   string // the technician key
	aside string // where a damaged database went
	log   *slog.Logger
}

// site is the technician's page.
type site struct {
	siteParams
	mux   *http.ServeMux
	links *links
	match language.Matcher
	views map[string]*view // by language
	style []byte
}

// view is the page in one language.
type view struct {
	*texts
	pages *template.Template
}

func newSite(p siteParams) (*site, error) {
	s := &site{
		siteParams: p, mux: http.NewServeMux(), match: matcher(), views: map[string]*view{},
		links: &links{open: map[string]time.Time{}, now: p.store.now},
	}
	for _, lang := range []string{"en", "fr"} {
		t, err := loadTexts(lang)
		if err != nil {
			return nil, err
		}
		pages, err := template.New("").Funcs(s.funcs(t)).ParseFS(web, "web/*.html")
		if err != nil {
			return nil, fmt.Errorf("read pages: %w", err)
		}
		s.views[lang] = &view{texts: t, pages: pages}
	}
	var err error
	if s.style, err = web.ReadFile("web/desk.css"); err != nil {
		return nil, fmt.Errorf("read style: %w", err)
	}
	s.routes()
	return s, nil
}

func (s *site) routes() {
	s.mux.HandleFunc("GET /static/desk.css", s.serveStyle)
	s.mux.HandleFunc("GET /static/icon.svg", s.serveIcon)
	s.mux.HandleFunc("GET /favicon.ico", s.serveIcon)
	s.mux.HandleFunc("GET /enter", s.enter)
	s.mux.HandleFunc("POST /technician/links", s.mintLink)

	s.page("GET /{$}", s.queuePage)
	s.page("GET /tickets/{id}", s.ticketPage)
	s.page("GET /tickets/{id}/files/{file}", s.file)
	s.page("GET /tickets/{id}/messages/{message}", s.wholeText)
	s.page("GET /notices", s.noticesPage)
	s.page("POST /tickets/{id}/answer", s.postAnswer)
	s.page("POST /tickets/{id}/status", s.postStatus)
	s.page("POST /tickets/{id}/level", s.postLevel)
	s.page("POST /notices", s.postNotice)
	s.page("POST /notices/{id}/remove", s.postWithdraw)
	s.page("POST /name", s.postName)
	s.page("POST /sign-out", s.postSignOut)
	s.page("/", func(*request) error { return client.ErrNotFound })
}

// request is one request of a signed-in technician.
type request struct {
	w http.ResponseWriter
	*http.Request
	*session
	view *view
}

// author is how what this technician does is signed.
func (r *request) author() string {
	if r.name != "" {
		return r.name
	}
	return r.view.T("technician")
}

// page registers a handler behind the sign-in, and for anything but reading behind the origin check. Forms
// check their CSRF token themselves, where they are read.
func (s *site) page(pattern string, serve func(*request) error) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		v := s.viewFor(r)
		session, ok := s.signedIn(r)
		if !ok {
			s.message(w, r, nil, http.StatusUnauthorized, "signin")
			return
		}
		req := &request{w: w, Request: r, session: session, view: v}
		if r.Method != http.MethodGet && r.Method != http.MethodHead && !sameOrigin(r) {
			s.message(w, r, session, http.StatusForbidden, "foreign")
			return
		}
		if err := serve(req); err != nil {
			s.fail(req, err)
		}
	})
}

func (s *site) signedIn(r *http.Request) (*session, bool) {
	c, err := r.Cookie(cookieName(r.Host))
	if err != nil {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
	defer cancel()
	got, err := s.store.session(ctx, c.Value)
	if err != nil && !errors.Is(err, client.ErrNotFound) {
		s.log.Error("practice desk: read session", "err", err)
	}
	return &got, err == nil
}

func (s *site) viewFor(r *http.Request) *view {
	return s.views[chooseLanguage(s.match, r.Header.Get("Accept-Language"))]
}

// ServeHTTP sets what every answer has, whatever it is.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Not "no-referrer": with it browsers hide the origin of our own forms from us.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	defer func() {
		if v := recover(); v != nil && v != http.ErrAbortHandler {
			s.log.Error("practice desk: panic", "path", r.URL.Path, "panic", v)
			http.Error(w, "The practice desk failed.", http.StatusInternalServerError)
		} else if v != nil {
			panic(v)
		}
	}()
	s.mux.ServeHTTP(w, r)
}

// fail answers an error with a page that says what happened and what to do.
func (s *site) fail(r *request, err error) {
	status, key := http.StatusInternalServerError, "failed"
	switch {
	case errors.Is(err, client.ErrNotFound):
		status, key = http.StatusNotFound, "absent"
	case errors.Is(err, errToken):
		status, key = http.StatusForbidden, "foreign"
	case errors.Is(err, client.ErrFull):
		status, key = http.StatusInsufficientStorage, "full"
	}
	if status >= http.StatusInternalServerError {
		s.log.Error("practice desk: page", "path", r.URL.Path, "err", err)
	}
	s.message(r.w, r.Request, r.session, status, key)
}

// message shows a page of one sentence and what to do next. who is nil for a stranger.
func (s *site) message(w http.ResponseWriter, r *http.Request, who *session, status int, key string) {
	v := s.viewFor(r)
	s.render(w, v, status, "message", pageData{
		Title: v.T("message." + key + ".title"), Session: who, Body: map[string]string{"Key": key},
	})
}

// pageData is what every page has.
type pageData struct {
	Title   string
	Nav     string // "queue", "notices"
	Session *session
	Done    string // what was just done, a key
	Error   string // what went wrong with a form, a key
	Refresh int    // seconds
	Aside   string
	Body    any
}

func (d pageData) CSRF() string {
	if d.Session == nil {
		return ""
	}
	return d.Session.csrf
}

// render makes the whole page before it sends the first byte: half a page is no page.
func (s *site) render(w http.ResponseWriter, v *view, status int, name string, d pageData) {
	if d.Session != nil {
		d.Aside = s.aside
	}
	var page bytes.Buffer
	if err := v.pages.ExecuteTemplate(&page, name+".html", d); err != nil {
		s.log.Error("practice desk: render", "page", name, "err", err)
		http.Error(w, "The practice desk failed to make this page.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.lang)
	h.Set("Vary", "Accept-Language")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w)
}

func (s *site) serveStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(s.style)
}

func (s *site) serveIcon(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=3600")
	w.Header().Set("Content-Type", "image/svg+xml")
	http.ServeFileFS(w, r, web, "web/icon.svg")
}

// mintLink makes a one-time link for whoever holds the technician key: `balise desk url`, the tray.
func (s *site) mintLink(w http.ResponseWriter, r *http.Request) {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || !relay.SameSecret(key, s.key) {
		http.Error(w, "The technician key is required.", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(map[string]string{"url": s.store.base + "/enter?code=" + s.links.mint()})
}

// enter turns a one-time link into a session.
func (s *site) enter(w http.ResponseWriter, r *http.Request) {
	v := s.viewFor(r)
	if r.Header.Get("Sec-Purpose") != "" || r.Header.Get("Purpose") == "prefetch" {
		// A browser that looks ahead must not use the link up.
		http.Error(w, "Open this link to use it.", http.StatusServiceUnavailable)
		return
	}
	if !s.links.use(r.URL.Query().Get("code")) {
		if session, ok := s.signedIn(r); ok { // the link again, by someone who is in: no reason to complain
			s.render(w, v, http.StatusOK, "enter", pageData{Title: v.T("title"), Session: session})
			return
		}
		s.message(w, r, nil, http.StatusForbidden, "spent")
		return
	}
	value, err := s.store.startSession(r.Context())
	if err != nil {
		s.log.Error("practice desk: start session", "err", err)
		s.message(w, r, nil, http.StatusInternalServerError, "failed")
		return
	}
	setCookie(w, r, value, sessionLife)
	// A page that goes on by itself, not a redirect: were the link clicked on another site's page, the
	// browser would count the redirect as that site's and hold the strict cookie back.
	s.render(w, v, http.StatusOK, "enter", pageData{Title: v.T("title")})
}
