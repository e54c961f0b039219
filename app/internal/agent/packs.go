package agent

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"balise/app/internal/config"
	"balise/app/internal/i18n"
	"balise/app/internal/ipc/api"
	"balise/diagnostics/cause"
	"balise/diagnostics/pack"
	"balise/diagnostics/pack/join"
	"balise/diagnostics/pack/probes"
	"balise/diagnostics/pack/verb"
	"balise/diagnostics/repair"
	"balise/diagnostics/symptom"
)

// packs are the support packs in force. They are read when the first of them is needed, and again when the
// settings change.
type packs struct {
	a *Agent
	// reading is held by whoever reads them.
	reading sync.Mutex

	mu  sync.Mutex
	now *inForce
}

// inForce is what was read. It never changes.
type inForce struct {
	set       *pack.Set
	knowledge cause.Knowledge
	checks    []probes.Check
	words     map[string]map[string]string
	index     func() (*symptom.Index, error) // made when somebody first writes a sentence
}

// get reads the packs if nobody has.
func (p *packs) get() *inForce {
	p.mu.Lock()
	now := p.now
	p.mu.Unlock()
	if now != nil {
		return now
	}
	p.reading.Lock()
	defer p.reading.Unlock()
	p.mu.Lock()
	now = p.now
	p.mu.Unlock()
	if now != nil {
		return now
	}
	return p.read()
}

// again reads them because the settings changed.
func (p *packs) again() {
	p.reading.Lock()
	defer p.reading.Unlock()
	p.read()
}

// read is called with reading held.
func (p *packs) read() *inForce {
	now, err := p.load()
	if err != nil {
		// Embedded and tested: a defect of the build. The self-tests must run all the same.
		p.a.p.Log.Error("read the support packs", "error", err)
		now = &inForce{set: &pack.Set{}, words: map[string]map[string]string{}, index: noIndex}
		if now.knowledge, err = cause.Core(); err != nil {
			p.a.p.Log.Error("read the causes", "error", err)
		}
	}
	for _, r := range now.set.Refused {
		p.a.p.Log.Warn("a support pack was refused", "pack", r.ID, "path", r.Path, "reason", r.Reason)
	}
	p.stock(now.set)
	p.mu.Lock()
	p.now = now
	p.mu.Unlock()
	if len(now.set.Refused) > 0 {
		p.a.Warn(api.CodePackRefused)
	} else {
		p.a.Unwarn(api.CodePackRefused)
	}
	return now
}

// stock gives the engine the packs' repairs, and orphans: repairs whose pack is gone, only to put back.
func (p *packs) stock(set *pack.Set, orphans ...string) {
	with := verb.Params{OpenURL: p.a.p.OpenURL, OpenSettings: p.a.p.OpenSettings}
	fixers, specs := join.Repairs(set, with)
	for _, id := range orphans {
		r := pack.Repair{ID: id}
		fixers = append(fixers, verb.Fixer(r, with))
		specs[id] = repair.Spec{ID: id, Undo: repair.UndoSpec{AtStart: true}}
	}
	p.a.repairs.Stock(fixers, specs)
}

func noIndex() (*symptom.Index, error) { return symptom.New(nil) }

func (p *packs) load() (*inForce, error) {
	vocabulary, err := join.Vocabulary(p.a.p.Version)
	if err != nil {
		return nil, err
	}
	embedded, err := join.Embedded()
	if err != nil {
		return nil, err
	}
	core, err := cause.Core()
	if err != nil {
		return nil, fmt.Errorf("read the causes: %w", err)
	}
	params := p.a.packParams()
	params.Embedded, params.Vocabulary, params.State, params.Now = embedded, vocabulary, p.a.p.StateDir, p.a.p.Now
	set := pack.Load(params)
	now := &inForce{
		set: set, knowledge: join.Knowledge(core, set), checks: join.Checks(set, params.Exec),
		words: map[string]map[string]string{},
		index: sync.OnceValues(func() (*symptom.Index, error) { return symptom.New(set.Symptoms) }),
	}
	for _, lang := range i18n.Languages {
		now.words[lang] = join.Words(set, lang)
	}
	return now, nil
}

// packParams says where packs may lie, and whom the administrator believes.
func (a *Agent) packParams() pack.Params {
	cfg := a.set.now().Packs
	return pack.Params{
		AdminDirs: slices.Concat(a.p.PackDirs, cfg.Dirs), UserDirs: a.p.UserPacks, Exec: cfg.AllowExec,
		Publishers: cfg.Publishers,
	}
}

