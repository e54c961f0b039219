package ipc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"balise/app/internal/ipc/api"
)

// Params are what Serve needs.
type Params struct {
	// Socket is the path to listen on (see paths.Socket). The caller holds the Lock of its state folder.
	Socket  string
	Service api.Service
	Log     *slog.Logger
	// Ready, if set, is called once the socket answers.
	Ready func()
}

const (
	// maxRequest bounds a request's body: a 5 MiB description written as JSON escapes, and a bit.
	maxRequest = 32 << 20
	// headerTimeout is long for a local socket, and still frees a connection that says nothing.
	headerTimeout = 5 * time.Second
	// bodyTimeout is for reading the arguments, whatever the method takes afterwards.
	bodyTimeout = 30 * time.Second
	// closeTimeout is how long requests under way may end by themselves once ctx is done.
	closeTimeout = 2 * time.Second
)

// Serve answers on the socket until ctx ends; the socket is then gone. A request under way sees its
// context end.
func Serve(ctx context.Context, p Params) error {
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	l, err := Listen(p.Socket)
	if err != nil {
		return err
	}
	s := &server{service: p.Service, log: p.Log}
	requests, cancel := context.WithCancel(ctx)
	defer cancel()
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(p.Log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		end, done := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer done()
		if srv.Shutdown(end) != nil {
			srv.Close()
		}
	})
	if p.Ready != nil {
		p.Ready()
	}
	err = srv.Serve(guarded{Listener: l, log: p.Log})
	if stop() { // Serve ended by itself
		l.Close()
		return fmt.Errorf("serve the socket: %w", err)
	}
	<-stopped
	return nil
}

type server struct {
	service api.Service
	log     *slog.Logger
}

// ServeHTTP answers one request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, found := strings.CutPrefix(r.URL.Path, api.WirePath)
	method, known := methods[name]
	switch {
	case r.Header.Get(api.WireHeader) != api.WireVersion, r.Header.Get("Origin") != "":
		refuse(w, http.StatusForbidden, api.NewError(api.CodeUsage, errors.New("not a Balise program")))
		return
	case r.Method != http.MethodPost || !found || !known:
		refuse(w, http.StatusNotFound, api.NewError(api.CodeUsage, errors.New("no such method")))
		return
	}
	ctl := http.NewResponseController(w)
	_ = ctl.SetReadDeadline(time.Now().Add(bodyTimeout)) // not every test's connection has one
	var args api.Args
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&args); err != nil {
		refuse(w, http.StatusBadRequest, &api.Error{
			Code: api.CodeUsage, Args: map[string]string{"what": "request"}, Detail: err.Error(),
		})
		return
	}
	_ = ctl.SetReadDeadline(time.Time{})
	ctx, cancel := r.Context(), context.CancelFunc(func() {})
	if d := api.Deadline(name); d > 0 {
		ctx, cancel = context.WithTimeout(ctx, d)
	}
	defer cancel()
	a := &answer{w: w, ctl: ctl}
	defer s.recovered(a, name)
	method(ctx, s, a, args)
}

// recovered makes an answer of a panic: one broken method must not look like an agent that is gone.
func (s *server) recovered(a *answer, method string) {
	broke := recover()
	if broke == nil {
		return
	}
	if broke == http.ErrAbortHandler {
		panic(broke)
	}
	s.log.Error("a method broke", "method", method, "panic", broke, "stack", string(debug.Stack()))
	err := api.NewError(api.CodeInternal, fmt.Errorf("%s broke", method))
	if a.started {
		a.end(nil, err)
		return
	}
	a.value(nil, err)
}

// answer writes one answer in one of the three forms.
type answer struct {
	w       http.ResponseWriter
	ctl     *http.ResponseController
	started bool
}

func (a *answer) value(v any, err error) {
	if err != nil {
		refuse(a.w, http.StatusUnprocessableEntity, toError(err))
		return
	}
	a.w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(a.w).Encode(v) // the other end is gone: nothing to tell it
}

// event writes one event of a stream and pushes it out.
func (a *answer) event(v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		return
	}
	a.line(api.Line{Event: raw})
}

// end writes the last line of a stream.
func (a *answer) end(v any, err error) {
	if err != nil {
		a.line(api.Line{Error: toError(err)})
		return
	}
	raw, err := json.Marshal(v)
	if err != nil {
		a.line(api.Line{Error: api.NewError(api.CodeInternal, err)})
		return
	}
	a.line(api.Line{Result: raw})
}

func (a *answer) line(l api.Line) {
	if !a.started {
		a.started = true
		a.w.Header().Set("Content-Type", "application/x-ndjson")
	}
	if json.NewEncoder(a.w).Encode(l) == nil {
		_ = a.ctl.Flush()
	}
}

// file writes a file; an error after its first byte goes into a trailer.
func (a *answer) file(write func(io.Writer) error) {
	a.w.Header().Set("Trailer", api.WireError)
	out := &counted{w: a.w}
	err := write(out)
	if err == nil {
		if !out.any {
			a.w.WriteHeader(http.StatusOK)
		}
		return
	}
	if !out.any {
		a.w.Header().Del("Trailer")
		refuse(a.w, http.StatusUnprocessableEntity, toError(err))
		return
	}
	raw, _ := json.Marshal(toError(err)) // strings only
	a.w.Header().Set(api.WireError, string(raw))
}

type counted struct {
	w   http.ResponseWriter
	any bool
}

func (c *counted) Write(p []byte) (int, error) {
	if !c.any {
		c.any = true
		c.w.Header().Set("Content-Type", "application/octet-stream")
	}
	return c.w.Write(p)
}

func refuse(w http.ResponseWriter, status int, e *api.Error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(e)
}

// toError makes sure that what crosses the socket has a code.
func toError(err error) *api.Error {
	var e *api.Error
	if errors.As(err, &e) {
		return e
	}
	return api.NewError(api.CodeInternal, err)
}
