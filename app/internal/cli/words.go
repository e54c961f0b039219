package cli

import (
	"time"

	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
)

// errorWords is what an error code means and what to do next. Arguments come from outside: one line each.
func (s *session) errorWords(code string, args map[string]string) (what, next string) {
	tidy := make(map[string]string, len(args))
	for name, value := range args {
		tidy[name] = cleanLine(value)
	}
	return s.texts.Error(code, tidy)
}

// diagnosis is a diagnosis in words.
func (s *session) diagnosis(d *api.Diagnosis) i18n.Diagnosis { return s.texts.Diagnosis(*d) }

// checkName is a self-test's name for people.
func (s *session) checkName(id string) string { return s.texts.Check(id) }

// named is the text of a key, or the code itself where there is none: an id from a newer agent.
func (s *session) named(key, code string) string {
	if s.texts.Has(key) {
		return s.t(key)
	}
	return code
}

// size is bytes for people.
func (s *session) size(n int64) string { return s.texts.Quantity(float64(n), "B") }

// when is a time for people, in local time; nothing for no time.
func (s *session) when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format(s.t("cli.time_layout"))
}
