package agent

import (
	"context"
	"fmt"
	"maps"

	"balise/app/internal/ipc/api"
	"balise/diagnostics/cause"
)

// known refuses what nobody asked: an answer goes into the report.
func known(question, option string) error {
	kb, err := cause.Core()
	if err != nil {
		return fmt.Errorf("read the questions: %w", err)
	}
	for _, q := range kb.Questions {
		if q.ID != question {
			continue
		}
		for _, o := range q.Options {
			if option == "" || option == o.ID {
				return nil
			}
		}
	}
	return &api.Error{Code: api.CodeUsage, Args: map[string]string{"what": question + "=" + option}}
}

// Answer gives the user's answer to the question of the incident's diagnosis. It is evidence like the result of
// a self-test, and the diagnosis is made again with it; an empty option takes an answer back.
func (a *Agent) Answer(ctx context.Context, incidentID, question, option string) (api.Incident, error) {
	i, err := a.incidents.get(incidentID, a.p.Now())
	if err != nil {
		return api.Incident{}, err
	}
	if err := known(question, option); err != nil {
		return api.Incident{}, a.explain(err)
	}
	release, err := i.take(ctx)
	if err != nil {
		return api.Incident{}, err
	}
	defer release()
	i.mu.Lock()
	answers := maps.Clone(i.api.Answers) // a copy of the incident may be on its way to a caller
	if answers == nil {
		answers = map[string]string{}
	}
	if answers[question] = option; option == "" {
		delete(answers, question)
	}
	i.api.Answers = answers
	i.mu.Unlock()
	if err := a.conclude(ctx, i); err != nil {
		return api.Incident{}, a.explain(err)
	}
	a.bus.publish(api.Event{Kind: "incident", Incident: incidentID})
	return i.copy(), nil
}
