package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// trace remembers how far a request got.
type trace struct {
	wrote     atomic.Bool // the transport may have put bytes of the request on the wire
	handshake atomic.Bool // the TLS handshake failed
}

// sent says whether any byte of the request may have left.
func (t *trace) sent() bool { return t.wrote.Load() }

type traceKey struct{}

func withTrace(ctx context.Context, t *trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// tracer notes and logs each exchange. The log has method, host, path, status and time; never a query,
// a header or a body.
type tracer struct {
	next http.RoundTripper
	log  *slog.Logger
}

func (t *tracer) RoundTrip(req *http.Request) (*http.Response, error) {
	tr, _ := req.Context().Value(traceKey{}).(*trace)
	if tr == nil {
		tr = new(trace)
	}
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		// From here on the transport writes. A request of which nothing left after all costs the caller
		// one search; the opposite mistake would cost a second ticket.
		GotConn:      func(httptrace.GotConnInfo) { tr.wrote.Store(true) },
		WroteHeaders: func() { tr.wrote.Store(true) },
		TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
			tr.handshake.Store(err != nil)
		},
	})
	start := time.Now()
	resp, err := t.next.RoundTrip(req.WithContext(ctx))
	args := []any{
		"method", req.Method, "host", req.URL.Host, "path", req.URL.Path,
		"ms", time.Since(start).Milliseconds(),
	}
	if err != nil {
		err = &attemptError{err: err, handshake: tr.handshake.Load()}
		t.log.Log(ctx, slog.LevelInfo, "desk call failed", append(args, "sent", tr.sent(), "err", err)...)
		return nil, err
	}
	t.log.Log(ctx, slog.LevelDebug, "desk call", append(args, "status", resp.StatusCode)...)
	return resp, nil
}

// attemptError carries what the trace knew up to Classify.
type attemptError struct {
	err       error
	handshake bool
}

func (e *attemptError) Error() string { return e.err.Error() }
func (e *attemptError) Unwrap() error { return e.err }

// bare takes the address off an error of net/http: its query is nobody's business.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// errStalled is the cause of a context ended by a stall.
var errStalled = errors.New("nothing moved for too long")

// stall ends a context when no byte moved for a while.
type stall struct {
	timer *time.Timer
	after time.Duration
	end   context.CancelCauseFunc
}

func watchStall(ctx context.Context, after time.Duration) (context.Context, *stall) {
	ctx, cancel := context.WithCancelCause(ctx)
	s := &stall{after: after, end: cancel}
	s.timer = time.AfterFunc(after, func() { cancel(errStalled) })
	return ctx, s
}

func (s *stall) restart() { s.timer.Reset(s.after) }

// grant gives the other side d from now on.
func (s *stall) grant(d time.Duration) { s.timer.Reset(d) }
func (s *stall) stop()                 { s.timer.Stop(); s.end(context.Canceled) }

// moving reports progress of r to the watch and keeps its error.
type moving struct {
	r     io.Reader
	watch *stall
	n     int64
	err   error
	// After done bytes, if not 0, the desk has answer to answer.
	done   int64
	answer time.Duration
}

func (m *moving) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.n += int64(n)
	if n > 0 {
		m.watch.restart()
	}
	if m.done > 0 && m.n >= m.done {
		m.watch.grant(m.answer)
	}
	if err != nil && err != io.EOF {
		m.err = err
	}
	return n, err
}
