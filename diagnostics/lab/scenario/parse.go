package scenario

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFile is far above any sensible scenario; a wrong path must not fill the memory.
const maxFile = 256 << 10

// Error is a mistake in a scenario file.
type Error struct {
	File         string
	Line, Column int
	Problem      string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Problem
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Problem)
}

var errDuration = errors.New(`is not a duration such as "300ms" or "5s"`)

// Read reads every scenario of a folder, sorted by name. All mistakes of all files are reported together.
func Read(dir string) ([]Scenario, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.y*ml"))
	if err != nil {
		return nil, fmt.Errorf("read scenarios: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("read scenarios: there is no *.yaml in %s", dir)
	}
	var all []Scenario
	var errs []error
	seen := map[string]string{}
	for _, file := range files {
		s, err := ReadFile(file)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if other := seen[s.Name]; other != "" {
			errs = append(errs, &Error{File: file, Problem: fmt.Sprintf("the name %q is that of %s", s.Name, other)})
		}
		seen[s.Name] = file
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Scenario) int { return strings.Compare(a.Name, b.Name) })
	return all, errors.Join(errs...)
}

// ReadFile reads one scenario.
func ReadFile(file string) (Scenario, error) {
	f, err := os.Open(file)
	if err != nil {
		return Scenario{}, fmt.Errorf("read scenario: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Scenario{}, fmt.Errorf("read scenario: %w", err)
	}
	if len(raw) > maxFile {
		return Scenario{}, &Error{File: file, Problem: "is larger than 256 KiB"}
	}
	return Parse(file, raw)
}

// Parse reads a scenario's text; file is for messages, and gives the name where the text has none.
func Parse(file string, raw []byte) (Scenario, error) {
	s := Scenario{File: file}
	tree, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return s, positioned(file, err)
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return s, &Error{File: file, Problem: fmt.Sprintf("holds %d documents, expected one", len(tree.Docs))}
	}
	if err := yaml.NodeToValue(tree.Docs[0].Body, &s, yaml.Strict()); err != nil {
		return s, positioned(file, err)
	}
	if s.Name == "" {
		s.Name = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	}
	s.Settings = plain(s.Settings).(map[string]any)
	return s, s.validate()
}

// positioned turns an error of the YAML library into ours.
func positioned(file string, err error) error {
	var own *Error
	if errors.As(err, &own) {
		own.File = file
		return own
	}
	e := &Error{File: file, Problem: err.Error()}
	var y yaml.Error
	if errors.As(err, &y) {
		e.Problem = y.GetMessage()
		if t := y.GetToken(); t != nil && t.Position != nil {
			e.Line, e.Column = t.Position.Line, t.Position.Column
		}
	}
	return e
}

func at(n ast.Node, problem string) *Error {
	e := &Error{Problem: problem}
	if t := n.GetToken(); t != nil && t.Position != nil {
		e.Line, e.Column = t.Position.Line, t.Position.Column
	}
	return e
}

// UnmarshalYAML reads {do: name, and the action's arguments}.
func (s *Step) UnmarshalYAML(n ast.Node) error {
	step, rest, err := readStep(n)
	if err != nil {
		return err
	}
	step.With = rest
	*s = step
	return nil
}

// UnmarshalYAML reads {after: 300ms, do: name, and the action's arguments}.
func (s *Strike) UnmarshalYAML(n ast.Node) error {
	step, rest, err := readStep(n)
	if err != nil {
		return err
	}
	after, ok := rest["after"].(string)
	if !ok {
		return at(n, `a strike needs "after", such as "after: 300ms"`)
	}
	delete(rest, "after")
	if err := s.After.UnmarshalText([]byte(after)); err != nil {
		return at(n, fmt.Sprintf("after: %q %v", after, err))
	}
	step.With = rest
	s.Step = step
	return nil
}

func readStep(n ast.Node) (Step, map[string]any, error) {
	s := Step{}
	if t := n.GetToken(); t != nil && t.Position != nil {
		s.line, s.column = t.Position.Line, t.Position.Column
	}
	var m map[string]any
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
	default:
		return s, nil, at(n, `is not a step, expected "do: name" and its arguments`)
	}
	if err := yaml.NodeToValue(n, &m); err != nil {
		return s, nil, err
	}
	m = plain(m).(map[string]any)
	name, ok := m["do"].(string)
	if !ok || name == "" {
		return s, nil, at(n, `a step needs "do", the name of an action`)
	}
	delete(m, "do")
	s.Do = name
	return s, m, nil
}

