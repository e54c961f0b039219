package relay

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"balise/client"
	"balise/client/transport"
)

// speaking makes a driver for a desk that answers everything the same way.
func speaking(t *testing.T, answer http.HandlerFunc) *Driver {
	t.Helper()
	srv := httptest.NewServer(answer)
	t.Cleanup(srv.Close)
	return driverTo(t, srv.URL, goodToken)
}

func driverTo(t *testing.T, url, token string) *Driver {
	t.Helper()
	tr, err := transport.New(transport.Params{BaseURL: url, Proxy: "direct"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	return New(Params{URL: url, Transport: tr, Credential: client.Credential{Kind: "token", Token: token}}).(*Driver)
}

func saying(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func problemSays(code string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		writeProblem(w, &problem{code: code, detail: "a \u202edetail\n", fields: map[string]string{"text": "bad"}})
	}
}

func draft() client.Draft {
	return client.Draft{ClientRef: client.NewClientRef(), Subject: "s", Text: "t"}
}

func TestDriverReadsProblems(t *testing.T) {
	for code, want := range map[string]error{
		codeUnauthorized: client.ErrUnauthorized, codeForbidden: client.ErrForbidden, codeNotFound: client.ErrNotFound,
		codeTooLarge: client.ErrTooLarge, codeUnsupported: client.ErrUnsupported, codeStorageFull: client.ErrFull,
		codeIncomplete: client.ErrUnreachable, codeUnavailable: client.ErrUnavailable,
		codeOutcome: client.ErrUnknownOutcome, codeInternal: client.ErrUnknownOutcome,
	} {
		_, err := speaking(t, problemSays(code)).Create(t.Context(), draft(), client.Receipt{})
		if !errors.Is(err, want) {
			t.Errorf("create, %s: %v, want %v", code, err, want)
		}
		unknown := code == codeOutcome || code == codeInternal
		if errors.Is(err, client.ErrUnknownOutcome) != unknown {
			t.Errorf("create, %s: outcome unknown? %v", code, err)
		}
		var wait *client.ThrottledError
		if later := code == codeStorageFull || code == codeUnavailable; errors.As(err, &wait) != later {
			t.Errorf("create, %s: to be tried later? %v", code, err)
		}
	}
	for _, code := range []string{codeInvalid, codeKeyMissing, codeKeyReused, codeTicketClosed, codeTextTooLong, codeMethod} {
		_, err := speaking(t, problemSays(code)).Reply(t.Context(), "1", client.Outgoing{ClientRef: client.NewClientRef()})
		var invalid *client.InvalidError
		if !errors.As(err, &invalid) || invalid.Fields["text"] != "bad" || strings.ContainsAny(invalid.Message, "\u202e\n") {
			t.Errorf("reply, %s: %v", code, err)
		}
	}
}

func TestDriverKnowsWhatIsNoRelay(t *testing.T) {
	const json = "application/json"
	for name, answer := range map[string]http.HandlerFunc{
		"a web server's 404":  saying(404, "text/plain", "404 page not found"),
		"another API's 404":   saying(404, json, `{"message":"no"}`),
		"a portal":            saying(200, "text/html", "<html>sign in</html>"),
		"an empty object":     saying(200, json, `{}`),
		"another reference":   saying(200, json, `{"ticket":{"id":"1","number":"1"},"client_ref":"BA000000000000000000"}`),
		"a protocol to come":  saying(200, json, `{"protocol":2,"product":"x"}`),
		"no JSON":             saying(200, json, `{"tickets":`),
		"a redirect":          saying(302, json, ``),
		"405 without problem": saying(405, "text/plain", "no"),
	} {
		d := speaking(t, answer)
		if _, _, err := d.Probe(t.Context()); !errors.Is(err, client.ErrNotADesk) {
			t.Errorf("%s: probe: %v, want ErrNotADesk", name, err)
		}
		if _, err := d.FindByClientRef(t.Context(), client.NewClientRef()); errors.Is(err, client.ErrNotFound) || err == nil {
			t.Errorf("%s: find: %v, which would allow sending again", name, err)
		}
		if rec, err := d.Create(t.Context(), draft(), client.Receipt{}); !errors.Is(err, client.ErrUnknownOutcome) {
			t.Errorf("%s: create: %+v, %v, want ErrUnknownOutcome", name, rec, err)
		}
	}
}

func TestDriverTrustsNoWords(t *testing.T) {
	d := speaking(t, saying(200, "application/json", `{"id":"1","number":"1\u0000\u202e2","subject":"a\r\nb","status":"burnt",
		"web_url":"javascript:alert(1)","created":"2026-01-01T00:00:00Z","updated":"2026-01-01T00:00:00Z",
		"actions":{"reply":"perhaps","close":"no","reopen":"yes","rate":""},"etag":"\"1\""}`))
	tk, err := d.Get(t.Context(), "1", client.Validator{})
	if err != nil {
		t.Fatal(err)
	}
	if tk.Number != "12" || tk.Subject != "a b" || tk.WebURL != "" || tk.Status != client.StatusUnknown ||
		tk.RawStatus != "burnt" || tk.Actions.Reply != client.Maybe || tk.Actions.Reopen != client.Yes {
		t.Errorf("%+v", tk)
	}
}

func TestDriverEndsAThreadThatDoesNot(t *testing.T) {
	d := speaking(t, saying(200, "application/json", `{"messages":[],"next":"again"}`))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := d.Thread(ctx, "1"); !errors.Is(err, client.ErrNotADesk) {
		t.Errorf("thread: %v", err)
	}
}

func TestDriverRefusesBeforeItSends(t *testing.T) {
	d := speaking(t, func(http.ResponseWriter, *http.Request) { t.Error("something was sent") })
	big := draft()
	big.Attachments = []client.Upload{{Name: "a", Size: MaxFileBytes + 1}}
	if _, err := d.Create(t.Context(), big, client.Receipt{}); !errors.Is(err, client.ErrTooLarge) {
		t.Errorf("a large file: %v", err)
	}
	many := draft()
	many.Attachments = make([]client.Upload, MaxFiles+1)
	if _, err := d.Create(t.Context(), many, client.Receipt{}); !errors.Is(err, client.ErrTooLarge) {
		t.Errorf("many files: %v", err)
	}
	long := draft()
	long.Text = strings.Repeat("x", MaxTextBytes+1)
	var invalid *client.InvalidError
	if _, err := d.Create(t.Context(), long, client.Receipt{}); !errors.As(err, &invalid) {
		t.Errorf("a long text: %v", err)
	}
	had := client.Receipt{Ref: client.Ref{ID: "7", Number: "7"}}
	if rec, err := d.Create(t.Context(), draft(), had); err != nil || rec.Ref != had.Ref {
		t.Errorf("a ticket that is there already: %+v, %v", rec, err)
	}
}

func TestDriverLimitsDownloads(t *testing.T) {
	d := speaking(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		for range 1 << 10 { // chunked: nobody says how long it is
			_, _ = w.Write(make([]byte, 1<<10))
		}
	})
	var got bytes.Buffer
	err := d.Download(t.Context(), client.Attachment{Handle: "1/2"}, &got, 1000)
	if !errors.Is(err, client.ErrTooLarge) || got.Len() > 1000 {
		t.Errorf("download: %d bytes, %v", got.Len(), err)
	}
	if err := d.Download(t.Context(), client.Attachment{Handle: "of another desk"}, &got, 1000); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("another's handle: %v", err)
	}
}

func TestFiftyMegabytesArrive(t *testing.T) {
	s := serve(t)
	d := driverTo(t, s.URL, goodToken)
	dr := draft()
	const size = 50 << 20
	dr.Attachments = []client.Upload{{
		Name: "big.bin", Size: size,
		Open: func() (io.ReadCloser, error) { return io.NopCloser(io.LimitReader(zeros{}, size)), nil },
	}}
	if _, err := d.Create(t.Context(), dr, client.Receipt{}); err != nil {
		t.Fatal(err)
	}
	if got := len(s.files["big.bin"]); got != size {
		t.Errorf("%d bytes arrived, want %d", got, size)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
