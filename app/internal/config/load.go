package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
)

// Params says which files to read.
type Params struct {
	// UserFile is the user's own file; Set writes it.
	UserFile string
	// File, of --config or BALISE_CONFIG, is read over the user's; it must exist.
	File string
	// PolicyFile is the administrator's; its keys are locked.
	PolicyFile string
}

// Setting is one effective value and where it comes from.
type Setting struct {
	Key    string
	Value  string
	Source string // "default", "user", "file", "policy"
	File   string
	Locked bool
}

// Loaded is the settings as they are now.
type Loaded struct {
	Config   Config
	Settings []Setting
}

// ErrLocked is returned by Set for a key that the policy decides.
var ErrLocked = errors.New("decided by your organisation")

// LockedError says which key and which file.
type LockedError struct{ Key, File string }

func (e *LockedError) Error() string { return e.Key + " is decided by " + e.File }

// Is makes errors.Is(err, ErrLocked) true.
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

// Load reads all files and puts them over one another. A mistake in any of them is an *Error and nothing is
// loaded: half a policy would be worse than none.
func Load(p Params) (*Loaded, error) {
	layers, err := readLayers(p)
	if err != nil {
		return nil, err
	}
	return merge(layers)
}

// merge puts layers over one another, the last one on top, and looks at the whole.
func merge(layers []layer) (*Loaded, error) {
	out := &Loaded{}
	for _, k := range keys {
		s := Setting{Key: k.name, Source: "default", Value: defaults[k.name]}
		v := value{text: defaults[k.name]}
		for _, l := range layers {
			if found, ok := l.values[k.name]; ok && (!k.admin || l.source == "policy") {
				v, s.Source, s.File = found, l.source, l.file
				s.Locked = l.source == "policy"
			}
		}
		if v.String() == "" { // unset, at whichever level: the default counts
			v.text = defaults[k.name]
		}
		s.Value = v.String()
		k.put(&out.Config, v)
		out.Settings = append(out.Settings, s)
	}
	if out.Config.Desk.Kind != "practice" && out.Config.Desk.URL == "" {
		return nil, missingURL(layers)
	}
	return out, nil
}

// missingURL is a desk without an address: a mistake that only the values together show. It stands where the
// desk's kind was decided.
func missingURL(layers []layer) error {
	e := &Error{Key: "desk.url", Problem: "is missing"}
	for _, l := range layers {
		if v, ok := l.values["desk.kind"]; ok && v.text != "" {
			e.File, e.Line, e.Column = l.file, v.line, v.column
			e.Want = "the address of the " + v.text + " desk"
		}
	}
	return e
}

func readLayers(p Params) ([]layer, error) {
	var layers []layer
	if p.UserFile != "" {
		l, err := readLayer("user", p.UserFile)
		if err == nil {
			err = errors.Join(l.others()...)
		}
		if err != nil {
			return nil, err
		}
		layers = append(layers, l)
	}
	if p.File != "" {
		if _, err := os.Stat(p.File); err != nil {
			return nil, fmt.Errorf("read settings: %w", err)
		}
		l, err := readLayer("file", p.File)
		if err == nil {
			err = errors.Join(l.others()...)
		}
		if err != nil {
			return nil, err
		}
		layers = append(layers, l)
	}
	if p.PolicyFile != "" {
		if err := trusted(p.PolicyFile); err != nil {
			return nil, err
		}
		l, err := readLayer("policy", p.PolicyFile)
		if err != nil {
			return nil, err
		}
		layers = append(layers, l)
		if l, err = systemPolicy(); err != nil {
			return nil, err
		}
		layers = append(layers, l)
	}
	return layers, nil
}

// CheckFile reads one settings file, by itself over the defaults, and reports its first mistake.
func CheckFile(file string) error {
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	l, err := readLayer("file", file)
	if err != nil {
		_, all := salvageFile(file, err)
		return errors.Join(all...)
	}
	_, err = merge([]layer{l})
	return err
}

// Set changes some of the user's settings, all or none. An empty value unsets a key. Lists are written with
// commas; services cannot be set this way. Values that are good one by one and not together are refused: Balise
// would not start next time.
func Set(p Params, values map[string]string) error {
	if p.UserFile == "" {
		return errors.New("write settings: no file of the user's own")
	}
	now, err := Load(p)
	if err != nil {
		return err
	}
	layers, err := readLayers(p)
	if err != nil {
		return err
	}
	user := layers[0] // the maps are shared: what changes here changes in layers
	for name, text := range values {
		for _, s := range now.Settings {
			if s.Key == name && s.Locked {
				return &LockedError{Key: name, File: s.File}
			}
		}
		if k, ok := find(name); ok && k.admin {
			return &Error{File: "settings", Key: name, Problem: "may only stand in the administrator's settings", Want: "it in the policy file"}
		}
		v, err := parseSet(name, text)
		if err != nil {
			return err
		}
		if user.values[name] = v; text == "" {
			delete(user.values, name)
		}
	}
	if _, err := merge(layers); err != nil {
		return err
	}
	return user.write()
}

func parseSet(name, text string) (value, error) {
	k, ok := find(name)
	if !ok {
		return value{}, &Error{File: "settings", Key: name, Problem: "is not a setting of Balise"}
	}
	switch k.shape {
	case services, numbers, caches:
		return value{}, &Error{File: "settings", Key: name, Problem: "cannot be set here", Want: "an edit of the file"}
	case byName:
		return parseByName(k, text)
	case texts:
		v := value{texts: []string{}}
		for part := range strings.SplitSeq(text, ",") {
			part = strings.TrimSpace(part)
			if err := checkText(k, part); err != nil {
				return v, &Error{File: "settings", Key: name, Problem: fmt.Sprintf("%q: %v", part, err), Want: k.want}
			}
			v.texts = append(v.texts, part)
		}
		return v, nil
	}
	if err := checkText(k, text); err != nil {
		return value{}, &Error{File: "settings", Key: name, Problem: fmt.Sprintf("%q: %v", text, err), Want: k.want}
	}
	return value{text: text}, nil
}

// write saves the user's layer atomically: a power cut leaves the old file or the new one.
func (l layer) write() error {
	groups := yaml.MapSlice{}
	for _, k := range keys {
		v, ok := l.values[k.name]
		if !ok {
			continue
		}
		var plain any = v.text
		if v.services != nil {
			plain = v.services
		} else if v.caches != nil {
			plain = v.caches
		} else if v.texts != nil {
			plain = v.texts
		} else if v.numbers[""] != nil {
			plain = v.numbers[""]
		} else if v.numbers != nil {
			plain = v.numbers
		}
		groups = insert(groups, strings.Split(k.name, "."), plain)
	}
	raw, err := yaml.Marshal(groups)
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	if len(groups) == 0 {
		raw = nil
	}
	return writeFile(l.file, append([]byte("# Balise, the user's own settings. The policy's come first.\n"), raw...))
}

func insert(m yaml.MapSlice, path []string, v any) yaml.MapSlice {
	if len(path) == 1 {
		return append(m, yaml.MapItem{Key: path[0], Value: v})
	}
	for i := range m {
		if m[i].Key == path[0] {
			m[i].Value = insert(m[i].Value.(yaml.MapSlice), path[1:], v)
			return m
		}
	}
	return append(m, yaml.MapItem{Key: path[0], Value: insert(nil, path[1:], v)})
}

func writeFile(file string, raw []byte) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	tmp, err := os.CreateTemp(dir, ".config-*") // 0600 by CreateTemp
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(raw)
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	return nil
}
