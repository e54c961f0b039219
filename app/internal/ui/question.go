package ui

import (
	"maps"
	"slices"

	"fyne.io/fyne/v2"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// question is the one question of a diagnosis, and the answers that were given. An answer is evidence: the
// diagnosis is made again from it, without another test, and shows in the same place.
type question struct {
	u     *UI
	root  *containerT
	first fyne.Focusable // the first thing to press in it
}

func newQuestion(u *UI) *question { return &question{u: u, root: stack()} }

// refresh builds the question anew from the incident.
func (q *question) refresh() {
	u, f := q.u, q.u.flow
	q.first = nil
	var parts objects
	if asked := f.question(); asked != nil {
		parts.add(q.ask(*asked))
	}
	for _, id := range slices.Sorted(maps.Keys(f.inc.Answers)) {
		if option := f.inc.Answers[id]; option != "" {
			parts.add(q.answered(id, option))
		}
	}
	if f.answerErr != nil {
		parts.add(u.problem(f.answerErr, nil))
	}
	fill(q.root, parts...)
}

func (q *question) ask(asked api.Question) object {
	u := q.u
	var options objects
	for _, option := range asked.Options {
		b := widgets.NewButton(u.inPage, widgets.Secondary, u.t.Option(asked.ID, option), func() {
			u.flow.answer(asked.ID, option)
		})
		if u.flow.answering {
			b.Disable()
		}
		if q.first == nil {
			q.first = b
		}
		options.add(b)
	}
	return widgets.NewPanel(widgets.ToneInfo, widgets.Caption(u.tr("verdict.question")),
		widgets.Heading(u.t.Question(asked.ID)), row(options...))
}

// answered is an answer that counts, and the way to take it back.
func (q *question) answered(id, option string) object {
	u := q.u
	back := widgets.NewButton(u.inPage, widgets.Quiet, u.tr("verdict.take_back"), func() { u.flow.answer(id, "") })
	if u.flow.answering {
		back.Disable()
	}
	return stack(widgets.Body(u.tr("verdict.answered", "question", u.t.Question(id), "answer",
		u.t.Option(id, option))), row(back))
}
