package agent

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"balise/app/internal/config"
	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
)

// FileSettings are the settings of the files that p names.
func FileSettings(p config.Params) Settings { return fileSettings{p} }

type fileSettings struct{ p config.Params }

func (f fileSettings) Load() (config.Config, []api.Setting, error) {
	l, err := config.Load(f.p)
	if err != nil {
		return config.Config{}, nil, api.NewError(api.CodeConfig, err)
	}
	return l.Config, apiSettings(l.Settings), nil
}

func apiSettings(list []config.Setting) []api.Setting {
	out := make([]api.Setting, len(list))
	for i, s := range list {
		out[i] = api.Setting{Key: s.Key, Value: s.Value, Source: s.Source, File: s.File, Locked: s.Locked}
	}
	return out
}

// Salvage reads what is right in files with mistakes.
func (f fileSettings) Salvage() (config.Config, []api.Setting, []error, bool) {
	s := config.Salvage(f.p)
	return s.Config, apiSettings(s.Settings), s.Mistakes, s.TestsOnly
}

// salvager is a Settings that can be used in part.
type salvager interface {
	// Salvage is what is right, what is wrong, and whether all of that only matters to the self-tests.
	Salvage() (cfg config.Config, list []api.Setting, mistakes []error, testsOnly bool)
}

// Set writes the user's file.
func (f fileSettings) Set(values map[string]string) error { return config.Set(f.p, values) }

// settings is what was last loaded.
type settings struct {
	from Settings
	mu   sync.Mutex
	cfg  config.Config
	list []api.Setting
	// mistake is what is wrong with the files, nil when nothing is; noDesk says that nothing may be sent with it.
	mistake *api.Error
	noDesk  bool
}

// begin loads, or takes what is right of settings with mistakes: the computer can then be tested all the same.
func (s *settings) begin() error {
	err := s.load()
	from, ok := s.from.(salvager)
	if err == nil || !ok {
		return err
	}
	cfg, list, mistakes, testsOnly := from.Salvage()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg, s.list, s.noDesk = cfg, list, !testsOnly
	s.mistake = api.NewError(api.CodeConfig, errors.Join(mistakes...))
	return nil
}

// wrong is what is wrong with the settings, and whether nothing may be sent with them.
func (s *settings) wrong() (mistake *api.Error, noDesk bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mistake, s.noDesk
}

func (s *settings) load() error {
	cfg, list, err := s.from.Load()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg, s.list, s.mistake, s.noDesk = cfg, list, nil, false
	return nil
}

func (s *settings) now() config.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cfg
}

func (s *settings) all() []api.Setting {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]api.Setting(nil), s.list...)
}

// set changes what differs, or nothing when one of them is locked.
func (s *settings) set(values map[string]string) error {
	change := map[string]string{}
	for key, value := range values {
		for _, have := range s.all() {
			if have.Key != key || have.Value == value {
				continue
			}
			if have.Locked {
				return &api.Error{Code: api.CodePolicy, Args: map[string]string{"key": key, "file": have.File}}
			}
			if have.Source == "file" { // read over the user's file, which a change would not get past
				return &api.Error{Code: api.CodeNamedFile, Args: map[string]string{"key": key, "file": have.File}}
			}
			change[key] = value
		}
	}
	if len(change) == 0 {
		return nil
	}
	if err := s.from.Set(change); err != nil {
		return fmt.Errorf("change the settings: %w", err)
	}
	return s.load()
}

// locked tells which policy file decides a key; empty when none does.
func (s *settings) locked(key string) string {
	for _, have := range s.all() {
		if have.Key == key && have.Locked {
			return have.File
		}
	}
	return ""
}

// Config is the effective settings, read again so that an edit of the file shows.
func (a *Agent) Config(context.Context) ([]api.Setting, error) {
	if err := a.reload(); err != nil {
		return nil, a.explain(err)
	}
	return a.set.all(), nil
}

// SetConfig changes one of the user's settings.
func (a *Agent) SetConfig(_ context.Context, key, value string) error {
	known := false
	for _, have := range a.set.all() {
		if known = have.Key == key; known {
			if have.Locked {
				return &api.Error{Code: api.CodePolicy, Args: map[string]string{"key": key, "file": have.File}}
			}
			break
		}
	}
	if !known {
		return &api.Error{Code: api.CodeUsage, Args: map[string]string{"what": key}}
	}
	before := a.set.now()
	if err := a.set.set(map[string]string{key: value}); err != nil {
		return a.explain(err)
	}
	a.settingsChanged(before)
	return nil
}

// reload reads the settings again and follows what changed.
func (a *Agent) reload() error {
	before := a.set.now()
	_, noDesk := a.set.wrong()
	if err := a.set.load(); err != nil {
		return err
	}
	if noDesk {
		a.link.reset() // it was refused for want of settings
	}
	a.Unwarn(api.CodeConfig)
	a.settingsChanged(before)
	return nil
}

func (a *Agent) settingsChanged(before config.Config) {
	now := a.set.now()
	if !reflect.DeepEqual(before.Packs, now.Packs) {
		a.packs.again()
	}
	if before.Desk != now.Desk {
		if now.Desk.Kind != "practice" {
			a.practice.stop()
		}
		a.link.reset()
		a.follow.wake()
		a.outbox.Kick()
	}
	if before.Watch != now.Watch {
		a.recorder.settled()
		poke(a.watch.wake)
	}
	a.bus.publish(api.Event{Kind: "state"})
}

// texts is the printer of the user's language.
func (a *Agent) texts() *i18n.Printer {
	lang := a.language()
	return i18n.New(lang).With(a.packs.get().words[lang])
}

// language is the user's, "auto" resolved.
func (a *Agent) language() string { return config.ResolveLanguage(a.set.now().Language) }

// deskLanguage is the technician's, in which the report is written.
func (a *Agent) deskLanguage() string {
	if l := a.set.now().Desk.Language; l != "" && l != "auto" {
		return l
	}
	return a.language()
}
