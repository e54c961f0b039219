package stage

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// action is an Action and what does it.
type action struct {
	Action
	do func(ctx context.Context, s *Stage, a args) (deed, error)
}

// deed is an action that was done.
type deed struct {
	name string
	// undo takes it back; stop ends what runs for it when the stage closes, and is undo where that is not set.
	undo, stop func() error
	// seen looks whether it took effect.
	seen func(ctx context.Context) (bool, string)
	// strained tells whether this machine was too busy to do it as it should be.
	strained func() bool
}

// args are an action's arguments after they were checked.
type args map[string]any

func (a args) str(name string) string        { return a[name].(string) }
func (a args) num(name string) int           { return a[name].(int) }
func (a args) real(name string) float64      { return a[name].(float64) }
func (a args) flag(name string) bool         { return a[name].(bool) }
func (a args) dur(name string) time.Duration { return a[name].(time.Duration) }
func (a args) list(name string) []string     { return a[name].([]string) }

// need and opt describe an argument.
func need(name, kind, doc string) Arg { return Arg{Name: name, Kind: kind, Doc: doc} }

func opt(name, kind string, def any, doc string) Arg {
	return Arg{Name: name, Kind: kind, Default: def, Doc: doc}
}

var undoAction = Action{
	Name: "undo", Doc: "Takes back what an earlier action did.",
	Args: []Arg{need("name", "string", "the action; of several the last")},
}

func (s *Stage) act(ctx context.Context, name string, with map[string]any) error {
	if name == undoAction.Name {
		a, err := parse(undoAction, with)
		if err != nil {
			return err
		}
		return s.undo(a.str("name"))
	}
	for _, one := range actions() {
		if one.Name != name {
			continue
		}
		a, err := parse(one.Action, with)
		if err != nil {
			return err
		}
		d, err := one.do(ctx, s, a)
		if err != nil {
			return err
		}
		d.name = name
		s.done = append(s.done, &d)
		return nil
	}
	var names []string
	for _, one := range Actions() {
		names = append(names, one.Name)
	}
	return fmt.Errorf("%w action; there are: %s", ErrUnknown, strings.Join(names, ", "))
}

func (s *Stage) undo(name string) error {
	for i, d := range slices.Backward(s.done) {
		if d.name != name {
			continue
		}
		s.done = slices.Delete(s.done, i, i+1)
		if d.undo == nil {
			return fmt.Errorf("%s cannot be undone", name)
		}
		return d.undo()
	}
	return fmt.Errorf("%s was not done", name)
}

// parse checks arguments and fills in defaults.
func parse(a Action, with map[string]any) (args, error) {
	out := args{}
	for name := range with {
		if !slices.ContainsFunc(a.Args, func(arg Arg) bool { return arg.Name == name }) {
			var names []string
			for _, arg := range a.Args {
				names = append(names, arg.Name)
			}
			return nil, fmt.Errorf("%w argument %q; there are: %s", ErrUnknown, name, strings.Join(names, ", "))
		}
	}
	for _, arg := range a.Args {
		raw, given := with[arg.Name]
		if !given {
			raw = arg.Default
		}
		if raw == nil {
			return nil, fmt.Errorf("argument %q (%s) is missing: %s", arg.Name, arg.Kind, arg.Doc)
		}
		v, ok := convert(arg.Kind, raw)
		if !ok {
			return nil, fmt.Errorf("argument %q is no %s: %v", arg.Name, arg.Kind, raw)
		}
		out[arg.Name] = v
	}
	return out, nil
}

// convert turns what YAML gave into what an action takes.
func convert(kind string, raw any) (any, bool) {
	number, isNumber := asNumber(raw)
	switch kind {
	case "string":
		if isNumber {
			return fmt.Sprint(raw), true
		}
		v, ok := raw.(string)
		return v, ok
	case "int":
		return int(number), isNumber && number == math.Trunc(number)
	case "float":
		return number, isNumber
	case "bool":
		v, ok := raw.(bool)
		return v, ok
	case "duration":
		if d, ok := raw.(time.Duration); ok {
			return d, true
		}
		text, ok := raw.(string)
		if !ok {
			return nil, false
		}
		d, err := time.ParseDuration(text)
		return d, err == nil
	case "list":
		return asList(raw)
	}
	return nil, false
}

func asNumber(raw any) (float64, bool) {
	switch v := raw.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

func asList(raw any) ([]string, bool) {
	switch v := raw.(type) {
	case []string:
		return v, true
	case string:
		return []string{v}, true
	case []any:
		list := make([]string, 0, len(v))
		for _, one := range v {
			list = append(list, fmt.Sprint(one))
		}
		return list, true
	}
	return nil, false
}

// plain makes a deed of a pair of functions.
func plain(do, undo func() error, seen func(context.Context) (bool, string)) (deed, error) {
	if err := do(); err != nil {
		return deed{}, err
	}
	return deed{undo: undo, seen: seen}, nil
}

// all is errors.Join for functions that are called in turn whatever happens.
func all(fs ...func() error) func() error {
	return func() error {
		var errs []error
		for _, f := range fs {
			errs = append(errs, f())
		}
		return errors.Join(errs...)
	}
}

// actions is the explicit list, in reading order.
func actions() []action {
	return slices.Concat(wireActions(), pathActions(), wayActions(), nameActions(), serviceActions(),
		shareActions(), printActions(),
		volumeActions(), machineActions(), deviceActions(), soundActions(), busActions(), desktopActions(), accountActions(),
		fileActions(), mendingActions(), userActions())
}

func containsFold(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

func hasSuffix(s string, ends ...string) bool {
	return slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(s, end) })
}
