package agent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"balise/app/internal/config"
	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
	"balise/client"
	"balise/client/secret"
)

func newTexts(lang string) *i18n.Printer { return i18n.New(lang) }

const deskURL = "https://desk.example/rt"

var wanted = api.SignIn{Kind: "rt", URL: deskURL, Token: "sesame-0123456789"}

func TestSignInAndOut(t *testing.T) {
	b, f := at(t, "")
	ctx := t.Context()
	if st, err := b.TryDesk(ctx, wanted); err != nil || st.Person.Name != "Élodie" || !st.SignedIn {
		t.Fatalf("have %+v, %v", st, err)
	}
	if len(b.ring.items) != 0 || b.set.now().Desk.Kind != "practice" {
		t.Error("a try was kept")
	}
	if _, err := b.SignIn(ctx, wanted); err != nil {
		t.Fatal(err)
	}
	if b.ring.items[deskURL].Token != "sesame-0123456789" || b.set.now().Desk.URL != deskURL {
		t.Errorf("have %v, %+v", b.ring.items, b.set.now().Desk)
	}
	raw, err := os.ReadFile(filepath.Join(b.dir, "config", "config.yaml"))
	if err != nil || strings.Contains(string(raw), "sesame") {
		t.Errorf("the settings hold %q, %v", raw, err)
	}
	f.add("1", client.StatusOpen)
	if l := refresh(t, b); len(l.Tickets) != 1 {
		t.Fatalf("have %+v", l)
	}
	if err := b.SignOut(ctx); err != nil {
		t.Fatal(err)
	}
	l := refresh(t, b)
	if len(l.Tickets) != 0 || l.Problem == nil || l.Problem.Code != api.CodeDeskNoCredential {
		t.Errorf("signed out: %+v", l)
	}
	sent, err := b.Send(ctx, b.open(t, false).ID, api.Input{Subject: "S", Description: "D"})
	if err != nil || sent.State != "queued" || sent.Reason.Code != api.CodeDeskNoCredential {
		t.Errorf("a report while signed out: %+v, %v", sent, err)
	}
	if _, err := b.SignIn(ctx, wanted); err != nil {
		t.Fatal(err)
	}
	if left, err := b.Flush(ctx); err != nil || len(left) != 0 {
		t.Errorf("it did not leave: %+v, %v", left, err)
	}
}

