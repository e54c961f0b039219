package config

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"balise/diagnostics/checks"
)

// maxFile is far above any sensible settings file; a wrong path must not fill the memory.
const maxFile = 1 << 20

// Error is a mistake in a settings file: where, what, and what was expected.
type Error struct {
	File         string
	Line, Column int
	Key          string
	Problem      string
	Want         string
}

func (e *Error) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d:%d", e.File, e.Line, e.Column)
	}
	s := at + ": "
	if e.Key != "" {
		s += e.Key + ": "
	}
	s += e.Problem
	if e.Want != "" {
		s += "; expected " + e.Want
	}
	return s
}

// layer is one file's settings.
type layer struct {
	source string // "user", "file", "policy"
	file   string
	values map[string]value
}

// readLayer reads a settings file. A file that does not exist is an empty layer.
func readLayer(source, file string) (layer, error) {
	l := layer{source: source, file: file, values: map[string]value{}}
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return l, fmt.Errorf("read settings: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return l, fmt.Errorf("read settings: %w", err)
	}
	if len(raw) > maxFile {
		return l, &Error{File: file, Problem: "is larger than 1 MiB", Want: "a settings file"}
	}
	l.values, err = parse(file, raw)
	return l, err
}

// parse reads a whole settings file into checked values.
func parse(file string, raw []byte) (map[string]value, error) {
	w, err := walk(file, raw, false)
	if err != nil {
		return nil, err
	}
	return w.values, nil
}

// walk reads a whole settings file; leniently, it goes on after a mistake and keeps what is right.
func walk(file string, raw []byte, lenient bool) (*walker, error) {
	tree, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return nil, syntaxError(file, err)
	}
	p := &walker{file: file, values: map[string]value{}, lenient: lenient}
	if len(tree.Docs) > 1 && tree.Docs[1].Body != nil {
		return nil, p.fail(tree.Docs[1].Body, "", "a second document", "one document")
	}
	for _, doc := range tree.Docs {
		if err := p.mapping("", doc.Body); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func syntaxError(file string, err error) error {
	e := &Error{File: file, Problem: "is not YAML", Want: "YAML"}
	var y yaml.Error
	if errors.As(err, &y) {
		e.Problem = y.GetMessage()
		if t := y.GetToken(); t != nil && t.Position != nil {
			e.Line, e.Column = t.Position.Line, t.Position.Column
		}
	}
	return e
}

// walker turns the YAML tree into values, key by key, keeping positions for the messages.
type walker struct {
	file   string
	values map[string]value
	// lenient makes a mistake one of mistakes instead of the end.
	lenient  bool
	mistakes []error
}

func (w *walker) fail(n ast.Node, key, problem, want string) error {
	e := &Error{File: w.file, Key: key, Problem: problem, Want: want}
	if n != nil && n.GetToken() != nil {
		e.Line, e.Column = position(n.GetToken())
	}
	return e
}

func position(t *token.Token) (line, column int) {
	if t.Position == nil {
		return 0, 0
	}
	return t.Position.Line, t.Position.Column
}

func (w *walker) mapping(prefix string, n ast.Node) error {
	switch n := n.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
		return nil
	case *ast.MappingNode:
		for _, pair := range n.Values {
			if err := w.tolerate(w.pair(prefix, pair)); err != nil {
				return err
			}
		}
		return nil
	case *ast.MappingValueNode:
		return w.tolerate(w.pair(prefix, n))
	default:
		return w.fail(n, strings.TrimSuffix(prefix, "."), "is not a group of settings", "\"key: value\" lines")
	}
}

func (w *walker) tolerate(err error) error {
	if err != nil && w.lenient {
		w.mistakes = append(w.mistakes, err)
		return nil
	}
	return err
}

func (w *walker) pair(prefix string, pair *ast.MappingValueNode) error {
	name := prefix + pair.Key.GetToken().Value
	k, known := find(name)
	if !known {
		if !isGroup(name) {
			return w.fail(pair.Key, name, "is not a setting of Balise", "one of "+siblings(prefix))
		}
		return w.mapping(name+".", pair.Value)
	}
	if _, twice := w.values[name]; twice {
		return w.fail(pair.Key, name, "stands twice", "one value")
	}
	v, err := w.value(k, pair.Value)
	if err != nil {
		return err
	}
	if t := pair.Value.GetToken(); t != nil {
		v.line, v.column = position(t)
	}
	w.values[name] = v
	return nil
}

func isGroup(name string) bool {
	for _, k := range keys {
		if strings.HasPrefix(k.name, name+".") {
			return true
		}
	}
	return false
}

// siblings lists what may stand below a prefix.
func siblings(prefix string) string {
	var names []string
	for _, k := range keys {
		rest, below := strings.CutPrefix(k.name, prefix)
		head, _, _ := strings.Cut(rest, ".")
		if below && (len(names) == 0 || names[len(names)-1] != head) {
			names = append(names, head)
		}
	}
	return strings.Join(names, ", ")
}

