package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"balise/client/clienttest/suite"
	"balise/client/desk"
)

func play(t *testing.T, env map[string]string, args ...string) (code int, out, progress string) {
	t.Helper()
	var o, p bytes.Buffer
	code = run(t.Context(), args, func(k string) string { return env[k] }, &o, &p)
	return code, o.String(), p.String()
}

// practice starts a practice desk: what a stranger would check, over its real protocol.
func practice(t *testing.T) desk.Info {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ready, done := make(chan desk.Info, 1), make(chan error, 1)
	p := desk.Params{StateDir: t.TempDir(), Ready: func(i desk.Info) { ready <- i }}
	go func() { done <- desk.Run(ctx, p) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	select {
	case i := <-ready:
		return i
	case err := <-done:
		t.Fatal(err)
		return desk.Info{}
	}
}

func TestVerdictOfAPracticeDesk(t *testing.T) {
	d := practice(t)
	env := map[string]string{"MINE": d.ClientToken}
	args := []string{"--desk", "practice", "--url", d.URL, "--token-env", "MINE", "--proxy", "direct"}
	code, out, progress := play(t, env, args...)
	if code != 0 || !strings.Contains(out, "Verdict: Balise works") ||
		!strings.Contains(out, "Tickets made on this desk") || !strings.Contains(out, "needs a second requester") || !strings.Contains(progress, "create") {
		t.Errorf("code %d\n%s\n%s", code, out, progress)
	}
	if strings.Contains(out+progress, d.ClientToken) {
		t.Error("the token is printed")
	}
	code, out, _ = play(t, env, append(args, "--json", "--read-only")...)
	var got struct {
		Passed bool
		suite.Report
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || !got.Passed || got.Product == "" {
		t.Fatalf("code %d, %v\n%s", code, err, out)
	}
	if len(got.Tickets) > 0 {
		t.Errorf("read only, and made %v", got.Tickets)
	}
}

func TestVerdictOfWhatIsNoDesk(t *testing.T) {
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!DOCTYPE html><title>Welcome</title>"))
	}))
	defer page.Close()
	env := map[string]string{"BALISE_DESK_TOKEN": "0123456789"}
	for _, k := range kinds() {
		code, out, _ := play(t, env, "--desk", k.name, "--url", page.URL, "--proxy", "direct")
		if code != 1 || !strings.Contains(out, "FAILED") || !strings.Contains(out, "does not work with this desk") {
			t.Errorf("%s: code %d\n%s", k.name, code, out)
		}
		if code, out, _ = play(t, env, "--desk", k.name, "--url", page.URL, "--proxy", "direct", "--json"); code != 1 ||
			!strings.Contains(out, `"passed": false`) {
			t.Errorf("%s: code %d\n%s", k.name, code, out)
		}
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"--desk", "rt"},
		{"--desk", "abacus", "--url", "http://x.test"},
		{"--desk", "rt", "--url", "http://x.test"},
		{"--desk", "rt", "--url", "ftp://x.test", "--token-env", "T"},
		{"--nonsense"},
		{"--desk", "rt", "--url", "http://x.test", "more"},
		{"--desk", "relay", "--url", "http://x.test", "--token-env", "T", "--tech-env", "T"},
		{"--desk", "rt", "--url", "http://x.test", "--user", "alice"},
	} {
		if code, out, progress := play(t, map[string]string{"T": "x"}, args...); code != 2 || out != "" || progress == "" {
			t.Errorf("%q: code %d, %q, %q", args, code, out, progress)
		}
	}
	if code, _, help := play(t, nil, "-h"); code != 0 || !strings.Contains(help, "redmine") {
		t.Errorf("help: %d, %q", code, help)
	}
}
