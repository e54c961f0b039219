package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"golang.org/x/term"

	"balise/app/internal/agent"
	"balise/app/internal/cli"
	"balise/app/internal/config"
	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
	"balise/app/internal/platform/autostart"
	"balise/app/internal/platform/capture"
	"balise/app/internal/platform/notify"
	"balise/app/internal/platform/openurl"
	"balise/app/internal/platform/paths"
	"balise/app/internal/platform/window"
	"balise/app/internal/product"
	"balise/app/internal/tray"
	"balise/client/desk"
	"balise/client/secret"
)

// program is what the command line wires together. Its fields are set once, before anything runs.
type program struct {
	state    string
	socket   string
	settings config.Params
	// keepsNothing: the command line is one that only looks, and could do without the state folder.
	keepsNothing bool
}

func newProgram(env func(string) string) (*program, error) {
	state, err := paths.State()
	if err != nil {
		return nil, err
	}
	user, err := paths.Config()
	if err != nil {
		return nil, err
	}
	return &program{
		state: state, socket: paths.Socket(state),
		settings: config.Params{UserFile: user, File: env(paths.ConfigEnv), PolicyFile: paths.Policy()},
	}, nil
}

func (p *program) commands(args []string) cli.Params {
	p.keepsNothing = isCheck(args)
	in, out := int(os.Stdin.Fd()), int(os.Stdout.Fd())
	width, _, err := term.GetSize(out)
	if err != nil {
		width = 0 // the command line has a default of its own
	}
	return cli.Params{
		Args: args, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Terminal: term.IsTerminal(in) && term.IsTerminal(out), Width: width,
		Version: cli.Version{
			Version: product.Version, Revision: product.Revision(), Go: runtime.Version(),
			OS: runtime.GOOS, Arch: runtime.GOARCH, AppID: product.AppID,
		},
		UseConfig:  func(file string) error { p.settings.File = file; return nil },
		Texts:      p.texts,
		Connect:    p.connect,
		ReadSecret: readSecret,
		Start:      func(ctx context.Context) error { return p.resident(ctx, "describe", true) },
		HasDisplay: window.HasDisplay,
		Open:       p.open,
		Agent: func(ctx context.Context, o cli.AgentOptions) error {
			return p.resident(ctx, "", !o.NoTray)
		},
		Desk:        p.desk,
		CheckConfig: config.CheckFile,
		Packs:       p.packTools(),
		Internal:    internal,
	}
}

// isCheck tells whether the first word is check: no other command may lose what it would have kept.
func isCheck(args []string) bool {
	for i := 0; i < len(args); i++ {
		switch word := args[i]; {
		case word == "--config" || word == "-config":
			i++
		case !strings.HasPrefix(word, "-"):
			return word == "check"
		}
	}
	return false
}

// texts is the user's language; settings that cannot be read must not keep the error from being told.
func (p *program) texts() *i18n.Printer {
	setting := "auto"
	if loaded, err := config.Load(p.settings); err == nil {
		setting = loaded.Config.Language
	} else if l := config.Salvage(p.settings).Config.Language; l != "" {
		setting = l
	}
	return i18n.New(config.ResolveLanguage(setting))
}

// params are the agent's, the same for a resident one and for a command's own.
func (p *program) params(log *slog.Logger) agent.Params {
	return agent.Params{
		StateDir: p.state, Socket: p.socket, Version: product.Version, Log: log,
		Settings: agent.FileSettings(p.settings), Secrets: secret.New(secret.Params{}),
		OpenURL: openurl.Open, OpenSettings: openurl.Settings, HasSettings: openurl.HasSettings,
		Autostart:  p.autostart(),
		CaptureWhy: capture.Why, PackDirs: paths.Packs(), UserPacks: []string{filepath.Join(p.state, "packs")},
	}
}

// autostart is the agent as one of the programs that start with this user's session, with the state and the
// settings of now; nothing where nobody knows which program this is.
func (p *program) autostart() agent.Autostart {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	argv := []string{self}
	if p.settings.File != "" {
		argv = append(argv, "--config", p.settings.File)
	}
	return autostart.New(autostart.Params{ID: product.AppID, Name: product.Name, Exec: append(argv, "agent")})
}

