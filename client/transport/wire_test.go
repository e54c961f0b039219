package transport

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"balise/client"
	"balise/client/clienttest/badmanners"
)

func newClient(t *testing.T, p Params) *Client {
	t.Helper()
	p.Proxy = "direct"
	c, err := New(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	const short = 400 * time.Millisecond
	c.limits.read, c.limits.write, c.limits.stall, c.limits.header = short, short, short, short
	return c
}

// echoDesk answers JSON to everything and counts requests.
func echoDesk(t *testing.T) (string, *atomic.Int32) {
	t.Helper()
	var n atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"id":"1"}`)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, &n
}

// kinds names what err is, among the errors that callers branch on.
func kinds(err error) string {
	if err == nil {
		return "ok"
	}
	var out []string
	for _, k := range []struct {
		name string
		err  error
	}{
		{"unknown-outcome", client.ErrUnknownOutcome},
		{"unreachable", client.ErrUnreachable},
		{"unavailable", client.ErrUnavailable},
		{"not-a-desk", client.ErrNotADesk},
		{"too-large", client.ErrTooLarge},
		{"unauthorized", client.ErrUnauthorized},
		{"forbidden", client.ErrForbidden},
		{"not-found", client.ErrNotFound},
		{"not-modified", client.ErrNotModified},
	} {
		if errors.Is(err, k.err) {
			out = append(out, k.name)
		}
	}
	var thr *client.ThrottledError
	if errors.As(err, &thr) {
		out = append(out, "throttled:"+thr.RetryAfter.String())
	}
	var inv *client.InvalidError
	if errors.As(err, &inv) {
		out = append(out, "invalid:"+inv.Message)
	}
	var tlsErr *client.TLSError
	if errors.As(err, &tlsErr) {
		out = append(out, "tls:"+tlsErr.Reason)
	}
	return strings.Join(out, " ")
}

func TestEveryMannerIsTold(t *testing.T) {
	cases := map[badmanners.Manner]struct{ read, write string }{
		badmanners.Polite:              {"ok", "ok"},
		badmanners.Delay:               {"ok", "ok"},
		badmanners.Drip:                {"ok", "ok"},
		badmanners.RefuseConnection:    {"unreachable", "unreachable"},
		badmanners.CutBeforeRequest:    {"unavailable", "unknown-outcome"},
		badmanners.CutDuringRequest:    {"unavailable", "unknown-outcome"},
		badmanners.CutAfterRequest:     {"unavailable", "unknown-outcome"},
		badmanners.StoredThenReset:     {"unavailable", "unknown-outcome"},
		badmanners.StoredThenSilence:   {"unavailable", "unknown-outcome"},
		badmanners.StoredThenCutHeader: {"unavailable", "unknown-outcome"},
		badmanners.StoredThenCutBody:   {"unavailable", "unknown-outcome"},
		badmanners.StoredThen502:       {"unavailable", "unknown-outcome"},
		badmanners.StoredThenHTML:      {"not-a-desk", "unknown-outcome not-a-desk"},
		badmanners.StoredThenGarbage:   {"not-a-desk", "unknown-outcome"},
		badmanners.StoredThenHuge:      {"too-large", "unknown-outcome too-large"},
		badmanners.Silence:             {"unavailable", "unknown-outcome"},
		badmanners.Throttle:            {"throttled:9s", "throttled:9s"},
		badmanners.ThrottleDate:        {"throttled:9s", "throttled:9s"},
		badmanners.Unavailable:         {"unavailable throttled:9s", "unknown-outcome"},
		badmanners.ServerError:         {"unavailable", "unknown-outcome"},
		badmanners.Unauthorized:        {"unauthorized", "unauthorized"},
		badmanners.Forbidden:           {"forbidden", "forbidden"},
		badmanners.LoginPage:           {"not-a-desk", "unknown-outcome not-a-desk"},
		badmanners.Redirect:            {"not-a-desk", "unknown-outcome not-a-desk"},
		badmanners.HugeAnswer:          {"too-large", "unknown-outcome too-large"},
	}
	for _, m := range badmanners.All() {
		want, ok := cases[m]
		if !ok {
			t.Errorf("no expectation for %q", m)
		}
		t.Run(string(m), func(t *testing.T) {
			t.Parallel()
			url, _ := echoDesk(t)
			p, err := badmanners.New(url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(p.Close)
			wait := 9 * time.Second
			switch m {
			case badmanners.Delay, badmanners.Drip:
				wait = time.Millisecond
			case badmanners.Silence, badmanners.StoredThenSilence:
				wait = 0
			}
			p.Set(badmanners.Fault{Manner: m, Wait: wait})
			c := newClient(t, Params{BaseURL: p.URL})
			c.limits.retries = 0
			if wait != 0 { // only silence is to meet the deadline; a busy test machine must not
				c.limits.read, c.limits.write = 30*time.Second, 30*time.Second
				c.limits.stall, c.limits.header = 30*time.Second, 30*time.Second
			}
			var into struct{ ID string }
			_, err = c.Do(t.Context(), Request{Path: "ticket/1", Into: &into})
			if got := kinds(err); got != want.read {
				t.Errorf("read: %s, want %s (%v)", got, want.read, err)
			}
			for name, r := range map[string]Request{
				"JSON":  {Method: "POST", Path: "ticket", JSON: map[string]string{"a": "b"}, Into: &into},
				"parts": {Method: "POST", Path: "ticket", Parts: []Part{FieldPart("a", "", []byte("b"))}, Into: &into},
			} {
				p.Set(badmanners.Fault{Manner: m, Wait: wait})
				_, err = c.Do(t.Context(), r)
				if got := kinds(err); got != want.write {
					t.Errorf("write %s: %s, want %s (%v)", name, got, want.write, err)
				}
				if seen := p.Seen(); len(seen) > 1 {
					t.Errorf("write %s was sent %d times", name, len(seen))
				}
			}
		})
	}
}

func TestReadsAreTriedAgainWritesNever(t *testing.T) {
	url, n := echoDesk(t)
	p, err := badmanners.New(url)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c := newClient(t, Params{BaseURL: p.URL})
	c.limits.read = 5 * time.Second
	p.Set(badmanners.Fault{Manner: badmanners.ServerError, Times: 2})
	if _, err := c.Do(t.Context(), Request{Path: "x"}); err != nil {
		t.Errorf("read after two failures: %v", err)
	}
	p.Set(badmanners.Fault{Manner: badmanners.Throttle, Wait: time.Second, Times: 1})
	start := time.Now()
	if _, err := c.Do(t.Context(), Request{Path: "x"}); err != nil || time.Since(start) < time.Second {
		t.Errorf("read after Retry-After 1: %v after %v", err, time.Since(start))
	}
	p.Set(badmanners.Fault{Manner: badmanners.ServerError})
	if _, err := c.Do(t.Context(), Request{Path: "x"}); kinds(err) != "unavailable" || len(p.Seen()) != 3 {
		t.Errorf("read that goes on failing: %v, %d tries", err, len(p.Seen()))
	}
	p.Set(badmanners.Fault{Manner: badmanners.Throttle, Wait: time.Second, Times: 1})
	_, err = c.Do(t.Context(), Request{Method: "POST", Path: "x", JSON: 1})
	if kinds(err) != "throttled:1s" || len(p.Seen()) != 1 {
		t.Errorf("a throttled write: %v, %d tries", err, len(p.Seen()))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	p.Set(badmanners.Fault{Manner: badmanners.Throttle, Wait: 3 * time.Second})
	start = time.Now()
	if _, err := c.Do(ctx, Request{Path: "x"}); err == nil || time.Since(start) > time.Second {
		t.Errorf("a cancelled wait: %v after %v", err, time.Since(start))
	}
	if n.Load() != 2 {
		t.Errorf("the desk saw %d requests, want 2", n.Load())
	}
}

func TestCancelledWriteSaysWhetherItLeft(t *testing.T) {
	url, n := echoDesk(t)
	c := newClient(t, Params{BaseURL: url})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Do(ctx, Request{Method: "POST", Path: "x", JSON: 1})
	if kinds(err) != "unreachable" || !errors.Is(err, context.Canceled) || n.Load() != 0 {
		t.Errorf("cancelled before: %v", err)
	}
	p, err := badmanners.New(url)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel = context.WithCancel(t.Context())
	p.Set(badmanners.Fault{Manner: badmanners.Silence, Match: func(*http.Request) bool { cancel(); return true }})
	c = newClient(t, Params{BaseURL: p.URL})
	_, err = c.Do(ctx, Request{Method: "POST", Path: "x", JSON: 1})
	if kinds(err) != "unknown-outcome" || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled after: %v", err)
	}
}

// A kept connection may be dead without our knowing. A write on it would end in doubt for nothing.
func TestWritesDoNotRideOnKeptConnections(t *testing.T) {
	var opened atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	c := newClient(t, Params{BaseURL: srv.URL})
	for method, want := range map[string]int32{"GET": 1, "POST": 3} {
		opened.Store(0)
		for range 3 {
			if _, err := c.Do(t.Context(), Request{Method: method, Path: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		if opened.Load() != want {
			t.Errorf("3 times %s opened %d connections, want %d", method, opened.Load(), want)
		}
	}
}

func TestNamesThatDoNotExist(t *testing.T) {
	c := newClient(t, Params{BaseURL: "http://no-such-desk.invalid"})
	_, err := c.Do(t.Context(), Request{Path: "x"})
	var dns *net.DNSError
	if kinds(err) != "unreachable" || !errors.As(err, &dns) {
		t.Errorf("%v; DNS error found: %v", err, dns != nil)
	}
	_, err = c.Do(t.Context(), Request{Method: "POST", Path: "x", JSON: 1})
	if kinds(err) != "unreachable" {
		t.Errorf("write: %v", err)
	}
}

func TestUploadIsStreamedWithItsLength(t *testing.T) {
	const size = 50 << 20
	got := make(chan string, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		mr := multipart.NewReader(r.Body, params["boundary"])
		var b strings.Builder
		for {
			p, err := mr.NextPart()
			if err != nil {
				break
			}
			n, _ := io.Copy(io.Discard, p)
			fmt.Fprintf(&b, "%s %q %s %d; ", p.FormName(), p.FileName(), p.Header.Get("Content-Type"), n)
		}
		if r.ContentLength < size {
			fmt.Fprintf(&b, "length %d", r.ContentLength)
		}
		got <- b.String()
		io.WriteString(w, `{"id":"7"}`)
	}))
	defer srv.Close()
	c := newClient(t, Params{BaseURL: srv.URL})
	var into struct{ ID string }
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := c.Do(t.Context(), Request{Method: "POST", Path: "t", Into: &into, Parts: []Part{
		FieldPart("JSON", "application/json", []byte(`{"é":1}`)),
		{
			Field: "Attachments", FileName: `画面 "été".bin`, MIME: "application/octet-stream", Size: size,
			Open: func() (io.ReadCloser, error) { return io.NopCloser(io.LimitReader(zeros{}, size)), nil },
		},
	}})
	runtime.ReadMemStats(&after)
	if err != nil || into.ID != "7" {
		t.Fatalf("%v, id %q", err, into.ID)
	}
	want := `JSON "" application/json 8; Attachments "画面 \"été\".bin" application/octet-stream 52428800; `
	if s := <-got; s != want {
		t.Errorf("the desk saw\n%s, want\n%s", s, want)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 8<<20 {
		t.Errorf("50 MB cost %d bytes of memory", used)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestAFileThatIsGoneSendsNothing(t *testing.T) {
	url, n := echoDesk(t)
	c := newClient(t, Params{BaseURL: url})
	path := filepath.Join(t.TempDir(), "f")
	open := func() (io.ReadCloser, error) { return os.Open(path) }
	part := Part{Field: "f", FileName: "f", Size: 3, Open: open}
	_, err := c.Do(t.Context(), Request{Method: "POST", Path: "t", Parts: []Part{part}})
	if !errors.Is(err, os.ErrNotExist) || kinds(err) != "" || n.Load() != 0 {
		t.Errorf("missing file: %v (%s), %d requests", err, kinds(err), n.Load())
	}
	if err := os.WriteFile(path, []byte("four"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = c.Do(t.Context(), Request{Method: "POST", Path: "t", Parts: []Part{part}})
	if err == nil || kinds(err) != "" || n.Load() != 0 {
		t.Errorf("file of another size: %v (%s), %d requests", err, kinds(err), n.Load())
	}
	var local *client.LocalError
	if !errors.As(err, &local) || local.File != "f" {
		t.Errorf("%v is not known to be local", err)
	}
	// A file that breaks off on the way is another thing: what came may be stored.
	broken := Part{Field: "f", FileName: "f", Size: 1 << 20, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("x", 1<<19)), brokenFile{})), nil
	}}
	_, err = c.Do(t.Context(), Request{Method: "POST", Path: "t", Parts: []Part{broken}})
	if !errors.Is(err, client.ErrUnknownOutcome) || errors.As(err, &local) {
		t.Errorf("a file that breaks off: %v", err)
	}
	// Even if it says of itself that it is local.
	broken.Open = func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("x"), brokenFile{&client.LocalError{Err: io.EOF}})), nil
	}
	_, err = c.Do(t.Context(), Request{Method: "POST", Path: "t", Parts: []Part{broken}})
	if !errors.Is(err, client.ErrUnknownOutcome) {
		t.Errorf("a file that breaks off: %v", err)
	}
}

type brokenFile struct{ err error }

func (b brokenFile) Read([]byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	return 0, os.ErrClosed
}

func TestStream(t *testing.T) {
	release := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cut":
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "half")
		case "/stall":
			io.WriteString(w, "some")
			w.(http.Flusher).Flush()
			<-release
		case "/html":
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, "<html>")
		case "/gone":
			w.WriteHeader(http.StatusNotFound)
		default:
			io.WriteString(w, "all of it")
		}
	}))
	defer srv.Close()
	defer close(release)
	c := newClient(t, Params{BaseURL: srv.URL})
	for path, want := range map[string]string{
		"/": "ok", "/cut": "unavailable", "/stall": "unavailable", "/html": "not-a-desk", "/gone": "not-found",
	} {
		err := c.Stream(t.Context(), Request{Path: path}, func(_ Answer, r io.Reader) error {
			_, err := io.Copy(io.Discard, r)
			return err
		})
		if got := kinds(err); got != want {
			t.Errorf("%s: %s, want %s (%v)", path, got, want, err)
		}
	}
	local := errors.New("disk full")
	err := c.Stream(t.Context(), Request{Path: "/"}, func(Answer, io.Reader) error { return local })
	if !errors.Is(err, local) || kinds(err) != "" {
		t.Errorf("local failure: %v", err)
	}
}

func TestLogHoldsNoSecret(t *testing.T) {
	url, _ := echoDesk(t)
	var log bytes.Buffer
	c := newClient(t, Params{
		BaseURL: url, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	header := http.Header{"Authorization": {"token 1-28-feedface"}}
	c.Do(t.Context(), Request{Path: "tickets", Query: map[string][]string{"query": {"s3cret"}}, Header: header})
	c.Do(t.Context(), Request{Method: "POST", Path: "ticket", JSON: "b0dy", Header: header})
	c2 := newClient(t, Params{BaseURL: "http://127.0.0.1:1", Log: c.log})
	query := map[string][]string{"query": {"s3cret"}}
	_, err := c2.Do(t.Context(), Request{Path: "tickets", Query: query, Header: header})
	for _, bad := range []string{"s3cret", "feedface", "b0dy"} {
		if strings.Contains(log.String(), bad) || strings.Contains(err.Error(), bad) {
			t.Errorf("%q is in the log or the error:\n%s\n%v", bad, log.String(), err)
		}
	}
	if !strings.Contains(log.String(), "path=/tickets") || !strings.Contains(log.String(), "status=200") {
		t.Errorf("the log says too little:\n%s", log.String())
	}
}

func TestCompressedBombIsCut(t *testing.T) {
	var bomb bytes.Buffer
	gz := gzip.NewWriter(&bomb)
	io.Copy(gz, io.LimitReader(zeros{}, 50<<20))
	gz.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(bomb.Bytes())
	}))
	defer srv.Close()
	c := newClient(t, Params{BaseURL: srv.URL})
	a, err := c.Do(t.Context(), Request{Path: "x"})
	if kinds(err) != "too-large" || len(a.Body) > MaxJSON {
		t.Errorf("%s, %d bytes kept", kinds(err), len(a.Body))
	}
}
