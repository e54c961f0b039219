package badmanners

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// desk counts what it stores and echoes.
func desk(t *testing.T) (*Proxy, *atomic.Int32) {
	t.Helper()
	var stored atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if r.Method == http.MethodPost {
			stored.Add(1)
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"echo":"`+string(body)+`"}`)
	}))
	t.Cleanup(srv.Close)
	p, err := New(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, &stored
}

func post(p *Proxy, timeout time.Duration) (status int, kind, body string, err error) {
	c := http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(
		*http.Request, []*http.Request,
	) error {
		return http.ErrUseLastResponse
	}}
	resp, err := c.Post(p.URL+"/ticket", "text/plain", strings.NewReader("hello"))
	if err != nil {
		return 0, "", "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(b), err
}

func TestEveryMannerDoesWhatItSays(t *testing.T) {
	for _, m := range All() {
		t.Run("post "+string(m), func(t *testing.T) {
			t.Parallel()
			p, stored := desk(t)
			wait := time.Duration(0)
			if m == Delay || m == Drip {
				wait = time.Millisecond
			}
			p.Set(Fault{Manner: m, Wait: wait, Match: Posts})
			status, _, body, err := post(p, 300*time.Millisecond)
			if got := stored.Load() == 1; got != m.Stores() {
				t.Errorf("stored %v, want %v (status %d, body %.40q, err %v)", got, m.Stores(), status, body, err)
			}
			fine := err == nil && status == 200 && body == `{"echo":"hello"}`
			if want := m == Polite || m == Delay || m == Drip; fine != want {
				t.Errorf("sound answer %v, want %v: %d %.40q %v", fine, want, status, body, err)
			}
		})
	}
}

func TestTimesAndSetEndAFault(t *testing.T) {
	p, stored := desk(t)
	p.Set(Fault{Manner: StoredThenReset, Times: 1})
	if _, _, _, err := post(p, time.Second); err == nil {
		t.Error("the first request was answered")
	}
	if _, _, _, err := post(p, time.Second); err != nil {
		t.Errorf("the second request: %v", err)
	}
	if p.Hits() != 1 || len(p.Seen()) != 2 || stored.Load() != 2 {
		t.Errorf("hits %d, seen %v, stored %d", p.Hits(), p.Seen(), stored.Load())
	}
	p.Set(Fault{Manner: RefuseConnection})
	if _, _, _, err := post(p, time.Second); err == nil {
		t.Error("a refused connection was answered")
	}
	p.Set()
	if _, _, _, err := post(p, time.Second); err != nil {
		t.Errorf("after the fault: %v", err)
	}
}
