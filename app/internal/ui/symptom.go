package ui

import (
	"context"
	"strings"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// symptoms offers, under the user's words, what they may be about. It is a help and no duty: whoever goes on
// without choosing loses nothing.
type symptoms struct {
	u     *UI
	s     *scope
	root  *containerT
	found []api.SymptomMatch
	typed int    // counts the letters, to wait for a pause between them
	shown string // what the root was built for
}

func newSymptoms(u *UI, s *scope) *symptoms {
	y := &symptoms{u: u, s: s, root: stack()}
	y.look(0)
	return y
}

const (
	// leastWords is the shortest text that is worth a guess.
	leastWords = 4
	// mostSymptoms are shown: three can be read at a glance.
	mostSymptoms = 3
	// wordPause is how long the letters must rest.
	wordPause = 3 * pause / 5
)

// typing asks again once the letters rest.
func (y *symptoms) typing() {
	y.typed++
	n := y.typed
	y.s.after(wordPause, func() { y.look(n) })
}

func (y *symptoms) look(n int) {
	text := strings.TrimSpace(y.u.flow.in.Description)
	if n != y.typed || y.u.flow.inc.Symptom != nil {
		return
	}
	if len(text) < leastWords {
		y.found = nil
		y.refresh()
		return
	}
	ask(y.s, quick, func(ctx context.Context) ([]api.SymptomMatch, error) {
		return y.u.p.Service.Symptoms(ctx, text)
	}, func(list []api.SymptomMatch, err error) {
		if n != y.typed || err != nil {
			return // a guess that cannot be had is no news
		}
		y.found = list[:min(len(list), mostSymptoms)]
		y.refresh()
	})
}

// refresh builds the list anew where it changed: the keyboard must not lose its place at each letter.
func (y *symptoms) refresh() {
	u := y.u
	chosen := u.flow.inc.Symptom
	now := ""
	for _, m := range y.found {
		now += m.ID + "\n"
	}
	if chosen != nil {
		now = "chosen " + chosen.ID
	}
	if now == y.shown {
		return
	}
	y.shown = now
	switch {
	case chosen != nil:
		fill(y.root, y.chosen(*chosen)...)
	case len(y.found) == 0:
		fill(y.root)
	default:
		var buttons objects
		for _, m := range y.found {
			buttons.add(widgets.NewButton(u.inPage, widgets.Secondary, widgets.Line(m.Title), func() {
				u.flow.setSymptom(m.ID)
			}))
		}
		fill(y.root, widgets.Caption(u.tr("symptom.ask")), row(buttons...))
	}
	u.shell.refresh()
}

// chosen is the symptom that the user chose, and the way to take it back.
func (y *symptoms) chosen(c api.IncidentSymptom) objects {
	u := y.u
	back := widgets.NewButton(u.inPage, widgets.Quiet, u.tr("symptom.change"), func() {
		u.flow.setSymptom("")
		y.typing()
	})
	out := objects{widgets.Body(u.tr("symptom.chosen", "title", widgets.Line(c.Title))), row(back)}
	if c.Form != "" {
		out.add(widgets.NewPanel(widgets.ToneInfo, widgets.Body(u.tr("symptom.form")),
			row(widgets.NewButton(u.inPage, widgets.Secondary, u.tr("symptom.open_form"), func() {
				u.go_(route{pageRequest, c.Form})
			}))))
	}
	return out
}

// setSymptom tells the agent what the incident is about; an empty id takes it back.
func (f *flow) setSymptom(id string) {
	inc := f.inc.ID
	if inc == "" {
		return
	}
	ask(f.s, quick, func(ctx context.Context) (api.Incident, error) {
		return f.u.p.Service.SetSymptom(ctx, inc, id)
	}, func(now api.Incident, err error) {
		f.answerErr = err
		if err == nil {
			// While the self-tests run, their results are this window's own business.
			if f.testing {
				now.Diagnosis, now.Results = f.inc.Diagnosis, f.inc.Results
			}
			f.inc = now
			f.answered++
		}
		f.notify()
	})
}

// question is what is asked next: a question of the symptom that has no answer, else the diagnosis' own. Where the
// cause is sure nothing is asked.
func (f *flow) question() *api.Question {
	d := f.inc.Diagnosis
	if d == nil || d.Problem() && d.Confidence == api.Confirmed {
		return nil
	}
	if s := f.inc.Symptom; s != nil {
		for _, q := range s.Questions {
			if _, answered := f.inc.Answers[q.ID]; !answered {
				return &q
			}
		}
	}
	if d.Question != nil && f.inc.Answers[d.Question.ID] == "" {
		return d.Question
	}
	return nil
}
