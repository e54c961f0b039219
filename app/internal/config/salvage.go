package config

import (
	"errors"
	"io"
	"os"
	"strings"
)

// Salvaged is what can be used of settings with mistakes.
type Salvaged struct {
	Loaded
	// Mistakes are all that were found, at least one.
	Mistakes []error
	// TestsOnly says that every mistake is in what the self-tests are told. Otherwise nothing may be sent: nobody
	// knows to whom.
	TestsOnly bool
}

// Salvage reads the same files as Load, leaving out what is wrong in them: a wrong threshold must not keep a
// broken computer from being tested. A policy that cannot be read in full forbids what it may forbid.
func Salvage(p Params) Salvaged {
	s := Salvaged{TestsOnly: true}
	var layers []layer
	strict := false
	take := func(source, file string, ready error) {
		if file == "" {
			return
		}
		l := layer{source: source, file: file, values: map[string]value{}}
		err := ready
		if err == nil {
			l, err = readLayer(source, file)
		}
		if err != nil {
			var errs []error
			if l.values, errs = salvageFile(file, err); ready != nil {
				l.values = map[string]value{} // not to be trusted, whatever it says
			}
			s.note(errs...)
			strict = strict || source == "policy"
		}
		s.note(l.others()...)
		layers = append(layers, l)
	}
	take("user", p.UserFile, nil)
	if p.File != "" {
		_, err := os.Stat(p.File)
		take("file", p.File, err)
	}
	if p.PolicyFile != "" {
		take("policy", p.PolicyFile, trusted(p.PolicyFile))
		l, err := systemPolicy()
		if err != nil {
			s.note(err)
			l.values, strict = map[string]value{}, true
		}
		layers = append(layers, l)
	}
	loaded, err := merge(layers)
	if err != nil { // the values do not go together: without a desk they do
		s.note(err)
		for _, l := range layers {
			delete(l.values, "desk.kind")
		}
		loaded, err = merge(layers)
	}
	if err == nil {
		s.Loaded = *loaded
	}
	if strict {
		s.Config.Privacy = Privacy{Screenshot: "forbid", MachineName: "withhold"}
		s.Config.Watch = Watch{Background: "off", Record: "off"}
	}
	return s
}

func (s *Salvaged) note(errs ...error) {
	for _, err := range errs {
		s.Mistakes = append(s.Mistakes, err)
		var e *Error
		if !errors.As(err, &e) || !forTests(e.Key) {
			s.TestsOnly = false
		}
	}
}

// forTests tells whether a key only says what the self-tests do.
func forTests(key string) bool {
	head, _, _ := strings.Cut(key, ".")
	return head == "probes" || head == "limits" || head == "priors" || head == "watch"
}

// salvageFile reads what is right in a file with mistakes; why is its first one.
func salvageFile(file string, why error) (map[string]value, []error) {
	f, err := os.Open(file)
	if err != nil {
		return map[string]value{}, []error{why}
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil || len(raw) > maxFile {
		return map[string]value{}, []error{why}
	}
	w, err := walk(file, raw, true)
	if err != nil {
		return map[string]value{}, []error{err}
	}
	if len(w.mistakes) == 0 {
		return w.values, []error{why}
	}
	return w.values, w.mistakes
}