func (p *program) connect(ctx context.Context) (api.Service, func(), error) {
	params := p.params(logger(slog.LevelError))
	svc, done, err := agent.Connect(ctx, params)
	if code := api.CodeOf(err); err == nil || !p.keepsNothing || code != api.CodeDiskFull && code != api.CodeStateReadOnly {
		return svc, done, err
	}
	// A full or broken disk is what the self-tests are there to find: they run in a folder that is gone afterwards.
	for _, base := range []string{os.Getenv("XDG_RUNTIME_DIR"), os.TempDir()} {
		dir, tempErr := os.MkdirTemp(base, "balise-")
		if tempErr != nil {
			continue
		}
		params.StateDir, params.Socket = dir, paths.Socket(dir)
		if svc, done, tempErr = agent.Connect(ctx, params); tempErr == nil {
			return svc, func() { done(); _ = os.RemoveAll(dir) }, nil
		}
		_ = os.RemoveAll(dir)
	}
	return nil, nil, err
}

// open is a balise: link. It shows the describe page, on a symptom if the link names one, and nothing more.
func (p *program) open(ctx context.Context, symptom string) error {
	page := "describe"
	if symptom != "" {
		page += "/" + symptom
	}
	if c, err := api.Dial(p.socket); err == nil {
		defer c.Close()
		return c.Show(ctx, page)
	}
	return p.resident(ctx, page, true)
}

func (p *program) desk(ctx context.Context, o cli.DeskOptions, ready func(cli.DeskInfo)) error {
	return desk.Run(ctx, desk.Params{
		Listen: o.Listen, DBPath: o.DB, StateDir: p.state, Log: logger(slog.LevelInfo),
		Ready: func(i desk.Info) { ready(cli.DeskInfo{URL: i.URL, PID: i.PID}) },
	})
}

// resident is the agent until ctx ends, with its tray when asked; page is shown first, "" shows none.
func (p *program) resident(ctx context.Context, page string, withTray bool) error {
	log := logger(slog.LevelInfo)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var a *agent.Agent // set below, before anything can be clicked
	notes := notify.New(notify.Params{
		AppName: product.Name, AppID: product.AppID, Action: p.texts().T("tray.open"),
		OnClick: func(key string) { a.Show(ctx, key) },
		Log:     log,
	})
	defer notes.Close()
	viewer := window.New(window.Params{
		Socket: p.socket, Log: log,
		OnFail: func(error) { p.noWindow(ctx, a, notes) },
	})
	params := p.params(log)
	params.Window = func(ctx context.Context, page, incident string) error {
		err := viewer.Show(ctx, page, incident)
		if errors.Is(err, window.ErrMissing) {
			p.noWindow(ctx, a, notes)
		}
		return err
	}
	params.Notifier = notifier{notes}
	first := page
	if first == "" {
		first = "describe"
	}
	a, err := agent.Start(ctx, params, first)
	if errors.Is(err, agent.ErrShown) {
		return nil
	}
	if err != nil {
		return err
	}
	p.keepCrashes(log)
	defer viewer.Close()
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx); cancel() }()
	if page != "" {
		go show(ctx, a, page, log)
	}
	if withTray {
		p.runTray(ctx, a, notes, log)
	}
	return errors.Join(<-ended, a.Close())
}

// runTray blocks on the main goroutine, as systems want it of whoever owns a tray icon. Without a session bus
// there is no tray and it returns at once.
func (p *program) runTray(ctx context.Context, a *agent.Agent, notes *notify.Notifier, log *slog.Logger) {
	t := tray.New(tray.Params{
		Texts: p.texts(), Log: log,
		OnAction: func(action tray.Action) {
			if action == tray.Now {
				p.mark(ctx, a, notes, log)
				return
			}
			act(ctx, a, action, log)
		},
		OnHost: func(present bool) {
			if present {
				a.Unwarn("tray.no_host")
				return
			}
			// Nothing shows the icon: the window is the only way in.
			a.Warn("tray.no_host")
			show(ctx, a, "describe", log)
		},
	})
	go a.Tell(ctx, func(s api.State) {
		record, err := a.Record(ctx, api.RecordStatus)
		t.Set(tray.Status{
			Unread: s.Unread, Waiting: s.Waiting, Refused: s.Refused, Practice: s.Desk.Practice,
			Problem: s.Desk.Problem != nil || s.Background != nil && s.Background.Problem != nil,
			Record:  err == nil && record.On,
		})
	})
	if err := t.Run(ctx); err != nil {
		log.Warn("no tray", "error", err)
		a.Warn("tray.no_host")
		if window.HasDisplay() {
			show(ctx, a, "describe", log)
		}
	}
}

