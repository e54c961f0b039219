package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"balise/app/internal/config"
	"balise/app/internal/ipc/api"
	"balise/client"
	"balise/client/secret"
	"balise/diagnostics"
)

func TestExplain(t *testing.T) {
	dns := fmt.Errorf("%w: %w", client.ErrUnreachable, &net.DNSError{Err: "no such host", IsNotFound: true})
	for _, c := range []struct {
		err  error
		skew time.Duration
		want string
	}{
		{client.ErrUnreachable, 0, api.CodeDeskUnreachable},
		{dns, 0, api.CodeDeskName},
		{client.ErrUnavailable, 0, api.CodeDeskUnavailable},
		{fmt.Errorf("%w: %w", client.ErrUnavailable, io.ErrUnexpectedEOF), 0, api.CodeDeskAnswer},
		{client.ErrTooLarge, 0, api.CodeDeskAnswer},
		{client.ErrUnauthorized, 0, api.CodeDeskUnauthorized},
		{client.ErrForbidden, 0, api.CodeDeskForbidden},
		{client.ErrNotADesk, 0, api.CodeDeskNotADesk},
		{client.ErrUnsupported, 0, api.CodeDeskUnsupported},
		{client.ErrNotFound, 0, api.CodeNotFound},
		{&client.ThrottledError{RetryAfter: time.Minute}, 0, api.CodeDeskThrottled},
		{&client.InvalidError{Message: "no subject"}, 0, api.CodeDeskInvalid},
		{fmt.Errorf("%w: %w", client.ErrUnknownOutcome, client.ErrNotADesk), 0, api.CodeDeskUnknown},
		{&client.TLSError{Reason: "untrusted", Err: errors.New("x")}, 0, api.CodeDeskTLS},
		{&client.TLSError{Reason: "expired", Err: errors.New("x")}, time.Minute, api.CodeDeskTLS},
		{&client.TLSError{Reason: "expired", Err: errors.New("x")}, 48 * time.Hour, api.CodeDeskClock},
		{&client.TLSError{Reason: "not_yet", Err: errors.New("x")}, 0, api.CodeDeskClock},
		{secret.ErrNone, 0, api.CodeDeskNoCredential},
		{secret.ErrLocked, 0, api.CodeKeyringLocked},
		{secret.ErrAbsent, 0, api.CodeKeyringAbsent},
		{&config.LockedError{Key: "desk.url", File: "p"}, 0, api.CodePolicy},
		{&config.Error{File: "f", Line: 1}, 0, api.CodeConfig},
		{&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, 0, api.CodeDiskFull},
		{&os.PathError{Op: "open", Path: "x", Err: os.ErrPermission}, 0, api.CodeStateReadOnly},
		{&client.LocalError{File: "a.txt", Err: os.ErrNotExist}, 0, api.CodeAttachUnreadable},
		{context.DeadlineExceeded, 0, api.CodeDeskUnreachable},
		{&api.Error{Code: api.CodeConsent}, 0, api.CodeConsent},
		{errors.New("boom"), 0, api.CodeInternal},
	} {
		got := explain(fmt.Errorf("doing it: %w", c.err), c.skew)
		if got.Code != c.want {
			t.Errorf("%v: have %s, want %s", c.err, got.Code, c.want)
		}
		what, next := newTexts("fr").Error(got.Code, got.Args)
		if strings.ContainsAny(what+next, "{}") {
			t.Errorf("%s: a place was not filled: %q %q", got.Code, what, next)
		}
	}
}

func TestContainsAcrossPieces(t *testing.T) {
	const token = "1-14-0123456789abcdef"
	for _, pad := range []int{0, 1, 65_500, 65_530, 65_536, 65_540, 200_000} {
		text := strings.Repeat("x", pad) + token + strings.Repeat("y", 100)
		for name, r := range map[string]io.Reader{
			"whole": strings.NewReader(text), "halves": iotest.HalfReader(strings.NewReader(text)),
			"data with its end": iotest.DataErrReader(strings.NewReader(text)),
		} {
			if found, err := contains(r, []string{"zz", token}); err != nil || !found {
				t.Errorf("%d %s: not found (%v)", pad, name, err)
			}
			if found, _ := contains(strings.NewReader(text), []string{token + "g"}); found {
				t.Errorf("%d: found what is not there", pad)
			}
		}
	}
	if _, err := contains(iotest.ErrReader(io.ErrClosedPipe), []string{token}); err == nil {
		t.Error("an error was lost")
	}
}

