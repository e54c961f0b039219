package pack

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// maxProblems is where reading a hopeless file ends.
const maxProblems = 100

// decoder puts a tree of nodes into the types, by their yaml tags, and notes where each value stands. It goes on
// after a problem, so that all of them are told at once.
type decoder struct {
	src      *source
	problems Problems
}

func (d *decoder) fail(n ast.Node, path, code string, args ...string) {
	if len(d.problems) >= maxProblems {
		return
	}
	p := d.src.problem(path, code, args...)
	if a := start(n); a.line > 0 {
		p.Line, p.Column = a.line, a.column
	}
	d.problems = append(d.problems, p)
}

func (d *decoder) note(n ast.Node, path string) {
	if t := start(n); t.line > 0 {
		d.src.places[path] = t
	}
}

// start is where a node begins: a mapping's own token is its first colon.
func start(n ast.Node) at {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return start(n.Values[0])
		}
	case *ast.MappingValueNode:
		return start(n.Key)
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return at{}
	}
	return at{n.GetToken().Position.Line, n.GetToken().Position.Column}
}

func (d *decoder) document(root ast.Node, f *File) {
	d.src.places[""] = at{1, 1}
	d.value(root, "", reflect.ValueOf(f).Elem())
}

// pairs are the entries of a mapping; ok is false where the node is none.
func pairs(n ast.Node) (entries []*ast.MappingValueNode, ok bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

// value decodes n into v.
func (d *decoder) value(n ast.Node, path string, v reflect.Value) {
	d.note(n, path)
	if _, null := n.(*ast.NullNode); null || n == nil {
		d.fail(n, path, "no_value", "want", wants(v.Type()))
		return
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		d.day(n, path, v)
	case v.Type() == reflect.TypeFor[time.Duration]():
		d.duration(n, path, v)
	case v.Kind() == reflect.Struct:
		d.structure(n, path, v)
	case v.Kind() == reflect.Map:
		d.mapping(n, path, v)
	case v.Kind() == reflect.Slice:
		d.list(n, path, v)
	case v.Kind() == reflect.Interface:
		d.anything(n, path, v)
	default:
		d.scalar(n, path, v)
	}
}

// wants names the shape of a type for people: a code of pack.want.<code>.
func wants(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "day"
	case t == reflect.TypeFor[time.Duration]():
		return "duration"
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "mapping"
	case reflect.Slice:
		return "list"
	case reflect.Interface:
		return "argument"
	case reflect.Bool:
		return "yesno"
	case reflect.Int:
		return "whole"
	case reflect.Float64:
		return "number"
	}
	return "text"
}

func below(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// key is an entry's name; ok is false where it stands twice or is no plain word.
func (d *decoder) key(p *ast.MappingValueNode, path string, seen map[string]bool) (name string, ok bool) {
	switch k := p.Key.(type) {
	case *ast.StringNode:
		name = k.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		name = p.Key.GetToken().Value
	default:
		d.fail(p.Key, path, "complex_key")
		return "", false
	}
	if seen[name] {
		d.fail(p.Key, below(path, name), "twice", "name", name)
		return "", false
	}
	seen[name] = true
	return name, true
}

// fields are a struct's keys.
func fields(t reflect.Type) (names []string, by map[string]int) {
	by = map[string]int{}
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name != "" && name != "-" {
			names, by[name] = append(names, name), i
		}
	}
	return names, by
}

func (d *decoder) structure(n ast.Node, path string, v reflect.Value) {
	entries, ok := pairs(n)
	if !ok {
		d.fail(n, path, "wrong_type", "want", "mapping")
		return
	}
	names, by := fields(v.Type())
	seen := map[string]bool{}
	for _, p := range entries {
		name, ok := d.key(p, path, seen)
		if !ok {
			continue
		}
		i, known := by[name]
		if !known {
			d.fail(p.Key, below(path, name), "unknown_key", "name", name, "known", strings.Join(names, ", "),
				"near", nearest(name, names))
			continue
		}
		d.src.places[below(path, name)] = start(p.Key)
		d.value(p.Value, below(path, name), v.Field(i))
	}
	for _, name := range names {
		if v.Type().Field(by[name]).Tag.Get("need") != "" && !seen[name] {
			d.fail(n, below(path, name), "missing", "name", name)
		}
	}
}

