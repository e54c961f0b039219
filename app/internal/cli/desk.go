package cli

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"balise/app/internal/ipc/api"
)

func runSignIn(ctx context.Context, s *session, line commandLine) error {
	in, err := s.credentials(ctx, line)
	if err != nil {
		return err
	}
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	desk, err := s.svc.SignIn(ctx, in)
	if err != nil {
		return err
	}
	if desk.Problem != nil {
		return desk.Problem
	}
	if err := s.kept(ctx); err != nil {
		return err
	}
	if desk.Practice {
		s.out.say(s.t("cli.desk.practice"))
	}
	who := desk.Person.Name
	if who == "" {
		who = desk.Person.Email
	}
	s.out.say(s.t("cli.desk.signed_in", "person", cleanLine(who), "product",
		cleanLine(desk.Caps.Product+" "+desk.Caps.Version)))
	s.out.document(DeskDoc{Schema: schemaDesk, Desk: desk})
	return nil
}

// kept tells when there is no keyring: an agent that runs keeps the credential in memory, a command alone
// cannot keep it at all.
func (s *session) kept(ctx context.Context) error {
	state, err := s.svc.State(ctx)
	if err != nil || !slices.Contains(state.Warnings, api.CodeKeyringAbsent) {
		return nil // signed in; what the agent cannot tell now is no reason to say otherwise
	}
	if state.PID == os.Getpid() {
		s.out.note(s.t("cli.desk.not_kept"))
		return api.NewError(api.CodeKeyringAbsent, nil)
	}
	what, next := s.errorWords(api.CodeKeyringAbsent, nil)
	s.out.note(what + " " + next)
	return nil
}

// credentials reads what the flags announce. A secret never stands on the command line, where every user of
// the computer can read it.
func (s *session) credentials(ctx context.Context, line commandLine) (api.SignIn, error) {
	o := line.opts
	switch {
	case o.tokenStdin && (o.user != "" || o.passwordStdin):
		return api.SignIn{}, usage("sign_in_both")
	case (o.user == "") != !o.passwordStdin:
		return api.SignIn{}, usage("sign_in_half")
	case o.tokenStdin:
		token, err := s.secretFromStdin()
		return api.SignIn{Auth: "token", Token: token}, err
	case o.passwordStdin:
		password, err := s.secretFromStdin()
		return api.SignIn{Auth: "basic", User: o.user, Password: password}, err
	case !s.p.Terminal || s.p.ReadSecret == nil:
		return api.SignIn{}, usage("sign_in_how")
	}
	token, err := s.p.ReadSecret(ctx, s.t("cli.desk.ask_token"))
	if err != nil {
		return api.SignIn{}, err
	}
	if token = strings.TrimSpace(token); token == "" {
		return api.SignIn{}, usage("secret_empty")
	}
	return api.SignIn{Auth: "token", Token: token}, nil
}

func runSignOut(ctx context.Context, s *session, _ commandLine) error {
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := s.svc.SignOut(ctx); err != nil {
		return err
	}
	return s.done("sign-out", "", s.t("cli.desk.signed_out"))
}

func runDesk(ctx context.Context, s *session, line commandLine) error {
	if s.p.Desk == nil {
		return api.NewError(api.CodeInternal, nil)
	}
	o := DeskOptions{Listen: line.opts.listen, DB: line.opts.db}
	return s.p.Desk(ctx, o, func(info DeskInfo) {
		s.out.say(s.t("cli.desk.serving", "url", info.URL))
		s.out.say(s.t("cli.desk.serving_next"))
		s.out.document(DeskURLDoc{Schema: schemaDeskURL, URL: info.URL, PID: info.PID})
	})
}

func runDeskURL(ctx context.Context, s *session, _ commandLine) error {
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	link, err := s.svc.DeskURL(ctx)
	if err != nil {
		return err
	}
	s.out.say(link)
	s.out.document(DeskURLDoc{Schema: schemaDeskURL, URL: link})
	return nil
}

func runConfigShow(ctx context.Context, s *session, _ commandLine) error {
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	settings, err := s.svc.Config(ctx)
	if err != nil {
		return err
	}
	for _, set := range settings {
		from := s.named("cli.config.source."+set.Source, set.Source)
		if set.File != "" {
			from += " " + set.File
		}
		if set.Locked {
			from += ", " + s.t("cli.config.locked")
		}
		value := cleanLine(set.Value)
		if value == "" {
			value = s.t("cli.config.empty")
		}
		s.out.item("", "  ", set.Key+": "+value+" ("+from+")")
	}
	s.out.document(ConfigDoc{Schema: schemaConfig, Settings: notNil(settings)})
	return nil
}

func runConfigCheck(_ context.Context, s *session, line commandLine) error {
	if s.p.CheckConfig == nil {
		return api.NewError(api.CodeInternal, nil)
	}
	if err := s.p.CheckConfig(line.args[0]); err != nil {
		var known *api.Error
		if errors.As(err, &known) {
			return err
		}
		return api.NewError(api.CodeConfig, err)
	}
	return s.done("config check", line.args[0], s.t("cli.config.good", "file", line.args[0]))
}

func runAgent(ctx context.Context, s *session, line commandLine) error {
	if s.p.Agent == nil {
		return api.NewError(api.CodeInternal, nil)
	}
	return s.p.Agent(ctx, AgentOptions{NoTray: line.opts.noTray})
}
