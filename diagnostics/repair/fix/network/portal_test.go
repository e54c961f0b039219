package network_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"balise/diagnostics"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/fix/network"
)

const portalOpen = "portal.open"

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
		f := fixer(t, portalOpen, network.Params{
			PortalURL: func() string { return raw }, OpenURL: func(string) error { return nil },
		})
		look := f.Look(t.Context(), nil)
		if got := look.Steps["open"].URL; got != want || (look.Why == "") != (want != "") {
			t.Errorf("%q: %q, want %q; why %q", raw, got, want, look.Why)
		}
	}
}

// fixer is one repair of this area.
func fixer(t *testing.T, id string, p network.Params) repair.Fixer {
	t.Helper()
	for _, f := range network.Fixers(p) {
		if f.ID() == id {
			return f
		}
	}
	t.Fatalf("no repair %s", id)
	return nil
}

// portalBench is an Engine whose network lets the user in after some looks.
type portalBench struct {
	*repair.Engine
	journal string
	opened  []string
}

func newPortalBench(t *testing.T, page string, looks int, openErr error) *portalBench {
	t.Helper()
	b := &portalBench{journal: filepath.Join(t.TempDir(), "repairs.jsonl")}
	b.Engine = repair.New(repair.Params{
		Journal: b.journal,
		Fixers: network.Fixers(network.Params{
			PortalURL: func() string { return page },
			OpenURL:   func(u string) error { b.opened = append(b.opened, u); return openErr },
		}),
		Verify: func(_ context.Context, ids []string) ([]diagnostics.Result, error) {
			if looks--; looks < 0 {
				return []diagnostics.Result{{ID: ids[0], Status: diagnostics.Pass}}, nil
			}
			return []diagnostics.Result{{ID: ids[0], Status: diagnostics.Fail}}, nil
		},
		PollEvery: time.Millisecond, PollFor: time.Second,
	})
	return b
}

func (b *portalBench) run(ctx context.Context) (repair.Attempt, error) {
	return b.Run(ctx, repair.Request{ID: portalOpen, Consent: true, Before: behindPortal}, nil)
}

const neutral = "http://neutral.example/"

var behindPortal = []diagnostics.Result{{
	ID: "net.portal", Status: diagnostics.Fail, Cause: "net.portal/redirect",
	// What a network says of itself is never opened.
	Facts: []diagnostics.Fact{
		diagnostics.Identifier("redirect", "http://evil.example/", diagnostics.Infra, diagnostics.KindURL),
	},
}}

func TestPortalOpensAndWaits(t *testing.T) {
	b := newPortalBench(t, neutral, 3, nil)
	a, err := b.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a.State != repair.Solved || a.CanUndo || len(b.opened) != 1 || b.opened[0] != neutral {
		t.Errorf("%+v, opened %v", a, b.opened)
	}
}

func TestPortalWithoutABrowserStillWaits(t *testing.T) {
	a, err := newPortalBench(t, neutral, 1, errors.New("no browser")).run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a.State != repair.Solved || a.Steps[1].Facts[0].Value != false {
		t.Errorf("%+v", a)
	}
}

func TestPortalWaitEndsWithWhoeverAsked(t *testing.T) {
	b := newPortalBench(t, neutral, 1<<30, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	a, err := b.run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if a.State != repair.NeedsUser || a.Pending == nil || a.Pending.URL != neutral {
		t.Errorf("%+v", a)
	}
	// A later start says so once.
	again := repair.New(repair.Params{Journal: b.journal})
	reports, err := again.Recover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(reports) != 1 || reports[0].State != repair.NotSolved || reports[0].Reason != "interrupted" {
		t.Errorf("%+v", reports)
	}
}

func TestPortalNeedsAPage(t *testing.T) {
	var pre *repair.PreconditionError
	_, err := newPortalBench(t, "file:///etc/passwd", 0, nil).run(t.Context())
	if !errors.As(err, &pre) || pre.Reason != "no_url" {
		t.Errorf("err %v", err)
	}
}
