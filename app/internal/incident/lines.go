package incident

import (
	"slices"
	"strings"

	"balise/diagnostics"
)

// Line is one group of the snapshot in one line.
type Line struct{ Title, Text string }

// Lines are the groups of the snapshot.
func (v *view) Lines() []Line {
	if v.R.Snapshot == nil {
		return nil
	}
	var out []Line
	for _, g := range v.R.Snapshot.Groups {
		facts := g.Facts
		title := v.word("group", g.ID)
		if len(facts) > 0 && slices.Contains(head, facts[0].Key) {
			title += " " + v.Value(facts[0])
			facts = facts[1:]
		}
		text, rest := v.short(facts)
		out = append(out, Line{title, strings.Trim(text+", "+v.traits(rest), ", ")})
	}
	return out
}

// short says in the usual few words what several facts together mean, and gives back the others.
func (v *view) short(list []diagnostics.Fact) (string, []diagnostics.Fact) {
	has := map[string]string{}
	for _, f := range list {
		has[f.Key] = v.Value(f)
	}
	var text string
	var used []string
	use := func(key string, keys ...string) {
		args := make([]any, 0, 2*len(keys))
		for _, k := range keys {
			if has[k] == "" {
				return
			}
			args = append(args, k, has[k])
		}
		text, used = strings.Trim(text+", "+v.p.T(key, args...), ", "), append(used, keys...)
	}
	use("report.line.free", "free_bytes", "total_bytes", "free_percent")
	use("report.line.available", "available_bytes", "total_bytes")
	use("report.line.display", "width", "height")
	use("report.line.programs", "program_count")
	if slices.Contains(used, "width") {
		text = strings.ReplaceAll(text, "\u00a0px", "")
	}
	return text, slices.DeleteFunc(slices.Clone(list), func(f diagnostics.Fact) bool {
		return slices.Contains(used, f.Key)
	})
}
