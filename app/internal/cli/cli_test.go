package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"balise": func() { os.Exit(baliseMain()) }})
}

// baliseMain is the program as main wires it, with a fake behind it.
func baliseMain() int {
	f := &fake{moods: os.Getenv("MOOD")}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	lang := os.Getenv("LANGUAGE")
	return Run(ctx, Params{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Terminal: os.Getenv("TERMINAL") != "",
		Version:  Version{Version: "0.1.0", Go: "go1.26", OS: "linux", Arch: "amd64", AppID: "org.balise.Balise"},
		UseConfig: func(file string) error {
			if filepath.Base(file) == "bad.yaml" {
				return &api.Error{Code: api.CodeConfig, Detail: file + ":1:1: unknown key"}
			}
			lang = "fr"
			return nil
		},
		Texts:      func() *i18n.Printer { return i18n.New(lang) },
		Connect:    func(context.Context) (api.Service, func(), error) { return f.connect() },
		HasDisplay: func() bool { return os.Getenv("DISPLAY") != "" },
		Start:      func(context.Context) error { f.log("start"); return nil },
		Open:       func(_ context.Context, symptom string) error { f.log("open page symptom=%s", symptom); return nil },
		Agent: func(_ context.Context, o AgentOptions) error {
			f.log("agent no-tray=%v", o.NoTray)
			return nil
		},
		Desk: func(_ context.Context, o DeskOptions, ready func(DeskInfo)) error {
			f.log("desk listen=%s db=%s", o.Listen, o.DB)
			ready(DeskInfo{URL: "http://127.0.0.1:4242", PID: 7})
			return nil
		},
		CheckConfig: func(file string) error {
			if filepath.Base(file) == "bad.yaml" {
				return &api.Error{Code: api.CodeConfig, Detail: file + ":1:1: unknown key"}
			}
			return nil
		},
		Packs: packTools(),
		Internal: func(_ context.Context, name string, _ []string) int {
			f.log("internal %s", name)
			return 0
		},
	})
}

func (f *fake) connect() (api.Service, func(), error) {
	if f.is("busy") {
		return nil, nil, api.NewError(api.CodeBusy, errors.New("locked"))
	}
	return f, func() {}, nil
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("LOG", filepath.Join(e.WorkDir, "log"))
			e.Setenv("LANGUAGE", "en")
			e.Setenv("TZ", "UTC")
			return os.WriteFile(filepath.Join(e.WorkDir, "log"), nil, 0o600)
		},
		RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "noescape": noEscape, "valid": validSchema, "publickey": publicKey,
		},
	})
}

// exits runs a command that must end with exactly this code: exits CODE COMMAND ...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		code = ended.ExitCode()
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("%v: exit %d, want %s", args[1:], code, args[0])
	}
}

// noEscape fails when the last command printed anything that a terminal obeys.
func noEscape(ts *testscript.TestScript, _ bool, _ []string) {
	for _, name := range []string{"stdout", "stderr"} {
		for _, r := range ts.ReadFile(name) {
			if r != '\n' && hostile(r) {
				ts.Fatalf("%s holds %U", name, r)
			}
		}
	}
}

// TestHelp reads the help of every command in both languages: each is there, fits a terminal, and names no
// missing text.
func TestHelp(t *testing.T) {
	for _, lang := range i18n.Languages {
		for _, c := range commands() {
			var out, errs bytes.Buffer
			code := Run(t.Context(), Params{
				Args: append(strings.Fields(c.path), "--help"), Stdout: &out, Stderr: &errs,
				Texts: func() *i18n.Printer { return i18n.New(lang) },
			})
			text := out.String()
			if code != ExitDone || errs.Len() > 0 || strings.Contains(text, "cli.") ||
				!strings.Contains(text, "balise "+c.path) {
				t.Errorf("%s, %s: exit %d: %s%s", lang, c.path, code, text, &errs)
			}
			for line := range strings.Lines(text) {
				if columns(line) > defaultWidth+1 {
					t.Errorf("%s, %s: longer than %d columns: %s", lang, c.path, defaultWidth, line)
				}
			}
		}
	}
}
