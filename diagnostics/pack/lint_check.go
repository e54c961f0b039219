package pack

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"balise/diagnostics/pack/expr"
)

// How long a self-test may take, and how often it may run unasked.
const (
	leastTimeout = 100 * time.Millisecond
	mostTimeout  = 10 * time.Second
	leastEvery   = 5 * time.Minute
	mostEvery    = 7 * 24 * time.Hour
)

func (l *linter) check(path string, c Check) {
	l.text(path+".title", c.Title, maxTitle)
	l.text(path+".about", c.About, maxSentence)
	l.refs(path+".needs", c.Needs, l.knowsCheck)
	l.refs(path+".explained_by", c.ExplainedBy, l.knowsCheck)
	if i := slices.Index(c.ExplainedBy, c.ID); i >= 0 {
		l.fail(at0(path+".explained_by", i), "cycle", "way", c.ID+" > "+c.ID)
	}
	l.systems(path+".when.os", c.When.OS)
	l.lasts(path+".timeout", c.Timeout, leastTimeout, mostTimeout)
	l.lasts(path+".every", c.Every, leastEvery, mostEvery)
	facts := l.probe(path, c)
	for i, key := range c.Facts {
		if _, ok := facts[key]; facts != nil && !ok {
			l.fail(at0(path+".facts", i), "unknown_fact", "value", key, "probe", c.Probe, "known", known(facts),
				"near", nearest(key, keysOf(facts)))
		}
	}
	l.most(path+".outcomes", len(c.Outcomes), maxOutcomes)
	for i, o := range c.Outcomes {
		l.outcome(at0(path+".outcomes", i), c, o, facts, i == len(c.Outcomes)-1)
	}
}

// probe judges which probe is meant and what it is given. The facts are nil where the probe is not known.
func (l *linter) probe(path string, c Check) map[string]expr.Type {
	i := slices.IndexFunc(l.v.Probes, func(p Probe) bool { return p.Name == c.Probe })
	if i < 0 {
		var names []string
		for _, p := range l.v.Probes {
			names = append(names, p.Name)
		}
		if c.Probe != "" {
			l.fail(path+".probe", "unknown_probe", "value", c.Probe, "known", strings.Join(names, ", "),
				"near", nearest(c.Probe, names))
		}
		return nil
	}
	p := l.v.Probes[i]
	if p.Exec && l.rules.Trust == Signed {
		l.fail(path+".probe", "exec_not_here", "value", p.Name)
	}
	l.with(path, p.Name, c.With, p.Args, p.Check)
	return p.Facts
}

func (l *linter) outcome(path string, c Check, o Outcome, facts map[string]expr.Type, last bool) {
	l.among(path+".status", o.Status, "pass", "warn", "fail", "na", "unknown")
	l.among(path+".severity", o.Severity, "blocks", "degrades", "notice")
	bad := o.Status == "warn" || o.Status == "fail"
	switch {
	case bad && (o.Cause == "" || o.Severity == ""):
		l.fail(path, "needs_cause", "status", o.Status)
	case !bad && (o.Cause != "" || o.Severity != ""):
		l.fail(path, "no_cause_here", "status", o.Status)
	case o.Cause != "" && !plainWord.MatchString(o.Cause):
		l.fail(path+".cause", "bad_tail", "value", o.Cause)
	case o.Cause != "" && !l.faults[c.ID+"/"+o.Cause]:
		l.fail(path+".cause", "no_fault", "value", c.ID+"/"+o.Cause)
	}
	always := strings.TrimSpace(o.If) == "true"
	if last && !always {
		l.fail(path+".if", "no_default")
	}
	if !last && always {
		l.fail(path+".if", "unreachable")
	}
	if facts == nil || o.If == "" {
		return
	}
	if _, err := expr.Compile(o.If, facts); err != nil {
		var e *expr.Error
		if errors.As(err, &e) {
			l.fail(path+".if", "bad_expression", "detail", e.Msg, "at", strconv.Itoa(e.Column), "known", known(facts),
				"near", nearest(e.Unknown, keysOf(facts)))
			return
		}
		l.fail(path+".if", "bad_expression", "detail", err.Error(), "at", "1", "known", known(facts))
	}
}