// noWindow tells the person who clicked and sees nothing what happened and what to do next. OpenGL may be
// what is broken; the desktop's notifications and the terminal work without it.
func (p *program) noWindow(ctx context.Context, a *agent.Agent, notes *notify.Notifier) {
	if ctx.Err() != nil {
		return // Balise ends, and its window with it
	}
	a.Warn(api.CodeNoWindow)
	what, next := p.texts().Error(api.CodeNoWindow, nil)
	fmt.Fprintf(os.Stderr, "balise: %s %s\n", what, next)
	ctx, cancel := context.WithTimeout(ctx, api.QuickDeadline)
	defer cancel()
	// A desktop without notifications has the line above.
	_ = notes.Show(ctx, notify.Note{Key: api.CodeNoWindow, Title: what, Body: next})
}

// mark keeps this moment of the record, and says that it did: nothing else shows after the click.
func (p *program) mark(ctx context.Context, a *agent.Agent, notes *notify.Notifier, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, api.QuickDeadline)
	defer cancel()
	if _, err := a.Record(ctx, api.RecordNow); err != nil {
		log.Warn("mark a moment of the record", "error", err)
		show(ctx, a, "settings", log) // the page says how the record stands
		return
	}
	texts := p.texts()
	note := notify.Note{Key: "describe", Title: texts.T("tray.marked.title"), Body: texts.T("tray.marked.text")}
	if err := notes.Show(ctx, note); err != nil {
		show(ctx, a, "describe", log) // no notifications on this desktop: the first page says it too
	}
}

// act does what an entry of the tray's menu says.
func act(ctx context.Context, a *agent.Agent, action tray.Action, log *slog.Logger) {
	switch action {
	case tray.Report, tray.Tickets, tray.Check:
		show(ctx, a, string(action), log)
	case tray.DeskPage:
		url, err := a.DeskURL(ctx)
		if err == nil {
			err = openurl.Open(url)
		}
		if err != nil {
			log.Warn("open the practice desk's page", "error", err)
		}
	case tray.Quit:
		_ = a.Quit(ctx) // never fails
	}
}

func show(ctx context.Context, a *agent.Agent, page string, log *slog.Logger) {
	if err := a.Show(ctx, page); err != nil {
		log.Warn("show the window", "page", page, "error", err)
		a.Warn(api.CodeNoWindow)
	}
}

// keepCrashes writes the trace of a crash, which would otherwise be lost with the terminal, beside the state.
func (p *program) keepCrashes(log *slog.Logger) {
	f, err := os.OpenFile(filepath.Join(p.state, "crash.log"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err == nil {
		err = debug.SetCrashOutput(f, debug.CrashOptions{})
		f.Close() // SetCrashOutput keeps its own
	}
	if err != nil {
		log.Warn("keep crash traces", "error", err)
	}
}

// notifier is the desktop's notifications in the agent's words.
type notifier struct{ n *notify.Notifier }

func (n notifier) Show(ctx context.Context, note agent.Note) error {
	return n.n.Show(ctx, notify.Note{
		Key: note.Key, Title: note.Title, Body: note.Body, Urgent: note.Urgent, Quiet: note.Quiet,
	})
}

func (n notifier) Withdraw(ctx context.Context, key string) error { return n.n.Withdraw(ctx, key) }

func logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

// readSecret asks without echo. The terminal gives no deadline; the person does.
func readSecret(_ context.Context, prompt string) (string, error) {
	fmt.Fprint(os.Stderr, prompt)
	raw, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(os.Stderr)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return string(raw), err
}