// TestTheTokenDoesNotLeave puts the desk's own credential into a file that the user attaches.
func TestTheTokenDoesNotLeave(t *testing.T) {
	b, _ := at(t, "desk: {kind: relay, url: 'https://desk.example'}\n")
	b.ring.items["https://desk.example"] = client.Credential{Kind: "token", Token: "sesame-0123456789"}
	refresh(t, b) // the credential is known once the desk was asked
	file := filepath.Join(b.dir, "notes.txt")
	if err := os.WriteFile(file, []byte("my token is sesame-0123456789, keep it"), 0o600); err != nil {
		t.Fatal(err)
	}
	inc := b.open(t, false)
	_, err := b.Send(t.Context(), inc.ID, api.Input{Subject: "S", Description: "D", Attach: []string{file}})
	if api.CodeOf(err) != api.CodeRedaction {
		t.Fatalf("have %v", err)
	}
	if items, err := b.Outbox(t.Context()); err != nil || len(items) != 0 {
		t.Errorf("it was stored: %+v, %v", items, err)
	}
	if left, _ := filepath.Glob(filepath.Join(b.p.StateDir, "rendered", "*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := b.Send(t.Context(), inc.ID, api.Input{Subject: "S", Description: "D"}); err != nil {
		t.Errorf("without the file: %v", err)
	}
	if _, err := b.Reply(t.Context(), "100", api.ReplyInput{Text: "sesame-0123456789"}); api.CodeOf(err) != api.CodeRedaction {
		t.Errorf("in a reply: %v", err)
	}
}

func TestScreenshotReasons(t *testing.T) {
	p, b := params(t, "")
	p.ChildEnv = []string{"BALISE_TEST_CAPTURE=deny"}
	start(t, p, b)
	if inc := b.open(t, true); inc.HasScreenshot || inc.ScreenshotWhy != "screenshot.denied" {
		t.Errorf("have %+v", inc)
	}
	b.p.CaptureWhy = func() string { return api.CodeNoDisplay }
	if inc := b.open(t, true); inc.ScreenshotWhy != api.CodeNoDisplay {
		t.Errorf("have %+v", inc)
	}
	if err := b.SetConfig(t.Context(), "privacy.screenshot", "forbid"); err != nil {
		t.Fatal(err)
	}
	if inc := b.open(t, true); inc.ScreenshotWhy != api.CodeScreenForbidden {
		t.Errorf("have %+v", inc)
	}
}

func TestAProbeThatHangsIsUnknown(t *testing.T) {
	p, b := params(t, "")
	p.ChildEnv = []string{"BALISE_TEST_PROBE=hang"}
	start(t, p, b)
	b.probeWait = time.Second
	inc := b.open(t, false)
	inc, err := b.Check(t.Context(), inc.ID, api.CheckRequest{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	unknown := 0
	for _, r := range inc.Results {
		if r.Status == diagnostics.Unknown && r.TimedOut {
			unknown++
		}
	}
	if unknown == 0 || inc.Diagnosis == nil {
		t.Errorf("have %+v", inc.Results)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	b.probeWait = time.Minute
	if _, err := b.Check(ctx, inc.ID, api.CheckRequest{}, nil); err == nil {
		t.Error("a caller who left was waited for")
	}
	if _, err := b.Check(t.Context(), inc.ID, api.CheckRequest{Only: []string{"no.such"}}, nil); api.CodeOf(err) != api.CodeUsage {
		t.Errorf("have %v", err)
	}
}

func TestNothingWithoutConsent(t *testing.T) {
	p, b := params(t, "")
	start(t, p, b)
	inc := b.open(t, false)
	for _, action := range []string{"", "run"} {
		_, err := b.Repair(t.Context(), inc.ID, api.RepairRequest{ID: "disk.clean_user", Action: action}, nil)
		if api.CodeOf(err) != api.CodeConsent {
			t.Errorf("%q: %v", action, err)
		}
	}
	for action, code := range map[string]string{"undo": api.CodeNotFound, "continue": api.CodeNotFound} {
		_, err := b.Repair(t.Context(), inc.ID, api.RepairRequest{ID: "x", Action: action, Consent: true}, nil)
		if api.CodeOf(err) != code {
			t.Errorf("%q: %v", action, err)
		}
	}
	_, err := b.Repair(t.Context(), inc.ID, api.RepairRequest{ID: "no.such", Consent: true}, nil)
	if api.CodeOf(err) != api.CodeNotFound {
		t.Errorf("have %v", err)
	}
}

func TestIncidentsAreBounded(t *testing.T) {
	p, b := params(t, "")
	start(t, p, b)
	first := b.open(t, false)
	for range maxIncidents {
		b.open(t, false)
	}
	if _, err := b.Incident(t.Context(), first.ID); api.CodeOf(err) != api.CodeNotFound {
		t.Errorf("the oldest is still there: %v", err)
	}
	last := b.open(t, true)
	if err := b.CloseIncident(t.Context(), last.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Screenshot(t.Context(), last.ID); api.CodeOf(err) != api.CodeNotFound {
		t.Errorf("have %v", err)
	}
}

func TestDamagedState(t *testing.T) {
	p, b := params(t, "")
	if err := os.MkdirAll(p.StateDir, 0o700); err != nil {
		t.Fatal(err)
	}
	junk := bytes.Repeat([]byte("not a database "), 1000)
	if err := os.WriteFile(filepath.Join(p.StateDir, "balise.db"), junk, 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, p, b)
	if st, _ := b.State(t.Context()); len(st.Warnings) != 1 || st.Warnings[0] != api.CodeStateMoved {
		t.Errorf("have %+v", st.Warnings)
	}
	if kept, _ := filepath.Glob(filepath.Join(p.StateDir, "balise.db.corrupt-*")); len(kept) == 0 {
		t.Error("the damaged file is gone")
	}
}

// TestBadSettings wants the computer tested all the same, and nothing sent to a desk that nobody named.
func TestBadSettings(t *testing.T) {
	for _, c := range []struct {
		name, text string
		sends      bool
	}{
		{"an unknown key", "desk: {colour: blue}\n", false},
		{"a desk that does not exist", "desk: {kind: abacus}\n", false},
		{"no YAML", "desk: [\n", false},
		{"a wrong limit", "limits: {disk.space: {no_such_limit: 1}}\n", true},
	} {
		p, b := params(t, c.text)
		start(t, p, b)
		st, err := b.State(t.Context())
		if err != nil || st.Settings == nil || !strings.Contains(st.Settings.Detail, "config.yaml:") ||
			!slices.Contains(st.Warnings, api.CodeConfig) {
			t.Fatalf("%s: the state says %+v, %v", c.name, st.Settings, err)
		}
		inc := b.open(t, false)
		inc, err = b.Check(t.Context(), inc.ID, api.CheckRequest{}, nil)
		if err != nil || inc.Diagnosis == nil || inc.Diagnosis.Cause != "disk.space/full" {
			t.Errorf("%s: not tested: %v", c.name, err)
		}
		_, err = b.Send(t.Context(), inc.ID, api.Input{Subject: "s", Description: "d"})
		if sent := err == nil; sent != c.sends || !sent && api.CodeOf(err) != api.CodeConfig {
			t.Errorf("%s: sent to somebody: %v", c.name, err)
		}
		file := filepath.Join(b.dir, "config", "config.yaml")
		if err := os.WriteFile(file, []byte("language: en\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Config(t.Context()); err != nil {
			t.Errorf("%s: after it was corrected: %v", c.name, err)
		}
		if st, _ := b.State(t.Context()); st.Settings != nil || len(st.Warnings) != 0 {
			t.Errorf("%s: after it was corrected: %+v", c.name, st)
		}
		if _, err := b.Review(t.Context(), inc.ID, api.Input{Subject: "s"}); err != nil {
			t.Errorf("%s: after it was corrected: %v", c.name, err)
		}
	}
}

func TestSlowListenerLooksAgain(t *testing.T) {
	b := newBus(time.Now)
	events, cancel := b.subscribe()
	defer cancel()
	for range 10 * eventRoom {
		b.publish(api.Event{Kind: "ticket"})
	}
	last := ""
	for range eventRoom {
		last = (<-events).Kind
	}
	if last != "state" {
		t.Errorf("the last word is %q", last)
	}
	b.close()
	if _, ok := <-events; ok {
		t.Error("the stream does not end")
	}
}

func TestPages(t *testing.T) {
	for page, want := range map[string]bool{
		"describe": true, "tickets": true, "repair": true, "ticket/42": true, "ticket/INC-0042.a": true, "ticket/": false,
		"ticket/../x": false, "ticket/a b": false, "": false, "exec": false, "ticket/" + strings.Repeat("1", 99): false,
		"ticket/4\u202e2": false,
	} {
		if got := isPage(page); got != want {
			t.Errorf("%q: have %v", page, got)
		}
	}
}
