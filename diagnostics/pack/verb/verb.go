// Package verb is the closed set of things that a pack's repair can do, and what makes a repair of them.
//
// A pack orders steps; each names a verb and gives it arguments. What a verb does is code of this package and of
// the core's own repairs (package fix): a cache is set aside as app.reset_cache does it, names are flushed as
// dns.flush does, a service is restarted over the service manager. The Engine gives a pack's repair what it gives
// its own: consent, the journal before each step, the self-test afterwards, undo.
package verb

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"time"

	"balise/diagnostics/internal/act"
	"balise/diagnostics/pack"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/fix/network"
	"balise/diagnostics/repair/fix/storage"
)

// Params is what the verbs work with.
type Params struct {
	OpenURL      func(url string) error
	OpenSettings func(page string) error
	// Home and CacheHome are the user's folders; by default those of the environment.
	Home, CacheHome string
}

// The verbs.
const (
	appStop    = "app.stop"
	appStart   = "app.start"
	cacheAside = "cache.set_aside"
	unitStart  = "unit.restart"
	dnsFlush   = "dns.flush"
	pageOpen   = "page.open"
)

// pages are the codes of settings' pages (see platform/openurl).
func pages() []string {
	return []string{
		"network", "wifi", "proxy", "vpn", "datetime", "privacy.microphone", "privacy.camera", "sound", "printers",
		"storage", "updates", "apps", "power", "display",
	}
}

// Vocabulary is every verb, for whoever judges a pack.
func Vocabulary() []pack.Verb {
	programs := pack.Arg{Name: "programs", Type: pack.ArgTexts, Required: true, Min: 1, Max: 8}
	linux := []string{"linux"}
	return []pack.Verb{
		{
			Name: appStop, Args: []pack.Arg{programs}, Risk: string(repair.NoRisk), Scope: string(repair.ScopeUser), OS: linux,
			Check: plainPrograms,
		},
		{
			Name: appStart, Args: []pack.Arg{{Name: "id", Type: pack.ArgName, Required: true}},
			Risk: string(repair.NoRisk), Scope: string(repair.ScopeUser), OS: []string{"linux", "darwin"},
		},
		{
			Name: cacheAside, Risk: string(repair.WithUndo), Scope: string(repair.ScopeUser), OS: linux,
			Args: []pack.Arg{
				programs, {Name: "dirs", Type: pack.ArgTexts, Required: true, Min: 1, Max: 8},
			},
			Check: func(with map[string]any) error { return errors.Join(plainPrograms(with), cacheDirs(with)) },
		},
		{
			Name: unitStart, Args: []pack.Arg{{Name: "name", Type: pack.ArgName, Required: true}},
			Risk: string(repair.NoRisk), Scope: string(repair.ScopeUser), OS: linux, Check: serviceName,
		},
		{Name: dnsFlush, Risk: string(repair.NoRisk), Scope: string(repair.ScopeSystem)},
		{
			Name: pageOpen, Risk: string(repair.NoRisk), Scope: string(repair.ScopeUser),
			Args: []pack.Arg{
				{Name: "page", Type: pack.ArgText, Among: pages()}, {Name: "url", Type: pack.ArgURL},
			},
			Check: func(with map[string]any) error {
				if (text(with, "page") == "") == (text(with, "url") == "") {
					return errors.New("page or url: exactly one of the two")
				}
				return nil
			},
		},
	}
}

func plainPrograms(with map[string]any) error {
	for _, p := range texts(with, "programs") {
		if !act.AppName(p) {
			return errors.New("programs: names of processes, without a path")
		}
	}
	return nil
}

func cacheDirs(with map[string]any) error {
	for _, d := range texts(with, "dirs") {
		if !storage.CacheDir(d) {
			return errors.New("dirs: folders below the user's cache folder; one * may stand for one folder, not for the first")
		}
	}
	return nil
}

// serviceName wants one service of the user's own. The system's are for the settings repairs.units.
func serviceName(with map[string]any) error {
	if n := text(with, "name"); !strings.HasSuffix(n, ".service") {
		return errors.New("name: a service of the user's own session, such as acme-sync.service")
	}
	return nil
}

func text(with map[string]any, name string) string {
	s, _ := with[name].(string)
	return s
}

func texts(with map[string]any, name string) []string {
	switch list := with[name].(type) {
	case []string:
		return list
	case []any:
		var out []string
		for _, v := range list {
			if s, ok := v.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// What a pack's repair has when its pack says nothing of it.
const (
	settleEvery  = 2 * time.Second
	settleWithin = 10 * time.Second
	stepTimeout  = 2 * time.Minute
	leastPause   = 30 * time.Second
)

// Spec is what the catalogue says of a pack's repair.
func Spec(r pack.Repair) repair.Spec {
	s := repair.Spec{
		ID: r.ID, Kind: repair.Kind(r.Kind), Scope: repair.Scope(r.Scope), Risk: repair.Risk(r.Risk), CostS: r.CostS,
		Cooldown: max(r.Cooldown, leastPause), Platforms: r.When.OS, Verify: r.Verify, AsksUser: r.AsksUser, Helps: r.Helps,
		Pre: repair.Pre{
			Fails: r.Pre.Fails, Passes: r.Pre.Passes, NotInCall: r.Pre.NotInCall, OnMains: r.Pre.OnMains,
		},
		Settle: repair.Settle{Every: r.Settle.Every, Within: r.Settle.Within},
	}
	for _, st := range r.Steps {
		step := repair.StepSpec{ID: st.ID, Kind: repair.StepKind(st.Kind), Risk: repair.NoRisk, Timeout: stepTimeout}
		if i := slices.IndexFunc(Vocabulary(), func(v pack.Verb) bool { return v.Name == st.Do }); i >= 0 {
			step.Risk, step.Elevated = repair.Risk(Vocabulary()[i].Risk), Vocabulary()[i].Elevated
		}
		if step.Risk == repair.WithUndo {
			s.Undo = repair.UndoSpec{AtStart: true, Unsolved: true}
		}
		// A manual step ends when its self-test turns: the Engine looks as long.
		s.Settle.Within = max(s.Settle.Within, st.WaitFor.Max)
		s.Steps = append(s.Steps, step)
	}
	if s.Settle.Every <= 0 {
		s.Settle.Every = settleEvery
	}
	if s.Settle.Within <= 0 {
		s.Settle.Within = settleWithin
	}
	return s
}

// core is a repair of the core's own, by its id.
func core(id string, p Params, caches func() []storage.Cache) (repair.Fixer, bool) {
	var list []repair.Fixer
	switch id {
	case dnsFlush:
		list = network.Fixers(network.Params{OpenURL: p.OpenURL, OpenSettings: p.OpenSettings})
	case resetCache:
		list = storage.Fixers(storage.Params{Home: p.Home, CacheHome: p.CacheHome, Caches: caches})
	}
	i := slices.IndexFunc(list, func(f repair.Fixer) bool { return f.ID() == id })
	if i < 0 {
		return nil, false
	}
	return list[i], true
}

// here tells whether a verb works on this system.
func here(name string) bool {
	list := Vocabulary()
	i := slices.IndexFunc(list, func(v pack.Verb) bool { return v.Name == name })
	return name == "" || i >= 0 && (len(list[i].OS) == 0 || slices.Contains(list[i].OS, runtime.GOOS))
}
