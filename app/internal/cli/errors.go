package cli

import (
	"context"
	"errors"
	"strings"

	"balise/app/internal/ipc/api"
)

var (
	// errProblem ends `balise check` with 1; everything was printed already.
	errProblem = errors.New("a problem is named")
	// errRefused and errNotDone end a command whose answer was printed already.
	errRefused = errors.New("refused")
	errNotDone = errors.New("not done")
)

// exit prints what an error means and returns the exit code.
func (s *session) exit(err error) int {
	code := exitCode(err)
	switch {
	case err == nil || errors.Is(err, errProblem) || errors.Is(err, errRefused) || errors.Is(err, errNotDone):
	default:
		s.complain(err, code)
	}
	if s.out.err != nil && code == ExitDone {
		return ExitFailed
	}
	return code
}

func (s *session) complain(err error, exit int) {
	r := s.reason(err)
	var u *usageError
	if s.out.mode != people {
		s.out.document(ErrorDoc{Schema: schemaError, Error: *r, Exit: exit})
	}
	s.out.note("balise: " + r.What)
	if r.Next != "" {
		s.out.note(r.Next)
	}
	if r.Detail != "" && !errors.As(err, &u) {
		for one := range strings.Lines(r.Detail) { // several mistakes of one file
			s.out.note(s.t("cli.detail", "detail", cleanLine(one)))
		}
	}
}

// exitCode is the stable meaning of an error.
func exitCode(err error) int {
	var u *usageError
	switch {
	case err == nil:
		return ExitDone
	case errors.Is(err, errProblem):
		return ExitProblem
	case errors.As(err, &u):
		return ExitUsage
	case errors.Is(err, errRefused):
		return ExitRefused
	case errors.Is(err, errNotDone):
		return ExitFailed
	}
	return codeExit(api.CodeOf(err))
}

// codeExit sorts the Service's codes: what the caller wrote wrongly, what was refused by somebody who may, and
// the rest.
func codeExit(code string) int {
	switch code {
	case api.CodeUsage, api.CodeConsent:
		return ExitUsage
	case api.CodeDeskUnauthorized, api.CodeDeskForbidden, api.CodeDeskInvalid, api.CodeDeskUnsupported,
		api.CodePolicy, api.CodeScreenForbidden:
		return ExitRefused
	}
	return ExitFailed
}

// reason puts an error into the user's words.
func (s *session) reason(err error) *Reason {
	var u *usageError
	if errors.As(err, &u) {
		r := &Reason{Code: api.CodeUsage, What: s.t("cli.usage."+u.what, u.args...), Next: s.t("cli.usage.next")}
		if u.consent() {
			r.Next = "" // the sentence says it
		}
		return r
	}
	if errors.Is(err, context.Canceled) {
		return &Reason{Code: "interrupted", What: s.t("cli.interrupted")}
	}
	var f *fileError
	if errors.As(err, &f) {
		return &Reason{
			Code: "file.unwritable", Args: map[string]string{"file": f.file}, Detail: f.err.Error(),
			What: s.t("cli.unwritable", "file", f.file), Next: s.t("cli.unwritable_next"),
		}
	}
	var k *packError
	if errors.As(err, &k) {
		return s.packReason(k)
	}
	var e *api.Error
	if !errors.As(err, &e) {
		e = api.NewError(api.CodeInternal, err)
	}
	r := &Reason{Code: e.Code, Args: e.Args, Detail: e.Detail}
	r.What, r.Next = s.errorWords(e.Code, e.Args)
	if why := "repair.why." + e.Args["why"]; e.Code == api.CodeConflict && s.texts.Has(why) {
		r.Next = s.t(why) // what the list of repairs says of it
	}
	return r
}

// reasonOf is reason for an answer that holds an error without being one.
func (s *session) reasonOf(e *api.Error) *Reason {
	if e == nil {
		return nil
	}
	return s.reason(e)
}
