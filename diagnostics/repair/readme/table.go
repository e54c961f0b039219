package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"balise/assets"
	"balise/diagnostics/repair"
)

const (
	begin = "<!-- repairs: written by `go run ./diagnostics/repair/readme` -->"
	end   = "<!-- end of the repairs -->"
)

// columns are the properties, in the order of repairtest, with their heads.
var columns = [...]struct{ property, head string }{
	{"solved", "helps"},
	{"well", "idle when well"},
	{"declined", "no is no"},
	{"worse", "undone when it does not help"},
	{"refused", "without rights"},
	{"crashed", "crash anywhere"},
	{"again", "second run"},
	{"gone", "service gone"},
	{"hung", "service hangs"},
	{"take_back", "put back later"},
}

func place(o outcome) int {
	for i, c := range columns {
		if c.property == o.Property {
			return i
		}
	}
	return len(columns)
}

// insert puts the table between the markers.
func insert(text, table string) (string, error) {
	before, rest, ok := strings.Cut(text, begin+"\n")
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return "", errors.New("the markers of the repairs are missing")
	}
	return before + begin + "\n" + table + end + after, nil
}

// table is the repairs, what each is, and what is proven of it, with the reasons where something does not apply.
func table(proven []outcome) (string, error) {
	specs, err := repair.Specs()
	if err != nil {
		return "", err
	}
	names, err := titles()
	if err != nil {
		return "", err
	}
	var ids []string
	for id := range specs {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var b strings.Builder
	b.WriteString("\n| repair | what | systems | risk | rights | seconds |\n|---|---|---|---|---|---|\n")
	for _, id := range ids {
		s := specs[id]
		if names[id] == "" {
			return "", fmt.Errorf("%s has no name", id)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n",
			id, names[id], systems(s), risk(s), rights(s), strconv.Itoa(s.CostS))
	}
	b.WriteString("\n| proven on Linux |")
	for _, c := range columns {
		b.WriteString(" " + c.head + " |")
	}
	b.WriteString("\n|" + strings.Repeat("---|", len(columns)+1) + "\n")
	var reasons []string
	for _, id := range ids {
		cells := make([]string, len(columns))
		for i := range cells {
			cells[i] = " "
		}
		for _, o := range proven {
			if o.Repair != id || o.OS != "linux" || place(o) == len(columns) {
				continue
			}
			cells[place(o)] = "yes"
			if o.Outcome == "n/a" {
				at := slices.Index(reasons, o.Why)
				if at < 0 {
					at = len(reasons)
					reasons = append(reasons, o.Why)
				}
				cells[place(o)] = fmt.Sprintf("– (%d)", at+1)
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", id, strings.Join(cells, " | "))
	}
	for i, why := range reasons {
		sep := "\n"
		if i == 0 {
			sep = "\n"
		}
		b.WriteString(sep + fmt.Sprintf("%d. %s", i+1, sentence(why)))
	}
	b.WriteString("\n\n")
	return b.String(), nil
}

func sentence(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + "."
}

func systems(s repair.Spec) string {
	known := map[string]string{"linux": "Linux", "windows": "Windows", "darwin": "macOS"}
	list := s.Platforms
	if len(list) == 0 {
		list = []string{"linux", "windows", "darwin"}
	}
	var names []string
	for _, p := range list {
		names = append(names, known[p])
	}
	return strings.Join(names, ", ")
}

func risk(s repair.Spec) string {
	return map[repair.Risk]string{
		repair.NoRisk: "none", repair.WithUndo: "can be undone", repair.NoUndo: "a step cannot be undone, and asks again",
	}[s.Risk]
}

func rights(s repair.Spec) string {
	switch {
	case slices.ContainsFunc(s.Steps, func(st repair.StepSpec) bool { return st.Elevated }):
		return "an administrator's, asked by the system"
	case s.Scope == repair.ScopeSystem:
		return "what the system grants the user, else an administrator's"
	}
	return "the user's own"
}

// titles are the repairs' names in English.
func titles() (map[string]string, error) {
	files, err := fs.Glob(assets.FS, "translations/en/repairs*.yaml")
	if err != nil {
		return nil, fmt.Errorf("read names: %w", err)
	}
	names := map[string]string{}
	for _, file := range files {
		raw, err := fs.ReadFile(assets.FS, file)
		if err != nil {
			return nil, fmt.Errorf("read names: %w", err)
		}
		var words struct {
			Repair map[string]map[string]any `yaml:"repair"`
		}
		if err := yaml.Unmarshal(raw, &words); err != nil {
			return nil, fmt.Errorf("read names %s: %w", file, err)
		}
		for id, w := range words.Repair {
			if name, ok := w["title"].(string); ok {
				names[id] = name
			}
		}
	}
	return names, nil
}