func TestARefusedSignInKeepsNothing(t *testing.T) {
	b, f := at(t, "")
	f.err = client.ErrUnauthorized
	if _, err := b.SignIn(t.Context(), wanted); api.CodeOf(err) != api.CodeDeskUnauthorized {
		t.Errorf("have %v", err)
	}
	if len(b.ring.items) != 0 || b.set.now().Desk.Kind != "practice" {
		t.Errorf("kept: %v, %+v", b.ring.items, b.set.now().Desk)
	}
	for name, in := range map[string]api.SignIn{
		"no address": {Kind: "rt", Token: "x"}, "no such kind": {Kind: "fax", URL: deskURL, Token: "x"},
	} {
		if _, err := b.TryDesk(t.Context(), in); api.CodeOf(err) != api.CodeUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.TryDesk(t.Context(), api.SignIn{Kind: "rt", URL: deskURL}); api.CodeOf(err) != api.CodeDeskNoCredential {
		t.Errorf("no credential: %v", err)
	}
}

func TestNoKeyring(t *testing.T) {
	b, _ := at(t, "")
	b.ring.err = secret.ErrAbsent
	if _, err := b.SignIn(t.Context(), wanted); err != nil {
		t.Fatal(err)
	}
	if st, _ := b.State(t.Context()); !slices.Contains(st.Warnings, api.CodeKeyringAbsent) {
		t.Errorf("not told: %+v", st.Warnings)
	}
	if l := refresh(t, b); l.Problem != nil {
		t.Errorf("not remembered: %+v", l.Problem)
	}
}

func TestALockedKeyringIsLeftInPeace(t *testing.T) {
	b, _ := at(t, "desk: {kind: rt, url: '"+deskURL+"'}\n")
	b.ring.err = secret.ErrLocked
	for range 5 {
		if _, err := b.link.get(t.Context()); b.problem(err).Code != api.CodeKeyringLocked {
			t.Fatalf("have %v", err)
		}
	}
	if b.ring.asked != 1 {
		t.Errorf("the user was asked %d times", b.ring.asked)
	}
	b.ring.err, b.ring.items[deskURL] = nil, client.Credential{Kind: "token", Token: "sesame"}
	if l := refresh(t, b); l.Problem != nil { // the user asks: so do we
		t.Errorf("have %+v", l.Problem)
	}
}

func TestPolicyWins(t *testing.T) {
	p, b := params(t, "")
	policy := filepath.Join(b.dir, "policy.yaml")
	if err := os.WriteFile(policy, []byte("desk: {kind: relay, url: 'https://it.example'}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Settings = FileSettings(config.Params{
		UserFile: filepath.Join(b.dir, "config", "config.yaml"), PolicyFile: policy,
	})
	f := newFakeDesk()
	p.Driver = f.driver
	start(t, p, b)
	var e *api.Error
	if _, err := b.SignIn(t.Context(), wanted); !errors.As(err, &e) || e.Code != api.CodePolicy || e.Args["file"] != policy {
		t.Errorf("have %v", err)
	}
	if len(b.ring.items) != 0 {
		t.Error("a credential was kept for a desk that is not allowed")
	}
	if err := b.SetConfig(t.Context(), "desk.kind", "practice"); api.CodeOf(err) != api.CodePolicy {
		t.Errorf("have %v", err)
	}
	if err := b.SetConfig(t.Context(), "no.such", "x"); api.CodeOf(err) != api.CodeUsage {
		t.Errorf("have %v", err)
	}
	if err := b.SetConfig(t.Context(), "language", "fr"); err != nil {
		t.Error(err)
	}
	if st, _ := b.State(t.Context()); st.Language != "fr" {
		t.Errorf("have %q", st.Language)
	}
}

func TestSecondStartShowsTheWindow(t *testing.T) {
	p, b := params(t, "")
	dir, err := os.MkdirTemp("", "b")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p.Socket = filepath.Join(dir, "s")
	f := newFakeDesk()
	p.Driver = f.driver
	shown := make(chan string, 1)
	p.Window = func(_ context.Context, page, incident string) error {
		shown <- page + " " + incident
		return nil
	}
	resident(t, p, b)
	within(t, 5*time.Second, "the socket answers", func() bool {
		c, err := api.Dial(p.Socket)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	if _, err := Start(t.Context(), p, "tickets"); !errors.Is(err, ErrShown) {
		t.Fatalf("have %v", err)
	}
	if got := <-shown; got != "tickets " {
		t.Errorf("shown %q", got)
	}
	s, done, err := Connect(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	if _, ok := s.(*api.Client); !ok {
		t.Errorf("have %T", s)
	}
	if err := s.Show(t.Context(), "report"); err != nil {
		t.Fatal(err)
	}
	if got := <-shown; len(got) < len("describe BA") {
		t.Errorf("shown %q", got)
	}
	if err := s.Show(t.Context(), "rm -rf"); api.CodeOf(err) != api.CodeUsage {
		t.Errorf("have %v", err)
	}
	if err := s.Quit(t.Context()); err != nil {
		t.Error(err)
	}
	within(t, 5*time.Second, "the agent ends", func() bool {
		_, err := os.Stat(p.Socket)
		return errors.Is(err, os.ErrNotExist)
	})
}

func TestSettingsThatDoNotGoTogetherAreNotWritten(t *testing.T) {
	b, _ := at(t, "")
	file := filepath.Join(b.dir, "config", "config.yaml")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.SetConfig(t.Context(), "desk.kind", "rt"); api.CodeOf(err) != api.CodeConfig {
		t.Errorf("a desk without an address: %v", err)
	}
	after, err := os.ReadFile(file)
	if err != nil || string(after) != string(before) {
		t.Errorf("the file is now %q, %v", after, err)
	}
	if _, err := b.Config(t.Context()); err != nil {
		t.Errorf("Balise would not start: %v", err)
	}
}

func TestANamedFileIsNotGotAround(t *testing.T) {
	p, b := params(t, "")
	named := filepath.Join(b.dir, "named.yaml")
	if err := os.WriteFile(named, []byte("desk: {kind: relay, url: 'https://named.example'}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Settings = FileSettings(config.Params{UserFile: filepath.Join(b.dir, "config", "config.yaml"), File: named})
	p.Driver = newFakeDesk().driver
	start(t, p, b)
	if _, err := b.SignIn(t.Context(), wanted); api.CodeOf(err) != api.CodeNamedFile {
		t.Errorf("have %v", err)
	}
	in := wanted
	in.Kind, in.URL = "relay", "https://named.example"
	if _, err := b.SignIn(t.Context(), in); err != nil {
		t.Errorf("the desk that the file names: %v", err)
	}
}