// UnmarshalYAML reads "300ms".
func (d *Duration) UnmarshalYAML(n ast.Node) error {
	var text string
	if err := yaml.NodeToValue(n, &text); err != nil {
		return at(n, errDuration.Error())
	}
	if err := d.UnmarshalText([]byte(text)); err != nil {
		return at(n, fmt.Sprintf("%q %v", text, err))
	}
	return nil
}

// plain makes values what JSON would make of them, with whole numbers as int: a step means the same in the file
// and after it has crossed the pipe to the worker.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = plain(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plain(e)
		}
		return out
	case uint64:
		return int(v)
	case int64:
		return int(v)
	case float64:
		if v == float64(int(v)) {
			return int(v)
		}
	}
	return v
}

// Plain brings a scenario that came as JSON back to what Parse gave.
func (s *Scenario) Plain() {
	s.Settings = plain(s.Settings).(map[string]any)
	for i := range s.Stage {
		s.Stage[i].With, _ = plain(s.Stage[i].With).(map[string]any)
	}
	for i := range s.Strikes {
		s.Strikes[i].With, _ = plain(s.Strikes[i].With).(map[string]any)
	}
	if s.Repair != nil {
		for i := range s.Repair.Then {
			s.Repair.Then[i].With, _ = plain(s.Repair.Then[i].With).(map[string]any)
		}
		for i := range s.Repair.Meanwhile {
			s.Repair.Meanwhile[i].With, _ = plain(s.Repair.Meanwhile[i].With).(map[string]any)
		}
	}
}

func (s Scenario) validate() error {
	fail := func(format string, args ...any) error {
		return &Error{File: s.File, Problem: fmt.Sprintf(format, args...)}
	}
	e := s.Expect
	switch {
	case strings.ContainsAny(s.Name, "+ /"):
		return fail("name: %q holds a plus, a slash or a blank", s.Name)
	case s.Title == "":
		return fail("title: is missing: say what is broken")
	case !e.Healthy && len(e.Cause) == 0:
		return fail("expect: neither healthy nor cause: say what must be named")
	case e.Healthy && (len(e.Cause) > 0 || len(e.Also) > 0):
		return fail("expect: healthy and a cause exclude each other")
	case len(s.Stage) == 0 && len(s.Strikes) == 0 && !e.Healthy && len(s.Settings) == 0:
		return fail("stage: nothing is broken, and yet a cause is expected")
	case e.Level < 0 || e.Level > 3:
		return fail("expect.level: %d, expected 1, 2 or 3", e.Level)
	case e.Latest() > time.Minute:
		return fail("expect.within: more than a minute")
	case s.Repair != nil && s.Repair.ID == "":
		return fail("repair.id: is missing: say which of the client's repairs is run")
	case s.Repair != nil && s.Repair.Latest() > 5*time.Minute:
		return fail("repair.within: more than five minutes")
	}
	for _, c := range slices.Concat(e.Cause, e.Also, e.May, e.Not) {
		for alt := range strings.SplitSeq(c, "|") {
			if !strings.ContainsAny(alt, "/*") {
				return fail("expect: %q is not a cause code such as \"net.egress/silent\" or a pattern", c)
			}
		}
	}
	for lang := range e.NotWords {
		if lang != "fr" && lang != "en" {
			return fail("expect.not_words: %q, expected fr or en", lang)
		}
	}
	return nil
}

// Action is what a stage can do, as far as a file can be checked against it.
type Action struct {
	Name string
	Args []string
}

// Check compares a scenario's steps with what the stage can do: names and arguments.
func (s Scenario) Check(actions []Action) error {
	known := map[string][]string{}
	for _, a := range actions {
		known[a.Name] = a.Args
	}
	var errs []error
	steps := slices.Clone(s.Stage)
	for _, k := range s.Strikes {
		steps = append(steps, k.Step)
	}
	if s.Repair != nil {
		steps = append(steps, s.Repair.Then...)
		for _, k := range s.Repair.Meanwhile {
			steps = append(steps, k.Step)
		}
	}
	for _, st := range steps {
		args, ok := known[st.Do]
		if !ok {
			errs = append(errs, &Error{s.File, st.line, st.column, fmt.Sprintf("the stage has no action %q", st.Do)})
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(st.With)) {
			if !slices.Contains(args, name) {
				errs = append(errs, &Error{
					s.File, st.line, st.column,
					fmt.Sprintf("%s has no argument %q, only: %s", st.Do, name, strings.Join(args, ", ")),
				})
			}
		}
	}
	return errors.Join(errs...)
}
