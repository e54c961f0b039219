package znuny

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"balise/client"
	"balise/client/transport"
)

// desk answers as Znuny 6.5 was seen to (../shared/reference/samples/znuny), with one answer per "METHOD path".
type desk struct {
	mu       sync.Mutex
	answers  map[string]string // a body; "500 words" is an error of the interface itself, "html" a login page
	seen     []string          // "METHOD path?query body"
	sessions map[string]bool
	made     int
	deaf     bool // headers do not arrive, as on OTRS 6.0
}

const (
	noRoute  = "500 HTTP::REST Error while determine Operation for request URI '/x'."
	authFail = `{"Error":{"ErrorCode":"X.AuthFail","ErrorMessage":"X: Authorization failing!"}}`
	profile  = `{"SessionData":[{"Key":"UserLogin","Value":"alice"},{"Key":"UserFullname","Value":"Alice Été"},` +
		`{"Key":"UserEmail","Value":"alice@x.test"},{"Key":"UserPassword","Value":"6198f50c"},{"Key":"Y","Value":null}]}`
	ticket7 = `{"Ticket":[{"TicketID":7,"TicketNumber":"2026112210000017","Title":"Écran","State":"new",` +
		`"StateType":"new","Queue":"Raw","Priority":"4 high","Owner":"root@localhost","OwnerID":1,"Age":5,` +
		`"Created":"2026-11-22 12:00:00","Changed":"2026-11-22 12:00:03","CustomerUserID":"alice"}]}`
)

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	path := strings.TrimPrefix(r.URL.Path, "/znuny/nph-genericinterface.pl/Webservice/GenericTicketConnectorREST")
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = append(d.seen, r.Method+" "+path+"?"+r.URL.RawQuery+" "+string(body))
	key := r.Method + " " + path
	out, known := d.answers[key]
	switch {
	case key == "POST /Session" && !known:
		out = authFail
		if strings.Contains(string(body), `"Password":"sesame"`) {
			d.made++
			id := fmt.Sprintf("session%d", d.made)
			d.sessions[id] = true
			out = `{"SessionID":"` + id + `"}`
		}
	case !known:
		out = noRoute
	case key != "POST /Session" && out != noRoute && !d.knows(r, body):
		out = authFail
	}
	w.Header().Set("Date", "Sun, 22 Nov 2026 12:00:05 GMT")
	if words, ok := strings.CutPrefix(out, "500 "); ok {
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		w.WriteHeader(500)
		io.WriteString(w, words)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if out == "html" {
		w.Header().Set("Content-Type", "text/html")
		out = "<!DOCTYPE html><title>Sign in</title>"
	}
	io.WriteString(w, out)
}

// knows tells whether a call is signed, by a session or by a password.
func (d *desk) knows(r *http.Request, body []byte) bool {
	var in struct{ SessionID, Password string }
	_ = json.Unmarshal(body, &in)
	if r.Method == http.MethodGet {
		in.SessionID, in.Password = r.URL.Query().Get("SessionID"), r.URL.Query().Get("Password")
		if !d.deaf {
			in.SessionID = r.Header.Get("X-OTRS-Header-SessionID") + in.SessionID
			in.Password = r.Header.Get("X-OTRS-Header-Password") + in.Password
		}
	}
	return d.sessions[in.SessionID] || in.Password == "sesame"
}

func (d *desk) calls(prefix string) (out []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.seen {
		if strings.HasPrefix(s, prefix) {
			out = append(out, s)
		}
	}
	return out
}

func newDesk(t *testing.T, answers map[string]string, change ...func(*Params)) (*desk, *Driver) {
	t.Helper()
	if answers["GET /Session/mine"] == "" {
		answers["GET /Session/mine"] = profile
	}
	d := &desk{answers: answers, sessions: map[string]bool{}}
	srv := httptest.NewServer(d)
	t.Cleanup(srv.Close)
	tr, err := transport.New(transport.Params{BaseURL: srv.URL + "/znuny", Proxy: "direct"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	p := Params{Credential: client.Credential{Kind: "basic", User: "alice", Password: "sesame"}, Transport: tr}
	for _, c := range change {
		c(&p)
	}
	return d, New(p).(*Driver)
}