// knowledge is what the core and the packs know of causes, with what the incident's symptom asks.
func (a *Agent) knowledge(i *api.Incident) cause.Knowledge {
	now := a.packs.get()
	if i == nil || i.Symptom == nil {
		return now.knowledge
	}
	s, ok := now.symptom(i.Symptom.ID)
	if !ok || len(s.Questions) == 0 {
		return now.knowledge
	}
	return now.knowledge.With(cause.Extra{Questions: join.Questions(s)})
}

// publisher is whose pack brought something, in words; empty for Balise's own.
func (now *inForce) publisher(lang string, has func(pack.Pack) bool) string {
	i := slices.IndexFunc(now.set.Packs, has)
	if i < 0 || now.set.Packs[i].Trust == pack.Embedded {
		return ""
	}
	return join.Publisher(now.set.Packs[i], lang)
}

// due are the self-tests of packs that run without being asked, and whose time has come. last is when each was
// last well.
func (now *inForce) due(at time.Time, last map[string]time.Time) []probes.Check {
	var list []probes.Check
	for _, c := range now.set.Checks {
		was, seen := last[c.ID]
		// A run may come a little early: the next one would be an hour late.
		if c.Every <= 0 || seen && at.Sub(was) < c.Every-watchEvery/2 {
			continue
		}
		i := slices.IndexFunc(now.checks, func(p probes.Check) bool { return p.ID == c.ID })
		if i >= 0 {
			list = append(list, now.checks[i])
		}
	}
	return list
}

// Packs are the support packs that were found.
func (a *Agent) Packs(context.Context) ([]api.PackInfo, error) {
	lang := a.language()
	t := i18n.New(lang)
	set := a.packs.get().set
	out := make([]api.PackInfo, 0, len(set.Packs)+len(set.Refused))
	for _, p := range set.Packs {
		out = append(out, api.PackInfo{
			ID: p.Pack.ID, Version: p.Pack.Version, Publisher: join.Publisher(p, lang), Title: p.Pack.Title.In(lang),
			Trust: string(p.Trust), Path: p.Path, Expires: p.Pack.Expires, Checks: len(p.Checks), Faults: len(p.Faults),
			Repairs: len(p.Repairs), Symptoms: len(p.Symptoms), Forms: len(p.Forms),
		})
	}
	for _, r := range set.Refused {
		info := api.PackInfo{ID: r.ID, Version: r.Version, Path: r.Path, Refused: r.Reason, Args: r.Args}
		for _, problem := range r.Problems {
			info.Problems = append(info.Problems, problem.Place()+": "+t.PackProblem(problem.Code, problem.Args))
		}
		out = append(out, info)
	}
	return out, nil
}

// Words are the packs' texts.
func (a *Agent) Words(_ context.Context, lang string) (map[string]string, error) {
	words := a.packs.get().words
	if words[lang] == nil {
		lang = "en"
	}
	return words[lang], nil
}

// support is how to reach people: what the settings say, and for what they leave open the first pack of the
// organisation's that names anybody. State answers from memory, so that packs that nobody has read yet say nothing.
func (a *Agent) support() api.Support {
	cfg, lang := a.set.now().Support, a.language()
	out := api.Support{Name: cfg.Name, Phone: cfg.Phone, Hours: cfg.Hours}
	a.packs.mu.Lock()
	now := a.packs.now
	a.packs.mu.Unlock()
	if now == nil || cfg != (config.Support{}) {
		return out
	}
	for _, p := range now.set.Packs {
		name := p.Branding.Name.In(lang)
		if p.Trust == pack.Embedded || name == "" && len(p.Contacts) == 0 {
			continue
		}
		out.Name = name
		if len(p.Contacts) > 0 {
			c := p.Contacts[0]
			out.Name, out.Phone, out.Hours = cmp.Or(name, c.Name.In(lang)), c.Phone, c.Hours.In(lang)
		}
		return out
	}
	return out
}

// Branding is that of the first pack of the organisation's that has one, with the contacts of all.
func (a *Agent) Branding(context.Context) (api.Branding, error) {
	lang := a.language()
	var out api.Branding
	for _, p := range a.packs.get().set.Packs {
		if p.Trust == pack.Embedded {
			continue
		}
		if name := p.Branding.Name.In(lang); out.Name == "" && name != "" {
			out.Name, out.Logo, out.Accent = name, p.Logo, p.Branding.Accent
		}
		for _, c := range p.Contacts {
			out.Contacts = append(out.Contacts, api.Contact{
				Name: c.Name.In(lang), Phone: c.Phone, Hours: c.Hours.In(lang), Mail: c.Mail, URL: c.URL,
			})
		}
	}
	return out, nil
}