func keysOf(facts map[string]expr.Type) []string {
	keys := make([]string, 0, len(facts))
	for k := range facts {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func known(facts map[string]expr.Type) string { return strings.Join(keysOf(facts), ", ") }

// systems judges names of operating systems.
func (l *linter) systems(path string, list []string) {
	for i, s := range list {
		l.among(at0(path, i), s, "linux", "windows", "darwin")
	}
}

// refs judges a list of references.
func (l *linter) refs(path string, list []string, knows func(string) bool) {
	l.most(path, len(list), maxRefs)
	for i, id := range list {
		switch {
		case !knows(id):
			l.fail(at0(path, i), "unresolved", "value", id, "near", nearest(id, l.known(knows)))
		case slices.Index(list, id) != i:
			l.fail(at0(path, i), "twice", "name", id)
		}
	}
}

// known are the ids that may be referred to here.
func (l *linter) known(here func(string) bool) (ids []string) {
	all := slices.Concat(l.v.Checks, l.v.Repairs)
	for _, kind := range l.ids {
		all = slices.AppendSeq(all, maps.Keys(kind))
	}
	slices.Sort(all)
	return slices.DeleteFunc(all, func(id string) bool { return !here(id) })
}

// knowsCheck tells whether a self-test is the pack's, the core's, or an instance of one of the core's templates.
func (l *linter) knowsCheck(id string) bool {
	if _, ok := l.ids["checks"][id]; ok || slices.Contains(l.v.Checks, id) {
		return true
	}
	i := strings.LastIndexByte(id, '.')
	return i > 0 && slices.Contains(l.v.Checks, id[:i]+".*")
}

func (l *linter) knowsRepair(id string) bool {
	_, ok := l.ids["repairs"][id]
	return ok || slices.Contains(l.v.Repairs, id)
}

// patterns judges numbers by pattern of causes. A pattern is a whole code, or the beginning of some and a star.
func (l *linter) patterns(path string, table map[string]float64, least, most float64) {
	l.most(path, len(table), maxRefs)
	for pattern, n := range table {
		if !l.matchesAny(pattern) {
			l.fail(atKey(path, pattern), "no_such_cause", "value", pattern)
		}
		l.between(atKey(path, pattern), n, least, most)
	}
}

func (l *linter) matchesAny(pattern string) bool {
	head, open := strings.CutSuffix(pattern, "*")
	fits := func(code string) bool { return pattern == code || open && strings.HasPrefix(code, head) }
	for code := range l.causes {
		if fits(code) {
			return true
		}
	}
	for code := range l.faults {
		if fits(code) {
			return true
		}
	}
	return slices.ContainsFunc(l.v.Causes, fits)
}

// cycles finds self-tests that need one another. Only the pack's own can: the core needs nothing of a pack.
func (l *linter) cycles() {
	needs := map[string][]string{}
	for _, c := range l.f.Checks {
		needs[c.ID] = c.Needs
	}
	state := map[string]int{} // 1: on the way, 2: done
	var way []string
	var visit func(id string)
	visit = func(id string) {
		if _, ours := needs[id]; !ours || state[id] == 2 {
			return
		}
		if state[id] == 1 {
			round := append(slices.Clone(way[slices.Index(way, id):]), id)
			l.fail(l.ids["checks"][id]+".needs", "cycle", "way", strings.Join(round, " > "))
			return
		}
		state[id] = 1
		way = append(way, id)
		for _, n := range needs[id] {
			visit(n)
		}
		way = way[:len(way)-1]
		state[id] = 2
	}
	for _, c := range l.f.Checks {
		visit(c.ID)
	}
}
