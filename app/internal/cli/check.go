package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"balise/app/internal/ipc/api"
)

// goodbye bounds the closing of an incident after the command was interrupted.
const goodbye = 3 * time.Second

func runCheck(ctx context.Context, s *session, line commandLine) error {
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	if line.opts.list {
		return s.listChecks(ctx)
	}
	only, err := s.selection(ctx, line.opts.only)
	if err != nil {
		return err
	}
	inc, err := s.svc.OpenIncident(ctx, api.OpenRequest{})
	if err != nil {
		return err
	}
	defer s.closeIncident(inc.ID)
	inc, err = s.runChecks(ctx, inc.ID, only)
	if err != nil {
		return err
	}
	doc := CheckDoc{
		Schema: schemaCheck, Diagnosis: inc.Diagnosis, Results: notNil(inc.Results), TookMS: inc.TookMS,
	}
	if inc.Diagnosis != nil {
		doc.Problem = inc.Diagnosis.Problem()
		doc.Sentence = s.diagnosis(inc.Diagnosis).Sentence
	}
	s.printCheck(inc)
	s.out.document(doc)
	if doc.Problem {
		return errProblem
	}
	return nil
}

// closeIncident drops an incident also when the command's own ctx is over.
func (s *session) closeIncident(id string) {
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	_ = s.svc.CloseIncident(ctx, id)
}

// selection splits --only and refuses an id that does not exist, before anything runs.
func (s *session) selection(ctx context.Context, only string) ([]string, error) {
	if only == "" {
		return nil, nil
	}
	infos, err := s.svc.ListChecks(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	for id := range strings.SplitSeq(only, ",") {
		id = strings.TrimSpace(id)
		known := slices.ContainsFunc(infos, func(c api.CheckInfo) bool { return c.ID == id })
		if !known {
			return nil, usage("check", "id", id)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (s *session) listChecks(ctx context.Context) error {
	infos, err := s.svc.ListChecks(ctx)
	if err != nil {
		return err
	}
	doc := ChecksDoc{Schema: schemaChecks, Checks: []CheckLine{}}
	for _, c := range infos {
		doc.Checks = append(doc.Checks, CheckLine{CheckInfo: c, Name: s.checkName(c.ID)})
		text := c.ID + ": " + s.checkName(c.ID)
		if !c.Applies {
			text += " " + s.t("cli.check.not_here")
		}
		s.out.item("", "  ", text)
	}
	s.out.document(doc)
	return nil
}

// runChecks runs the self-tests of an incident and tells how far they are.
func (s *session) runChecks(ctx context.Context, id string, only []string) (api.Incident, error) {
	return s.svc.Check(ctx, id, api.CheckRequest{Only: only}, func(e api.CheckEvent) {
		if e.Kind == api.RunStarted && s.out.mode == people {
			s.out.note(s.texts.N("cli.check.running", e.Total))
		}
		s.out.event(Event{Event: string(e.Kind), At: e.At, Check: e.ID, Total: e.Total, Result: e.Result})
	})
}

// printCheck prints the diagnosis first, then what failed, then what passed in one paragraph.
func (s *session) printCheck(inc api.Incident) {
	if s.out.mode != people {
		return
	}
	s.printDiagnosis(inc.Diagnosis)
	s.printResults(inc.Results)
	s.printProposals(inc)
}

// printProposals names the repairs that fit the diagnosis and can be run, and says nothing when there are
// none: a heading with nothing under it is a promise.
func (s *session) printProposals(inc api.Incident) {
	if inc.Diagnosis == nil || !inc.Diagnosis.Problem() {
		return
	}
	first := true
	for _, r := range inc.Repairs {
		if !r.Available {
			continue
		}
		if first {
			s.out.blank()
			s.out.say(s.t("cli.check.repairs"))
			first = false
		}
		s.out.item("  ", "    ", "balise repair run "+r.ID+": "+s.repairName(r.ID))
	}
}

func (s *session) printDiagnosis(d *api.Diagnosis) {
	if d == nil {
		return
	}
	text := s.diagnosis(d)
	sure := ""
	if d.Problem() && text.Confidence != "" {
		sure = s.t("cli.check.confidence", "what", text.Confidence)
	}
	for _, sentence := range []string{
		text.Sentence, text.Breaks, text.RuledOut, sure, text.Now, text.Actor, text.Also,
	} {
		if sentence != "" {
			s.out.say(sentence)
		}
	}
}

// order is how results are listed: what names a problem first.
var order = []api.CheckStatus{api.CheckFail, api.CheckWarn, api.CheckUnknown, api.CheckSkip}

func (s *session) printResults(results []api.Result) {
	for _, status := range order {
		for _, r := range results {
			if r.Status == status {
				s.out.item("- ", "  ", s.resultLine(r))
			}
		}
	}
	var passed, na []string
	for _, r := range results {
		switch r.Status {
		case api.CheckPass:
			passed = append(passed, s.checkName(r.ID))
		case api.CheckNA:
			na = append(na, s.checkName(r.ID))
		}
	}
	if len(passed) > 0 {
		s.out.item("- ", "  ", s.t("cli.check.passed", "names", strings.Join(passed, ", ")))
	}
	if len(na) > 0 {
		s.out.item("- ", "  ", s.t("cli.check.na", "names", strings.Join(na, ", ")))
	}
}

// resultLine is "Name (id): failed; facts".
func (s *session) resultLine(r api.Result) string {
	text := s.checkName(r.ID) + " (" + r.ID + "): " + s.t("cli.check.status."+string(r.Status))
	var facts []string
	for _, f := range r.Facts {
		facts = append(facts, s.fact(f))
	}
	if len(facts) > 0 {
		text += "; " + strings.Join(facts, ", ")
	}
	if len(r.BlockedBy) > 0 {
		text += "; " + s.t("cli.check.blocked", "names", strings.Join(r.BlockedBy, ", "))
	}
	return text
}

func runSnapshot(ctx context.Context, s *session, _ commandLine) error {
	done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	groups, err := s.svc.Snapshot(ctx)
	if err != nil {
		return err
	}
	for i, g := range groups {
		if i > 0 {
			s.out.blank()
		}
		s.out.say(s.named("group."+g.ID, g.ID))
		for _, f := range g.Facts {
			s.out.item("  ", "    ", s.fact(f))
		}
	}
	s.out.document(SnapshotDoc{Schema: schemaSnapshot, Groups: notNil(groups)})
	return nil
}

// fact is one fact for people.
func (s *session) fact(f api.Fact) string {
	return s.named("fact."+f.Key, f.Key) + ": " + s.texts.Fact(f)
}

// notNil makes an empty list [] in JSON: a script should not have to tell null from nothing.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
