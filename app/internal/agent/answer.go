package agent

import (
	"context"
	"maps"

	"balise/app/internal/ipc/api"
)

// known refuses what nobody asked: an answer goes into the report.
func (a *Agent) known(i api.Incident, question, option string) error {
	for _, q := range a.knowledge(&i).Questions {
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
	if err := a.known(i.copy(), question, option); err != nil {
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
