package pack

import (
	"fmt"
	"slices"
	"strings"
)

// risks are in the order of what they own up to.
var risks = []string{"none", "undo", "no_undo"}

func (l *linter) repair(path string, r Repair) {
	for _, t := range []struct {
		name string
		text Text
		max  int
	}{
		{"title", r.Title, maxTitle},
		{"name", r.Name, maxTitle},
		{"what", r.What, maxSentence},
		{"risk_text", r.RiskText, maxSentence},
		{"duration_text", r.DurationText, maxSentence},
		{"undo_text", r.UndoText, maxSentence},
	} {
		l.text(path+"."+t.name, t.text, t.max)
	}
	l.among(path+".kind", r.Kind, "fix", "workaround")
	l.among(path+".scope", r.Scope, "user", "system")
	l.among(path+".risk", r.Risk, risks...)
	l.between(path+".cost_s", float64(r.CostS), 1, mostCost)
	l.lasts(path+".cooldown", r.Cooldown, leastSettle, mostCooldown)
	l.systems(path+".when.os", r.When.OS)
	l.refs(path+".pre.fails", r.Pre.Fails, l.knowsCheck)
	l.refs(path+".pre.passes", r.Pre.Passes, l.knowsCheck)
	l.refs(path+".verify", r.Verify, l.knowsCheck)
	l.lasts(path+".settle.every", r.Settle.Every, leastSettle, mostSettle)
	l.lasts(path+".settle.within", r.Settle.Within, leastSettle, mostSettle)
	l.patterns(path+".helps", r.Helps, 0.01, 1)
	if l.rules.Trust == Signed && r.Risk == "no_undo" {
		l.fail(path+".risk", "no_undo_not_here", "value", r.ID)
	}
	if r.Risk != "none" && len(r.RiskText) == 0 && r.Risk != "" {
		l.fail(path, "risk_unsaid", "risk", r.Risk)
	}
	l.most(path+".steps", len(r.Steps), maxSteps)
	seen := map[string]bool{}
	for i, s := range r.Steps {
		l.unique(at0(path+".steps", i)+".id", s.ID, seen)
		l.step(at0(path+".steps", i), r, s)
	}
}

// taken are the names of a repair's own texts, which a step's would cover.
var taken = []string{"title", "name", "what", "risk", "duration", "undo"}

func (l *linter) step(path string, r Repair, s Step) {
	if slices.Contains(taken, s.ID) {
		l.fail(path+".id", "word_taken", "value", s.ID, "taken", strings.Join(taken, ", "))
	}
	l.among(path+".kind", s.Kind, "auto", "confirm", "manual")
	l.text(path+".text", s.Text, maxLong)
	if s.WaitFor.Check != "" {
		if !l.knowsCheck(s.WaitFor.Check) {
			l.fail(path+".wait_for.check", "unresolved", "value", s.WaitFor.Check)
		}
		l.lasts(path+".wait_for.max", s.WaitFor.Max, leastSettle, mostSettle)
		if s.Kind != "manual" {
			l.fail(path+".wait_for", "wait_manual")
		}
	}
	switch {
	case s.Do == "" && s.Kind != "manual":
		l.fail(path, "does_nothing", "kind", s.Kind)
	case s.Do == "" && s.With != nil:
		l.fail(path+".with", "with_alone")
	case s.Do != "":
		l.verb(path, r, s)
	}
}

// verb judges what a step does, and whether the repair owns up to it.
func (l *linter) verb(path string, r Repair, s Step) {
	i := slices.IndexFunc(l.v.Verbs, func(v Verb) bool { return v.Name == s.Do })
	if i < 0 {
		var names []string
		for _, v := range l.v.Verbs {
			names = append(names, v.Name)
		}
		l.fail(path+".do", "unknown_verb", "value", s.Do, "known", strings.Join(names, ", "), "near", nearest(s.Do, names))
		return
	}
	v := l.v.Verbs[i]
	if l.rules.Trust == Signed && (v.Elevated || v.Scope == "system" || v.Risk == "no_undo") {
		l.fail(path+".do", "elevated_not_here", "value", s.Do)
	}
	if slices.Index(risks, r.Risk) >= 0 && slices.Index(risks, r.Risk) < slices.Index(risks, v.Risk) {
		l.fail(path+".do", "risk_too_low", "value", s.Do, "risk", r.Risk, "want", v.Risk)
	}
	if v.Scope == "system" && r.Scope == "user" {
		l.fail(path+".do", "scope_too_low", "value", s.Do)
	}
	if v.Risk == "no_undo" && s.Kind == "auto" {
		l.fail(path+".kind", "must_confirm", "value", s.Do)
	}
	l.with(path, s.Do, s.With, v.Args, v.Check)
}

// with judges arguments, with the variables put in.
func (l *linter) with(path, tool string, with map[string]any, args []Arg, whole func(map[string]any) error) {
	before := len(l.problems)
	filled := map[string]any{}
	var names []string
	for _, a := range args {
		names = append(names, a.Name)
		if _, given := with[a.Name]; a.Required && !given {
			l.fail(path, "arg_missing", "name", a.Name, "tool", tool)
		}
	}
	for name, value := range with {
		sub := atKey(path+".with", name)
		i := slices.Index(names, name)
		if i < 0 {
			l.fail(sub, "unknown_arg", "name", name, "tool", tool, "known", strings.Join(names, ", "), "near",
				nearest(name, names))
			continue
		}
		v, missing := substitute(value, l.f.Vars, args[i].Type)
		if missing != "" {
			l.fail(sub, "unknown_var", "name", missing)
			continue
		}
		if want := args[i].judge(v); want != "" {
			l.fail(sub, "bad_arg", "value", fmt.Sprint(v), "name", name, "tool", tool, "want", want, "among",
				strings.Join(args[i].Among, ", "), "min", fmt.Sprint(args[i].Min), "max", fmt.Sprint(args[i].Max))
			continue
		}
		filled[name] = v
	}
	if len(l.problems) == before && whole != nil {
		if err := whole(filled); err != nil {
			l.fail(path+".with", "bad_with", "tool", tool, "detail", err.Error())
		}
	}
}
