// Package cli is the command line: text for people, one JSON document or an event stream for scripts.
//
// It never touches the core. Everything goes through api.Service, whether an agent runs or not. Answers go to
// stdout, questions, progress and errors to stderr; whatever is printed is cleaned of what would steer the
// terminal, because subjects, names and answers come from outside.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"

	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
)

// Run executes one command line and returns its exit code. It prints; it never calls os.Exit.
func Run(ctx context.Context, p Params) int {
	if len(p.Args) > 0 && p.Args[0] == "internal" {
		return runInternal(ctx, p)
	}
	line, parseErr := parse(p.Args)
	texts := i18n.New("en")
	configErr := error(nil)
	if line.global.config != "" && p.UseConfig != nil {
		configErr = p.UseConfig(line.global.config)
	}
	if p.Texts != nil {
		texts = p.Texts()
	}
	s := &session{p: p, texts: texts, out: newOutput(p, line.global)}
	return s.run(ctx, line, parseErr, configErr)
}

func runInternal(ctx context.Context, p Params) int {
	if len(p.Args) < 2 || p.Internal == nil {
		fmt.Fprintln(p.Stderr, "balise internal: for Balise's own use")
		return ExitUsage
	}
	return p.Internal(ctx, p.Args[1], p.Args[2:])
}

// session is one command line on its way.
type session struct {
	p     Params
	texts *i18n.Printer
	out   *output
	svc   api.Service
	tells string // a warning that the command itself explains
}

func newOutput(p Params, g globals) *output {
	o := &output{stdout: p.Stdout, stderr: p.Stderr, width: min(p.Width, maxWidth)}
	if p.Width <= 0 {
		o.width = defaultWidth
	}
	switch {
	case g.events:
		o.mode = events
	case g.json:
		o.mode = document
	}
	return o
}

func (s *session) run(ctx context.Context, line commandLine, parseErr, configErr error) int {
	switch {
	case errors.Is(parseErr, flag.ErrHelp):
		s.help(line.command)
		return s.exit(nil)
	case parseErr != nil:
		return s.exit(parseErr)
	case configErr != nil:
		return s.exit(configErr)
	}
	if line.command == nil {
		return s.bare(ctx, line.rest)
	}
	if err := line.command.run(ctx, s, line); err != nil {
		return s.exit(err)
	}
	return s.exit(nil)
}

// bare is `balise` without a command, or with a balise: link.
func (s *session) bare(ctx context.Context, rest []string) int {
	start := s.p.Start
	if len(rest) == 1 && isLink(rest[0]) {
		symptom, ok := parseLink(rest[0])
		if !ok {
			return s.exit(usage("link", "link", rest[0]))
		}
		if start = nil; s.p.Open != nil {
			start = func(ctx context.Context) error { return s.p.Open(ctx, symptom) }
		}
	} else if len(rest) > 0 {
		return s.exit(usage("command", "command", rest[0]))
	}
	if start == nil || (s.p.HasDisplay != nil && !s.p.HasDisplay()) {
		s.out.note(s.t("cli.no_display"))
		s.out.note("")
		s.commandList(s.out.noteItem)
		return ExitFailed
	}
	return s.exit(start(ctx))
}

// connect reaches the Service; the caller gives it back.
func (s *session) connect(ctx context.Context) (func(), error) {
	if s.p.Connect == nil {
		return nil, api.NewError(api.CodeNoAgent, nil)
	}
	svc, closer, err := s.p.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("reach the agent: %w", err)
	}
	s.svc = svc
	if closer == nil {
		closer = func() {}
	}
	if words, err := svc.Words(ctx, s.texts.Lang()); err == nil {
		s.texts = s.texts.With(words)
	}
	s.warn(ctx)
	return closer, nil
}

// warn says what the person must know whatever the command is: reports that waited may be gone, and what the
// organisation adds may be missing.
func (s *session) warn(ctx context.Context) {
	state, err := s.svc.State(ctx)
	if err != nil {
		return // the command itself will tell what does not work
	}
	for _, code := range []string{api.CodeStateMoved, api.CodePackRefused} {
		if slices.Contains(state.Warnings, code) && code != s.tells {
			what, next := s.errorWords(code, nil)
			s.out.note(what + " " + next)
		}
	}
}

// t is a text in the user's language.
func (s *session) t(key string, args ...any) string { return s.texts.T(key, args...) }
