package repair

import (
	"context"
	"slices"
	"testing"

	"balise/diagnostics"
)

// single offers one thing, which Balise would pick.
type single struct{ chooser }

func (s *single) Look(context.Context, []diagnostics.Result) Look {
	return Look{Steps: map[string]StepLook{"go": {Choices: []Choice{{ID: "only", Chosen: true}}}}}
}

// Nobody is asked to choose among one thing, and a repair is still told which it is.
func TestTheOnlyChoiceIsTaken(t *testing.T) {
	s := newStage(t, &script{steps: []StepSpec{{ID: "go", Kind: Auto, Risk: WithUndo, Choose: "one"}}})
	f := &single{chooser{script: s.script}}
	s.shelf.fixers = []Fixer{f}
	a, err := s.try(t)
	if err != nil || a.State != Solved || !slices.Equal(f.got, []string{"only"}) {
		t.Errorf("%v, got %v: %+v", err, f.got, a)
	}
}
