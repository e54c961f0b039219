package fakeagent

import (
	"context"
	"maps"
	"slices"
	"strings"

	"balise/app/internal/ipc/api"
)

// SetSymptom implements api.Service.
func (a *Agent) SetSymptom(ctx context.Context, id, symptom string) (api.Incident, error) {
	if err := a.enter(ctx, "SetSymptom"); err != nil {
		return api.Incident{}, err
	}
	a.Lock()
	defer a.Unlock()
	inc := a.incidents[id]
	if inc == nil {
		return api.Incident{}, errNoSuch
	}
	inc.Symptom = nil
	for _, s := range a.Complaints {
		if s.ID == symptom {
			chosen := a.Asked[symptom]
			chosen.ID, chosen.Title, chosen.Form, chosen.Publisher = s.ID, s.Title, s.Form, s.Publisher
			inc.Symptom = &chosen
		}
	}
	if symptom != "" && inc.Symptom == nil {
		return api.Incident{}, errNoSuch
	}
	return *inc, nil
}

// Symptoms implements api.Service: those of Complaints whose title has a word of the text.
func (a *Agent) Symptoms(ctx context.Context, text string) ([]api.SymptomMatch, error) {
	if err := a.enter(ctx, "Symptoms"); err != nil {
		return nil, err
	}
	a.Lock()
	defer a.Unlock()
	if strings.TrimSpace(text) == "" {
		return slices.Clone(a.Complaints), nil
	}
	out := []api.SymptomMatch{}
	for _, s := range a.Complaints {
		for _, word := range strings.Fields(strings.ToLower(text)) {
			if strings.Contains(strings.ToLower(s.Title), word) {
				s.Words = append(s.Words, word)
			}
		}
		if len(s.Words) > 0 {
			out = append(out, s)
		}
	}
	return out, nil
}

// Forms implements api.Service.
func (a *Agent) Forms(ctx context.Context) ([]api.Form, error) {
	if err := a.enter(ctx, "Forms"); err != nil {
		return nil, err
	}
	a.Lock()
	defer a.Unlock()
	return slices.Clone(a.Requests), nil
}

// Packs implements api.Service.
func (a *Agent) Packs(ctx context.Context) ([]api.PackInfo, error) {
	if err := a.enter(ctx, "Packs"); err != nil {
		return nil, err
	}
	a.Lock()
	defer a.Unlock()
	return slices.Clone(a.Installed), nil
}

// Words implements api.Service.
func (a *Agent) Words(ctx context.Context, lang string) (map[string]string, error) {
	if err := a.enter(ctx, "Words"); err != nil {
		return nil, err
	}
	a.Lock()
	defer a.Unlock()
	return maps.Clone(a.Texts[lang]), nil
}

// Branding implements api.Service.
func (a *Agent) Branding(ctx context.Context) (api.Branding, error) {
	err := a.enter(ctx, "Branding")
	a.Lock()
	defer a.Unlock()
	return a.Owner, err
}
