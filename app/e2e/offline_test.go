//go:build linux

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
	"balise/client/desk"
	"balise/diagnostics/lab/stage"
)

// TestWithoutARouteTheReportWaitsAndArrivesOnce: on a computer whose route is gone the report is queued and has
// a code; the route comes back; the running agent sends it, once.
func TestWithoutARouteTheReportWaitsAndArrivesOnce(t *testing.T) {
	l := stage.New(t)
	if os.Getenv("BALISE_BIN") == "" {
		t.Fatal("BALISE_BIN must name the built balise")
	}
	token := deskOutside(t, l)
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yaml")
	text := fmt.Sprintf("desk: {kind: relay, url: 'http://%s:8080/'}\nlanguage: en\n", stage.ServiceIP)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &program{t: t, dir: filepath.Dir(os.Getenv("BALISE_BIN")), lab: l, env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LANG=C.UTF-8", "BALISE_STATE_DIR=" + filepath.Join(dir, "state"),
		"BALISE_CONFIG=" + config, "BALISE_DESK_TOKEN=" + token,
	}}
	if err := l.CutRoute(); err != nil {
		t.Fatal(err)
	}
	a := p.start("agent", "--no-tray")
	eventually(t, "the agent answers", func() bool {
		code, _, _ := p.run("outbox", "--json")
		return code == 0
	})

	var sent struct {
		Ref    string `json:"ref"`
		State  string `json:"state"`
		Code   string `json:"code"`
		Reason struct {
			Code string `json:"code"`
			What string `json:"what"`
			Next string `json:"next"`
		} `json:"reason"`
	}
	p.json(&sent, "report", "--subject", "No network at all", "--yes")
	if sent.State != "queued" || len(sent.Code) != 7 || sent.Reason.Code != api.CodeDeskUnreachable {
		t.Fatalf("without a route: %+v", sent)
	}
	what, next := i18n.New("en").Error(api.CodeDeskUnreachable, nil)
	if sent.Reason.What != what || sent.Reason.Next != next {
		t.Errorf("the reason reads %+v", sent.Reason)
	}
	words, actions := i18n.New("fr").Error(api.CodeDeskUnreachable, nil)
	french := filepath.Join(dir, "fr.yaml")
	if err := os.WriteFile(french, []byte(strings.Replace(text, "language: en", "language: fr", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, out, _ := p.run("--config", french, "outbox"); !reads(out, words) || !reads(out, actions) {
		t.Errorf("in French: %s", out)
	}
	if code, out, _ := p.run("outbox"); code != 0 || !strings.Contains(out, sent.Code) {
		t.Errorf("balise outbox does not show the code %s:\n%s", sent.Code, out)
	}
	if err := l.GiveRoute(); err != nil {
		t.Fatal(err)
	}
	var list tickets
	eventually(t, "the report arrives", func() bool {
		p.json(&list, "tickets")
		return len(list.Tickets) > 0 && len(list.Outbox) == 0
	})
	if len(list.Tickets) != 1 || list.Tickets[0].Subject != "No network at all" {
		t.Errorf("on the desk: %+v", list)
	}
	if _, out, _ := p.run("tickets", "show", sent.Ref); !strings.Contains(out, sent.Code) {
		t.Errorf("the code %s is not in the ticket:\n%s", sent.Code, out)
	}
	a.stop()
}

// deskOutside puts a practice desk beyond the lab's router. The desk itself answers on loopback only and only
// to its own name, so that what stands outside is a proxy that takes both away.
func deskOutside(t *testing.T, l *stage.Lab) (token string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan desk.Info, 1)
	done := make(chan error, 1)
	state := t.TempDir()
	if err := os.Chmod(state, 0o700); err != nil {
		t.Fatal(err)
	}
	go func() {
		done <- desk.Run(ctx, desk.Params{StateDir: state, Ready: func(i desk.Info) { ready <- i }})
	}()
	t.Cleanup(func() { cancel(); <-done })
	var info desk.Info
	select {
	case info = <-ready:
	case <-time.After(20 * time.Second):
		t.Fatal("the practice desk does not start")
	}
	u, err := url.Parse(info.URL)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := l.Listen(stage.ServiceIP + ":8080")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u) }}}
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(func() { _ = s.Close() })
	return info.ClientToken
}

// reads compares without line breaks and without no-break spaces.
func reads(text, want string) bool {
	return strings.Contains(strings.Join(strings.Fields(text), " "), strings.Join(strings.Fields(want), " "))
}

// eventually wants a condition within a minute: the outbox waits up to half of that between two tries.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(300 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("within a minute: %s: no", what)
}
