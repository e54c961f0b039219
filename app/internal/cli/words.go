package cli

import (
	"strconv"
	"time"

	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
)

// errorWords is what an error code means and what to do next.
func (s *session) errorWords(code string, args map[string]string) (what, next string) {
	var pairs []any
	for name, value := range args {
		pairs = append(pairs, name, cleanLine(value))
	}
	key := "error." + code
	if !s.texts.Has(key + ".what") {
		return code, ""
	}
	return s.t(key+".what", pairs...), s.t(key+".next", pairs...)
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

// size is bytes for people, in decimal units as file managers show them.
func (s *session) size(n int64) string {
	units := []string{"cli.unit.b", "cli.unit.kb", "cli.unit.mb", "cli.unit.gb"}
	v, i := float64(n), 0
	for v >= 1000 && i < len(units)-1 {
		v, i = v/1000, i+1
	}
	text := strconv.FormatFloat(v, 'f', 0, 64)
	if i > 0 && v < 10 {
		text = strconv.FormatFloat(v, 'f', 1, 64)
	}
	return s.t(units[i], "n", s.decimal(text))
}

// decimal writes a number's point as the language does.
func (s *session) decimal(text string) string {
	if s.texts.Lang() != "fr" {
		return text
	}
	out := []byte(text)
	for i, c := range out {
		if c == '.' {
			out[i] = ','
		}
	}
	return string(out)
}

// when is a time for people, in local time; nothing for no time.
func (s *session) when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format(s.t("cli.time_layout"))
}
