package cli

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strconv"
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
	wrong := s.wrongSettings(ctx)
	only, err := s.selection(ctx, line.opts.only)
	if err != nil {
		return err
	}
	inc, err := s.svc.OpenIncident(ctx, api.OpenRequest{})
	if err != nil {
		return err
	}
	defer s.closeIncident(inc.ID)
	s.tellEarlier(inc)
	inc, err = s.runChecks(ctx, inc.ID, only)
	if err != nil {
		return err
	}
	asked := inc.Diagnosis
	for _, answer := range line.opts.answers {
		question, option, _ := strings.Cut(answer, "=")
		if inc, err = s.svc.Answer(ctx, inc.ID, question, option); err != nil {
			return err
		}
	}
	doc := s.checkDoc(inc, asked)
	doc.Settings = wrong
	s.printCheck(inc)
	s.out.document(doc)
	if doc.Problem {
		return errProblem
	}
	return nil
}

// wrongSettings tells what is wrong with the settings before anything is tested with the rest of them.
func (s *session) wrongSettings(ctx context.Context) *Reason {
	st, err := s.svc.State(ctx)
	if err != nil || st.Settings == nil {
		return nil
	}
	reason := s.reasonOf(st.Settings)
	if s.out.mode == people {
		s.out.note(strings.TrimSpace(reason.What + " " + s.t("cli.check.without") + " " +
			s.t("cli.detail", "detail", cleanLine(reason.Detail))))
	}
	return reason
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

// checkDoc is all of the answer; asked is the diagnosis before the user's answers.
func (s *session) checkDoc(inc api.Incident, asked *api.Diagnosis) CheckDoc {
	doc := CheckDoc{
		Schema: schemaCheck, Diagnosis: inc.Diagnosis, Results: notNil(inc.Results), TookMS: inc.TookMS,
	}
	if !inc.AllWell.IsZero() {
		doc.AllWell = &inc.AllWell
	}
	if inc.Diagnosis == nil {
		return doc
	}
	doc.Problem = inc.Diagnosis.Problem()
	doc.Sentence = s.diagnosis(inc.Diagnosis).Sentence
	for _, c := range inc.Changes {
		doc.Changes = append(doc.Changes, ChangeLine{
			Change: c, Text: s.texts.Change(c), Suspect: suspect(inc.Diagnosis, c),
		})
	}
	question := inc.Diagnosis.Question
	if question == nil && len(inc.Answers) > 0 && asked != nil {
		question = asked.Question
	}
	if question != nil {
		doc.Question = s.askedLine(*question, inc.Answers[question.ID])
	}
	return doc
}

func (s *session) askedLine(q api.Question, answer string) *AskedLine {
	line := &AskedLine{ID: q.ID, Text: s.texts.Question(q.ID), Options: []OptionLine{}, Answer: answer}
	for _, option := range q.Options {
		line.Options = append(line.Options, OptionLine{ID: option, Text: s.texts.Option(q.ID, option)})
	}
	return line
}

// suspect tells whether the diagnosis takes a change for one that may have to do with it.
func suspect(d *api.Diagnosis, c api.Change) bool {
	return slices.ContainsFunc(d.Changes, func(o api.Change) bool {
		return o.Code == c.Code && reflect.DeepEqual(o.Facts, c.Facts)
	})
}

func (s *session) listChecks(ctx context.Context) error {
	infos, err := s.svc.ListChecks(ctx)
	if err != nil {
		return err
	}
	doc := ChecksDoc{Schema: schemaChecks, Checks: []CheckLine{}}
	for _, c := range infos {
		line := CheckLine{CheckInfo: c, Name: s.checkName(c.ID), Measures: s.measures(c.ID)}
		doc.Checks = append(doc.Checks, line)
		text := s.pair(c.ID, line.Name)
		if !c.Applies {
			text += " " + s.t("cli.check.not_here")
		}
		if c.OnDemand {
			text += " " + s.t("cli.check.on_demand")
		}
		s.out.item("", "  ", text)
		if line.Measures != "" {
			s.out.item("  ", "  ", line.Measures+" "+s.t("cli.check.deadline", "time", seconds(c.TimeoutMS, s.texts.Lang())))
		}
	}
	s.out.document(doc)
	return nil
}

// measures is what a self-test measures, in one line; nothing where no text says it.
func (s *session) measures(id string) string {
	key := "check." + id + ".measures"
	for !s.texts.Has(key) {
		head, _, _ := strings.Cut(strings.TrimPrefix(key, "check."), ".measures")
		at := strings.LastIndexByte(head, '.')
		if at < 0 {
			return ""
		}
		key = "check." + head[:at] + ".measures" // the template of svc.reach.erp
	}
	return s.t(key)
}

// seconds is a deadline as people of the language write it.
func seconds(ms int64, lang string) string {
	text := strconv.FormatFloat(float64(ms)/1000, 'f', -1, 64)
	if lang == "fr" {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text + "\u00a0s"
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
	s.printChanges(inc)
	s.printQuestion(inc)
	s.printResults(inc.Results)
	s.printProposals(inc)
}

// mostChanges is how many differences are worth reading; a report has them all.
const mostChanges = 4

// printChanges names what changed since all was well, the suspects first. Where nothing is wrong nobody asks.
func (s *session) printChanges(inc api.Incident) {
	d := inc.Diagnosis
	if d == nil || d.Cause == api.Healthy || len(inc.Changes) == 0 {
		return
	}
	list := slices.Clone(inc.Changes)
	slices.SortStableFunc(list, func(a, b api.Change) int {
		switch x, y := suspect(d, a), suspect(d, b); {
		case x && !y:
			return -1
		case y && !x:
			return 1
		}
		return 0
	})
	s.out.say(s.t("change.title"))
	for _, c := range list[:min(len(list), mostChanges)] {
		s.out.item("- ", "  ", s.texts.ChangeWhen(c, time.Local))
	}
}

// printQuestion asks what would tell most, and says how to answer here. Where nothing is wrong nobody complained
// either, unless a question was answered already: the document has the question, and a report asks it.
func (s *session) printQuestion(inc api.Incident) {
	d := inc.Diagnosis
	if d == nil || d.Question == nil || inc.Answers[d.Question.ID] != "" {
		return
	}
	if d.Cause == api.Healthy && len(inc.Answers) == 0 {
		return
	}
	s.out.say(s.texts.Question(d.Question.ID))
	for _, option := range d.Question.Options {
		s.out.item("- ", "    ", s.t("cli.check.answer", "text", s.texts.Option(d.Question.ID, option),
			"id", d.Question.ID, "option", option, "given", given(inc.Answers)))
	}
}

// given repeats the answers so far on a command line: the next run knows nothing of this one.
func given(answers map[string]string) string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(answers)) {
		b.WriteString("--answer " + id + "=" + answers[id] + " ")
	}
	return b.String()
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
		s.out.item("  ", "    ", s.pair("balise repair run "+r.ID, s.repairName(r.ID)))
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
	switch {
	case len(na) > mostNames:
		s.out.item("- ", "  ", s.texts.N("cli.check.na_many", len(na)))
	case len(na) > 0:
		s.out.item("- ", "  ", s.t("cli.check.na", "names", strings.Join(na, ", ")))
	}
}

// mostNames is how many self-tests that have nothing to look at here are worth reading by name. Somebody whose
// computer does not work reads the verdict; the rest is in the list and in the document.
const mostNames = 6

// resultLine is "Name (id): failed; facts".
func (s *session) resultLine(r api.Result) string {
	text := s.pair(s.checkName(r.ID)+" ("+r.ID+")", s.t("cli.check.status."+string(r.Status)))
	var facts []string
	for _, f := range r.Facts {
		facts = append(facts, s.fact(f))
	}
	if len(facts) > 0 {
		text += s.t("cli.check.join") + strings.Join(facts, ", ")
	}
	if len(r.BlockedBy) > 0 {
		text += s.t("cli.check.join") + s.t("cli.check.blocked", "names", strings.Join(r.BlockedBy, ", "))
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
	return s.pair(s.named("fact."+f.Key, f.Key), s.texts.Fact(f))
}

// pair is "Name: text", with the language's own space before the colon.
func (s *session) pair(name, text string) string {
	return s.t("report.line.named", "name", name, "text", text)
}

// notNil makes an empty list [] in JSON: a script should not have to tell null from nothing.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
