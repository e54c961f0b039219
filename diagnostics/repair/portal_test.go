package repair

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"balise/diagnostics"
)

func TestOnlyWebPagesAreOpened(t *testing.T) {
	for raw, want := range map[string]string{
		"http://portal.example/x":    "http://portal.example/x",
		"https://portal.example":     "https://portal.example",
		"file:///etc/passwd":         "",
		"javascript:alert(1)":        "",
		"ssh://portal.example":       "",
		"http://":                    "",
		"http://user:pw@portal/":     "",
		"portal.example":             "",
		"":                           "",
		"http://portal.example/\x00": "",
	} {
		if got := webPage(raw); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}

// portalBench is an Engine whose network lets the user in after some looks.
func portalBench(t *testing.T, looks int, openErr error) (e *Engine, opened *[]string) {
	t.Helper()
	opened = &[]string{}
	e = New(Params{
		Journal:   filepath.Join(t.TempDir(), "repairs.jsonl"),
		PortalURL: func() string { return "http://neutral.example/" },
		OpenURL:   func(u string) error { *opened = append(*opened, u); return openErr },
		Verify: func(_ context.Context, ids []string) ([]diagnostics.Result, error) {
			if looks--; looks < 0 {
				return []diagnostics.Result{{ID: ids[0], Status: diagnostics.Pass}}, nil
			}
			return []diagnostics.Result{{ID: ids[0], Status: diagnostics.Fail}}, nil
		},
		PollEvery: time.Millisecond, PollFor: time.Second,
	})
	return e, opened
}

var behindPortal = []diagnostics.Result{{
	ID: "net.portal", Status: diagnostics.Fail, Cause: "net.portal/redirect",
	// What a network says of itself is never opened.
	Facts: []diagnostics.Fact{diagnostics.Identifier("redirect", "http://evil.example/", diagnostics.Infra, diagnostics.KindURL)},
}}

func TestPortalOpensAndWaits(t *testing.T) {
	e, opened := portalBench(t, 3, nil)
	a, err := e.Run(t.Context(), Request{ID: portalOpen, Consent: true, Before: behindPortal}, nil)
	must(t, err)
	if a.State != Solved || a.CanUndo || len(*opened) != 1 || (*opened)[0] != "http://neutral.example/" {
		t.Errorf("%+v, opened %v", a, *opened)
	}
}

func TestPortalWithoutABrowserStillWaits(t *testing.T) {
	e, _ := portalBench(t, 1, errors.New("no browser"))
	a, err := e.Run(t.Context(), Request{ID: portalOpen, Consent: true, Before: behindPortal}, nil)
	must(t, err)
	if a.State != Solved || a.Steps[1].Facts[0].Value != false {
		t.Errorf("%+v", a)
	}
}

func TestPortalWaitEndsWithWhoeverAsked(t *testing.T) {
	e, _ := portalBench(t, 1<<30, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	a, err := e.Run(ctx, Request{ID: portalOpen, Consent: true, Before: behindPortal}, nil)
	must(t, err)
	if a.State != NeedsUser || a.Pending == nil || a.Pending.URL != "http://neutral.example/" {
		t.Errorf("%+v", a)
	}
	// A later start says so once.
	again := New(Params{Journal: e.p.Journal})
	reports, err := again.Recover(t.Context())
	if must(t, err); len(reports) != 1 || reports[0].State != NotSolved || reports[0].Reason != "interrupted" {
		t.Errorf("%+v", reports)
	}
}

func TestPortalNeedsAPage(t *testing.T) {
	e, _ := portalBench(t, 0, nil)
	f, _ := e.fixer(portalOpen)
	f.(*portal).page = func() string { return "file:///etc/passwd" }
	var pre *PreconditionError
	_, err := e.Run(t.Context(), Request{ID: portalOpen, Consent: true, Before: behindPortal}, nil)
	if !errors.As(err, &pre) || pre.Reason != "no_url" {
		t.Errorf("err %v", err)
	}
}
