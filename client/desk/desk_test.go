package desk

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"balise/client"
	"balise/client/relay"
	"balise/client/transport"
)

// testDesk is a desk with two requesters on a real port, without Run's locks and files.
type testDesk struct {
	*store
	t    *testing.T
	site *site
	URL  string
	key  string
}

var people = map[string]client.Person{
	"alice-token": {ID: "alice", Name: "Alice Dupont"},
	"bob-token":   {ID: "bob", Name: "Bob Martin"},
}

func newTestDesk(t *testing.T) *testDesk {
	t.Helper()
	s, aside, err := openStore(t.Context(), filepath.Join(t.TempDir(), "desk.db"), time.Now)
	if err != nil || aside != "" {
		t.Fatalf("open: %v, aside %q", err, aside)
	}
	t.Cleanup(func() { s.close() })
	d := &testDesk{store: s, t: t, key: "technician-key-of-this-test"}
	log := slog.New(slog.DiscardHandler)
	if d.site, err = newSite(siteParams{store: s, key: d.key, log: log}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/", relay.Handler(relay.HandlerParams{
		Store: s, SpoolDir: s.spool, Log: log,
		Authenticate: func(_ context.Context, token string) (client.Person, error) {
			if p, ok := people[token]; ok {
				return p, nil
			}
			return client.Person{}, client.ErrUnauthorized
		},
	}))
	mux.Handle("/", d.site)
	srv := httptest.NewUnstartedServer(nil)
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	srv.Config.Handler = localHostsOnly(port, mux)
	srv.Start()
	t.Cleanup(srv.Close)
	d.URL, s.base = srv.URL, srv.URL
	return d
}

// driver speaks to the desk with a token.
func (d *testDesk) driver(token string) *relay.Driver {
	d.t.Helper()
	tr, err := transport.New(transport.Params{BaseURL: d.URL, Proxy: "direct"})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(tr.Close)
	return relay.New(relay.Params{
		URL: d.URL, Transport: tr, Credential: client.Credential{Kind: "token", Token: token},
	}).(*relay.Driver)
}

// made creates a ticket of Alice's.
func (d *testDesk) made(dr client.Draft) client.Ref {
	d.t.Helper()
	if dr.ClientRef == "" {
		dr.ClientRef = client.NewClientRef()
	}
	rec, err := d.driver("alice-token").Create(d.t.Context(), dr, client.Receipt{})
	if err != nil {
		d.t.Fatal(err)
	}
	return rec.Ref
}

// browser is a browser without a session.
func (d *testDesk) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return &browser{d: d, Client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// technician is a browser that has come in by a link.
func (d *testDesk) technician() *browser {
	d.t.Helper()
	b := d.browser()
	resp, page := b.get("/enter?code=" + d.site.links.mint())
	if resp.StatusCode != http.StatusOK || !strings.Contains(page, `http-equiv="refresh"`) {
		d.t.Fatalf("enter: %s %s", resp.Status, page)
	}
	return b
}

// browser keeps cookies and sends what browsers send.
type browser struct {
	*http.Client
	d    *testDesk
	lang string
}

func (b *browser) get(path string) (*http.Response, string) {
	b.d.t.Helper()
	req, err := http.NewRequestWithContext(b.d.t.Context(), http.MethodGet, b.d.URL+path, nil)
	if err != nil {
		b.d.t.Fatal(err)
	}
	req.Header.Set("Accept-Language", b.lang)
	return b.send(req)
}

// post sends a form as the page would, with the CSRF token of the queue page; header entries override.
func (b *browser) post(path string, form url.Values, header map[string]string) (*http.Response, string) {
	b.d.t.Helper()
	if !form.Has("csrf") {
		form.Set("csrf", b.csrf())
	}
	req, err := http.NewRequestWithContext(b.d.t.Context(), http.MethodPost, b.d.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.d.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", b.d.URL)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	for k, v := range header {
		req.Header.Set(k, v)
		if v == "" {
			req.Header.Del(k)
		}
	}
	return b.send(req)
}

func (b *browser) csrf() string {
	b.d.t.Helper()
	_, page := b.get("/")
	_, rest, ok := strings.Cut(page, `name="csrf" value="`)
	if !ok {
		b.d.t.Fatalf("no csrf token in %s", page)
	}
	token, _, _ := strings.Cut(rest, `"`)
	return token
}

// postBlind posts a form as one who has seen no page.
func (b *browser) postBlind(path string, form url.Values) (*http.Response, string) {
	form.Set("csrf", "x")
	return b.post(path, form, nil)
}
