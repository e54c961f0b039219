package relay

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"balise/client"
)

// HandlerParams is what a Handler needs. All but Log are required.
type HandlerParams struct {
	Store Store
	// Authenticate tells who a token stands for; client.ErrUnauthorized for nobody. It must compare in
	// constant time (see SameSecret).
	Authenticate func(ctx context.Context, token string) (client.Person, error)
	// SpoolDir is where uploads are written while they arrive: a private folder, best on the Store's own
	// file system.
	SpoolDir string
	Log      *slog.Logger
}

const (
	// answerTimeout is for an answer that is not a file: SQLite on a slow disk needs a second at most.
	answerTimeout = 30 * time.Second
	// storeTimeout is for storing a ticket or a reply that has arrived. It ends before the client gives up
	// waiting for the answer (two minutes), so that the client hears what became of it.
	storeTimeout = 100 * time.Second
	// downloadTimeout lets 64 MiB through a line of 1 Mbit/s.
	downloadTimeout = 10 * time.Minute
	// stallTimeout ends an upload of which no byte came for so long.
	stallTimeout = 60 * time.Second
	// maxSmallBody is the size of a JSON request body: a rating and its comment.
	maxSmallBody = 64 << 10
)

type handler struct {
	p     HandlerParams
	log   *slog.Logger
	locks keyLocks
}

// endpoint answers one request of somebody who is known.
type endpoint func(w http.ResponseWriter, r *http.Request, who client.Person) error

type route struct {
	method, path string
	serve        endpoint
}

func (h *handler) routes() []route {
	return []route{
		{http.MethodGet, "/v1/me", h.me},
		{http.MethodGet, "/v1/tickets", h.list},
		{http.MethodPost, "/v1/tickets", h.create},
		{http.MethodGet, "/v1/client-refs/{client_ref}", h.locate},
		{http.MethodGet, "/v1/tickets/{id}", h.get},
		{http.MethodGet, "/v1/tickets/{id}/messages", h.thread},
		{http.MethodPost, "/v1/tickets/{id}/messages", h.reply},
		{http.MethodGet, "/v1/tickets/{id}/attachments/{aid}", h.attachment},
		{http.MethodPut, "/v1/tickets/{id}/rating", h.rate},
		{http.MethodGet, "/v1/notices", h.notices},
	}
}

// Handler serves relay protocol v1 under /v1/. Its caller decides which hosts may ask.
func Handler(p HandlerParams) http.Handler {
	h := &handler{p: p, log: p.Log}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	allowed := map[string]string{}
	for _, r := range h.routes() {
		mux.Handle(r.method+" "+r.path, h.guard(r.serve))
		allowed[r.path] = strings.TrimPrefix(allowed[r.path]+", "+r.method, ", ")
	}
	mux.HandleFunc("GET /v1/openapi.yaml", serveDocument)
	for path, methods := range allowed {
		mux.Handle(path, h.guard(wrongMethod(methods)))
	}
	mux.Handle("/", h.guard(noSuchThing))
	return mux
}

// guard authenticates, answers problems and keeps a panic from taking the desk down.
func (h *handler) guard(next endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler {
					panic(v)
				}
				h.log.Error("relay: panic", "path", r.URL.Path, "panic", v)
				writeProblem(w, &problem{code: codeInternal})
			}
		}()
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		// Both are only there on a real connection; a recorder in a test has none.
		rc := http.NewResponseController(w)
		_ = rc.SetWriteDeadline(time.Now().Add(downloadTimeout))
		who, err := h.authenticate(r)
		if err == nil {
			err = next(w, r, who)
		}
		if err != nil {
			h.fail(w, r, err)
		}
	})
}

func (h *handler) authenticate(r *http.Request) (client.Person, error) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return client.Person{}, client.ErrUnauthorized
	}
	return h.p.Authenticate(r.Context(), strings.TrimSpace(token))
}

func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	var sent *startedError
	if errors.As(err, &sent) { // the head is out: only a cut connection can still say that it failed
		h.log.Warn("relay: answer cut", "path", r.URL.Path, "err", err)
		panic(http.ErrAbortHandler)
	}
	p := problemOf(err)
	level := slog.LevelInfo
	if kinds()[p.code].status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	h.log.Log(r.Context(), level, "relay: refused",
		"method", r.Method, "path", r.URL.Path, "code", p.code, "err", err)
	drain(w, r)
	writeProblem(w, p)
}

// startedError is an error after the first byte of a good answer.
type startedError struct{ err error }

func (e *startedError) Error() string { return e.err.Error() }
func (e *startedError) Unwrap() error { return e.err }

// drainLimit is how much of a refused upload is still read: a client that is busy sending does not see an
// answer that comes before it is done, only a broken connection, and would not know that it was refused.
const drainLimit = 2 * MaxFileBytes

func drain(w http.ResponseWriter, r *http.Request) {
	if r.Body != nil && r.Body != http.NoBody {
		_, _ = io.CopyN(io.Discard, &steady{r: r.Body, rc: http.NewResponseController(w)}, drainLimit)
	}
}

func wrongMethod(allowed string) endpoint {
	return func(w http.ResponseWriter, _ *http.Request, _ client.Person) error {
		w.Header().Set("Allow", allowed)
		return &problem{code: codeMethod}
	}
}

func noSuchThing(http.ResponseWriter, *http.Request, client.Person) error { return client.ErrNotFound }

func serveDocument(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(Document)
}

// answer sends a document.
func answer(w http.ResponseWriter, status int, doc any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false) // never shown as a page, and escapes would make a text six times as long
	if err := enc.Encode(doc); err != nil {
		return &startedError{err}
	}
	return nil
}

// limited gives an endpoint the time of a small answer.
func limited(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), answerTimeout)
}
