package agent

import (
	"context"
	"maps"
	"slices"
	"strings"

	"balise/app/internal/ipc/api"
	"balise/diagnostics/cause"
	"balise/diagnostics/pack"
	"balise/diagnostics/pack/join"
)

// maxSentence is how much of what a person writes is searched for a symptom.
const maxSentence = 2000

func (now *inForce) symptom(id string) (pack.Symptom, bool) {
	i := slices.IndexFunc(now.set.Symptoms, func(s pack.Symptom) bool { return s.ID == id })
	if i < 0 {
		return pack.Symptom{}, false
	}
	return now.set.Symptoms[i], true
}

func (now *inForce) symptomPublisher(lang, id string) string {
	return now.publisher(lang, func(p pack.Pack) bool {
		return slices.ContainsFunc(p.Symptoms, func(s pack.Symptom) bool { return s.ID == id })
	})
}

// Symptoms are what people complain of, those first that fit the text.
func (a *Agent) Symptoms(_ context.Context, text string) ([]api.SymptomMatch, error) {
	now, lang := a.packs.get(), a.language()
	out := []api.SymptomMatch{}
	row := func(s pack.Symptom) api.SymptomMatch {
		return api.SymptomMatch{
			ID: s.ID, Title: s.Title.In(lang), Form: s.Form, Publisher: now.symptomPublisher(lang, s.ID),
		}
	}
	text = strings.TrimSpace(text)
	if text == "" {
		for _, s := range now.set.Symptoms {
			out = append(out, row(s))
		}
		return out, nil
	}
	index, err := now.index()
	if err != nil {
		return nil, a.explain(err)
	}
	for _, m := range index.Match(text[:min(len(text), maxSentence)], lang) {
		if s, ok := now.symptom(m.ID); ok {
			r := row(s)
			r.Score, r.Words = m.Score, m.Words
			out = append(out, r)
		}
	}
	return out, nil
}

// SetSymptom says which symptom the incident is about.
func (a *Agent) SetSymptom(ctx context.Context, incidentID, id string) (api.Incident, error) {
	i, err := a.incidents.get(incidentID, a.p.Now())
	if err != nil {
		return api.Incident{}, err
	}
	chosen, err := a.incidentSymptom(id)
	if err != nil {
		return api.Incident{}, err
	}
	release, err := i.take(ctx)
	if err != nil {
		return api.Incident{}, err
	}
	defer release()
	i.mu.Lock()
	if old := i.api.Symptom; old != nil && (chosen == nil || old.ID != chosen.ID) {
		// What was answered to another symptom's questions is no evidence any more.
		i.api.Answers = maps.Clone(i.api.Answers)
		for _, q := range old.Questions {
			delete(i.api.Answers, q.ID)
		}
	}
	i.api.Symptom = chosen
	tested := len(i.api.Results) > 0
	i.mu.Unlock()
	if tested {
		if err := a.conclude(ctx, i); err != nil {
			return api.Incident{}, a.explain(err)
		}
	}
	a.bus.publish(api.Event{Kind: "incident", Incident: incidentID})
	return i.copy(), nil
}

// incidentSymptom is a symptom and what it asks; nil for none.
func (a *Agent) incidentSymptom(id string) (*api.IncidentSymptom, error) {
	if id == "" {
		return nil, nil
	}
	now, lang := a.packs.get(), a.language()
	s, ok := now.symptom(id)
	if !ok {
		return nil, &api.Error{Code: api.CodeUsage, Args: map[string]string{"what": id}, Detail: "no such symptom"}
	}
	out := &api.IncidentSymptom{
		ID: s.ID, Title: s.Title.In(lang), Form: s.Form, Publisher: now.symptomPublisher(lang, s.ID),
	}
	for _, ask := range join.Questions(s) {
		q := cause.Question{ID: ask.ID}
		for _, o := range ask.Options {
			q.Options = append(q.Options, o.ID)
		}
		out.Questions = append(out.Questions, q)
	}
	return out, nil
}

// symptomOf is the symptom of an incident as its pack wrote it.
func (a *Agent) symptomOf(i api.Incident) (pack.Symptom, bool) {
	if i.Symptom == nil {
		return pack.Symptom{}, false
	}
	return a.packs.get().symptom(i.Symptom.ID)
}
