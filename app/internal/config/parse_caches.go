package config

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"balise/diagnostics/repair/fix/storage"
)

// caches reads {name, programs, dirs}: programs whose temporary stores a repair may set aside.
func (w *walker) caches(k key, n ast.Node) (value, error) {
	items, err := w.sequence(k, n)
	if err != nil {
		return value{}, err
	}
	v := value{caches: []storage.Cache{}}
	for _, item := range items {
		c, err := w.cache(k, item)
		if err != nil {
			return value{}, err
		}
		if slices.ContainsFunc(v.caches, func(o storage.Cache) bool { return o.Name == c.Name }) {
			return value{}, w.fail(item, k.name, fmt.Sprintf("the name %q stands twice", c.Name), "different names")
		}
		v.caches = append(v.caches, c)
	}
	return v, nil
}

func (w *walker) cache(k key, n ast.Node) (storage.Cache, error) {
	var c storage.Cache
	fields := pairs(n)
	if len(fields) == 0 {
		return c, w.fail(n, k.name, "is not a program's store", k.want)
	}
	for _, p := range fields {
		field := p.Key.GetToken().Value
		sub := key{name: k.name + "." + field, want: k.want}
		var err error
		switch field {
		case "name":
			sub.check = programLabel
			c.Name, err = w.scalar(sub, p.Value)
		case "programs":
			sub.want, sub.check = "a list of programs' names", unitName
			c.Programs, err = w.several(sub, p.Value)
		case "dirs":
			sub.want, sub.check = "a list of folders below the cache folder", cacheFolder
			c.Dirs, err = w.several(sub, p.Value)
		default:
			err = w.fail(p, sub.name, "is not known", "name, programs, dirs")
		}
		if err != nil {
			return c, err
		}
	}
	if c.Name == "" || len(c.Programs) == 0 || len(c.Dirs) == 0 {
		return c, w.fail(n, k.name, "a program's store lacks its name, programs or dirs", k.want)
	}
	return c, nil
}

// several reads a list of single values, none of them empty.
func (w *walker) several(k key, n ast.Node) ([]string, error) {
	items, err := w.sequence(k, n)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, item := range items {
		s, err := w.scalar(k, item)
		if err != nil {
			return nil, err
		}
		if s == "" {
			return nil, w.fail(item, k.name, "is empty", k.want)
		}
		list = append(list, s)
	}
	return list, nil
}

func programLabel(s string) error {
	const most = 40
	if len([]rune(s)) > most {
		return fmt.Errorf("is longer than %d characters", most)
	}
	return nil
}

// cacheFolder keeps what is set aside below the user's cache folder, and never all of it.
func cacheFolder(s string) error {
	switch {
	case path.IsAbs(s) || strings.ContainsAny(s, "\\:~$"):
		return errors.New("is not a folder below the cache folder")
	case path.Clean(s) != s || s == "." || strings.HasPrefix(s, ".."):
		return errors.New("leads out of the cache folder")
	}
	parts := strings.Split(s, "/")
	if strings.Contains(parts[0], "*") {
		return errors.New("begins with a star, which could be any program's")
	}
	for _, p := range parts {
		if strings.ContainsAny(p, "*?[") && p != "*" {
			return errors.New("has a pattern; only a whole * for one folder is known")
		}
	}
	return nil
}

// serviceUnit is a unit that may be restarted: a service or what starts one, never the way the computer runs.
func serviceUnit(s string) error {
	if err := unitName(s); err != nil {
		return err
	}
	if strings.ContainsAny(s, "*?[]") {
		return errors.New("is a pattern, not a name")
	}
	switch kind := path.Ext(s); kind {
	case ".target", ".slice", ".scope", ".mount", ".swap", ".device":
		return fmt.Errorf("is a %s, not a service", kind[1:])
	}
	return nil
}
