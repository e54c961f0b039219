package pack

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a pack: where, what (a code that has a text, pack.problem.<code>), and
// the values in the sentence.
type Problem struct {
	File string `json:"file"`
	// Line and Column count from 1; 0 where the problem is the whole file's.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Path is the value's: checks[0].outcomes[1].if.
	Path string            `json:"path,omitempty"`
	Code string            `json:"code"`
	Args map[string]string `json:"args,omitempty"`
}

// Place is file, line and column as editors and terminals make a link of it.
func (p Problem) Place() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Error is for logs; people read the code's text.
func (p Problem) Error() string {
	var s strings.Builder
	s.WriteString(p.Place() + ": ")
	if p.Path != "" {
		s.WriteString(p.Path + ": ")
	}
	s.WriteString(p.Code)
	for _, k := range slices.Sorted(maps.Keys(p.Args)) {
		fmt.Fprintf(&s, " %s=%q", k, p.Args[k])
	}
	return s.String()
}

// Problems are all that is wrong with a pack, in the order of the text.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, 0, len(p))
	for _, one := range p {
		lines = append(lines, one.Error())
	}
	return strings.Join(lines, "\n")
}

// err is nil where there is no problem.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// sorted is in the order of the text, each once.
func (p Problems) sorted() Problems {
	slices.SortStableFunc(p, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return slices.CompactFunc(p, func(a, b Problem) bool {
		return a.Line == b.Line && a.Column == b.Column && a.Path == b.Path && a.Code == b.Code
	})
}

// at is a place in the text.
type at struct{ line, column int }

// source is the text that a File was read from: its name, and where each value stands.
type source struct {
	name   string
	places map[string]at
}

// place finds where a path stands; what is missing stands where the nearest value around it does.
func (s *source) place(path string) at {
	for s != nil {
		if a, ok := s.places[path]; ok || path == "" {
			return a
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return at{}
}

// problem makes a Problem at a path; args are names and values in turn.
func (s *source) problem(path, code string, args ...string) Problem {
	p := Problem{Path: path, Code: code}
	if s != nil {
		p.File = s.name
	}
	a := s.place(path)
	p.Line, p.Column = a.line, a.column
	for i := 0; i+1 < len(args); i += 2 {
		if p.Args == nil {
			p.Args = map[string]string{}
		}
		p.Args[args[i]] = args[i+1]
	}
	return p
}