func (d *decoder) mapping(n ast.Node, path string, v reflect.Value) {
	entries, ok := pairs(n)
	if !ok {
		d.fail(n, path, "wrong_type", "want", "mapping")
		return
	}
	if len(entries) == 0 {
		d.fail(n, path, "empty_list")
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(entries)))
	seen := map[string]bool{}
	for _, p := range entries {
		name, ok := d.key(p, path, seen)
		if !ok {
			continue
		}
		// What a key in brackets says is told apart from the names in a path, which hold dots too.
		sub := path + "[" + name + "]"
		one := reflect.New(v.Type().Elem()).Elem()
		d.value(p.Value, sub, one)
		d.src.places[sub] = start(p.Key)
		v.SetMapIndex(reflect.ValueOf(name), one)
	}
}

func (d *decoder) list(n ast.Node, path string, v reflect.Value) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.fail(n, path, "wrong_type", "want", "list")
		return
	}
	if len(seq.Values) == 0 {
		d.fail(n, path, "empty_list")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values)))
	for i, item := range seq.Values {
		d.value(item, path+"["+strconv.Itoa(i)+"]", v.Index(i))
	}
}

// scalar is a text, a number or a yes/no. A text may look like a number: versions and phone numbers do.
func (d *decoder) scalar(n ast.Node, path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if s, ok := text(n); ok {
			v.SetString(s)
			return
		}
	case reflect.Bool:
		if b, ok := n.(*ast.BoolNode); ok {
			v.SetBool(b.Value)
			return
		}
	case reflect.Int:
		if i, ok := whole(n); ok && i >= math.MinInt32 && i <= math.MaxInt32 {
			v.SetInt(i)
			return
		}
	case reflect.Float64:
		if f, ok := number(n); ok {
			v.SetFloat(f)
			return
		}
	}
	d.fail(n, path, "wrong_type", "want", wants(v.Type()))
}

func text(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return strings.TrimRight(n.Value.Value, "\n"), true
	case *ast.IntegerNode, *ast.FloatNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func whole(n ast.Node) (int64, bool) {
	i, ok := n.(*ast.IntegerNode)
	if !ok {
		return 0, false
	}
	switch x := i.Value.(type) {
	case int64:
		return x, true
	case uint64:
		return int64(x), x <= math.MaxInt64
	}
	return 0, false
}

func number(n ast.Node) (float64, bool) {
	if f, ok := n.(*ast.FloatNode); ok {
		return f.Value, !math.IsNaN(f.Value) && !math.IsInf(f.Value, 0)
	}
	i, ok := whole(n)
	return float64(i), ok
}

func (d *decoder) day(n ast.Node, path string, v reflect.Value) {
	s, _ := text(n)
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		d.fail(n, path, "wrong_type", "want", "day")
		return
	}
	v.Set(reflect.ValueOf(t))
}

func (d *decoder) duration(n ast.Node, path string, v reflect.Value) {
	s, _ := text(n)
	t, err := time.ParseDuration(s)
	if err != nil || t <= 0 {
		d.fail(n, path, "wrong_type", "want", "duration")
		return
	}
	v.SetInt(int64(t))
}

// anything is an argument of a probe or verb: a text, a number, a yes/no, or a list of these.
func (d *decoder) anything(n ast.Node, path string, v reflect.Value) {
	if seq, ok := n.(*ast.SequenceNode); ok {
		var list []any
		for i, item := range seq.Values {
			sub := fmt.Sprintf("%s[%d]", path, i)
			d.note(item, sub)
			one, ok := plain(item)
			if !ok {
				d.fail(item, sub, "wrong_type", "want", "argument")
				continue
			}
			list = append(list, one)
		}
		if len(seq.Values) == 0 {
			d.fail(n, path, "empty_list")
		}
		v.Set(reflect.ValueOf(&list).Elem())
		return
	}
	one, ok := plain(n)
	if !ok {
		d.fail(n, path, "wrong_type", "want", "argument")
		return
	}
	v.Set(reflect.ValueOf(one))
}

// plain is a scalar as it is: string, int64, float64 or bool.
func plain(n ast.Node) (any, bool) {
	if b, ok := n.(*ast.BoolNode); ok {
		return b.Value, true
	}
	if i, ok := whole(n); ok {
		return i, true
	}
	if f, ok := number(n); ok {
		return f, true
	}
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode: // too large, or no number at all
		return nil, false
	}
	s, ok := text(n)
	return s, ok
}

// nearest is the known name that a typing mistake may have meant; empty where none is near.
func nearest(name string, known []string) string {
	best, least := "", 1+len(name)/3
	for _, k := range known {
		if n := distance(name, k); n <= least && (best == "" || n < distance(name, best)) {
			best = k
		}
	}
	return best
}

// distance is how many letters must be put in, taken out or changed.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost = 1 + min(before, row[j], row[j+1])
			}
			before, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