func (w *walker) value(k key, n ast.Node) (value, error) {
	switch k.shape {
	case texts:
		items, err := w.sequence(k, n)
		if err != nil {
			return value{}, err
		}
		v := value{texts: []string{}}
		for _, item := range items {
			s, err := w.scalar(k, item)
			if err != nil {
				return value{}, err
			}
			v.texts = append(v.texts, s)
		}
		return v, nil
	case services:
		return w.services(k, n)
	case numbers:
		return w.numbers(k, n)
	case byName:
		return w.textsByName(k, n)
	case caches:
		return w.caches(k, n)
	}
	s, err := w.scalar(k, n)
	return value{text: s}, err
}

func (w *walker) sequence(k key, n ast.Node) ([]ast.Node, error) {
	switch n := n.(type) {
	case *ast.SequenceNode:
		return n.Values, nil
	case *ast.NullNode:
		return nil, nil
	}
	return nil, w.fail(n, k.name, "is not a list", k.want)
}

func (w *walker) scalar(k key, n ast.Node) (string, error) {
	s := ""
	switch n := n.(type) {
	case *ast.NullNode:
		return "", nil
	case *ast.StringNode:
		s = n.Value
	case *ast.LiteralNode:
		s = strings.TrimSpace(n.Value.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		s = n.GetToken().Value // an asset tag or a phone number may look like a number
	default:
		return "", w.fail(n, k.name, "is not a single value", k.want)
	}
	if err := checkText(k, s); err != nil {
		return "", w.fail(n, k.name, fmt.Sprintf("%q: %v", s, err), k.want)
	}
	return s, nil
}

// checkText applies a key's own rule and the one for all: one line, no control characters. The empty text
// unsets a key.
func checkText(k key, s string) error {
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			return fmt.Errorf("holds a control character")
		}
	}
	if s == "" || k.check == nil {
		return nil
	}
	return k.check(s)
}

// numbers reads numbers by name, or groups of them. What the names may be is known where they are used.
func (w *walker) numbers(k key, n ast.Node) (value, error) {
	v := value{numbers: map[string]map[string]float64{}}
	put := func(group string, p *ast.MappingValueNode) error {
		name := p.Key.GetToken().Value
		text, err := w.scalar(key{name: k.name + "." + name, want: "a number"}, p.Value)
		if err != nil {
			return err
		}
		number, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(number) || math.IsInf(number, 0) || number < 0 {
			return w.fail(p.Value, k.name+"."+name, fmt.Sprintf("%q is not a number", text), "a number from 0")
		}
		if v.numbers[group] == nil {
			v.numbers[group] = map[string]float64{}
		}
		v.numbers[group][name] = number
		return nil
	}
	if _, null := n.(*ast.NullNode); !null && len(pairs(n)) == 0 {
		return value{}, w.fail(n, k.name, "is not a list of names and numbers", k.want)
	}
	for _, p := range pairs(n) {
		below := pairs(p.Value)
		if len(below) == 0 {
			if err := put("", p); err != nil {
				return value{}, err
			}
		}
		for _, q := range below {
			if err := put(p.Key.GetToken().Value, q); err != nil {
				return value{}, err
			}
		}
	}
	if k.numbers != nil {
		if err := k.numbers(v.numbers); err != nil {
			return value{}, w.fail(n, k.name, err.Error(), k.want)
		}
	}
	return v, nil
}

func pairs(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

func (w *walker) services(k key, n ast.Node) (value, error) {
	items, err := w.sequence(k, n)
	if err != nil {
		return value{}, err
	}
	v := value{services: []checks.Service{}}
	seen := map[string]bool{}
	for _, item := range items {
		s, err := w.service(k, item)
		if err != nil {
			return value{}, err
		}
		if seen[s.Name] {
			return value{}, w.fail(item, k.name, fmt.Sprintf("the name %q stands twice", s.Name), "different names")
		}
		seen[s.Name] = true
		v.services = append(v.services, s)
	}
	return v, nil
}

func (w *walker) service(k key, n ast.Node) (checks.Service, error) {
	var s checks.Service
	fields := map[string]ast.Node{}
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, p := range n.Values {
			fields[p.Key.GetToken().Value] = p
		}
	case *ast.MappingValueNode:
		fields[n.Key.GetToken().Value] = n
	default:
		return s, w.fail(n, k.name, "is not a service", "{name: intranet, url: https://...}")
	}
	for field, p := range fields {
		node := p.(*ast.MappingValueNode).Value
		sub := key{name: k.name + "." + field, want: k.want}
		var into *string
		switch field {
		case "name":
			into, sub.want, sub.check = &s.Name, "a short name of letters, digits, - and _", serviceName
		case "url":
			into, sub.want, sub.check = &s.URL, "an address", k.check
		case "mount":
			into, sub.want, sub.check = &s.Mount, "an absolute path", absolute
		default:
			return s, w.fail(p, sub.name, "is not known", "name, url, mount")
		}
		var err error
		if *into, err = w.scalar(sub, node); err != nil {
			return s, err
		}
	}
	if s.Name == "" || s.URL == "" {
		return s, w.fail(n, k.name, "a service lacks its name or its url", "{name: intranet, url: https://...}")
	}
	return s, nil
}

// serviceName becomes part of a check's id, svc.reach.<name>.
func serviceName(s string) error {
	for _, r := range s {
		ok := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
		if !ok {
			return fmt.Errorf("%q is not allowed in it", r)
		}
	}
	if len(s) > 40 {
		return fmt.Errorf("is longer than 40 characters")
	}
	return nil
}
