package main

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"balise/assets"
	"balise/diagnostics"
	"balise/diagnostics/cause"
	"balise/diagnostics/checks/catalogue"
)

// selfTest is one row: what the catalogue says of a self-test, and what stands about its causes.
type selfTest struct {
	catalogue.Spec
	names, measures map[string]string // by language
	causes          []namedCause
}

// namedCause is one cause that the self-test can name.
type namedCause struct {
	tail  string
	entry cause.Entry
	known bool // the table of causes has it
}

// languages are those in which every text must stand.
func languages() []string { return []string{"en", "fr"} }

// families are the first parts of ids in the order of reading: from the cable to the services, then the
// machine itself.
func families() []string {
	return []string{
		"net", "time", "vpn", "svc", "mail", "share", "print", "id", "cert", "sec", "disk", "perf", "sys", "av",
		"display", "power",
	}
}

// read puts the catalogue, the table of causes and the texts together.
func read() ([]selfTest, error) {
	specs, err := catalogue.Load()
	if err != nil {
		return nil, err
	}
	kb, err := cause.Core()
	if err != nil {
		return nil, err
	}
	texts := map[string]map[string]string{}
	for _, lang := range languages() {
		if texts[lang], err = checkTexts(lang); err != nil {
			return nil, err
		}
	}
	var tests []selfTest
	for id, spec := range specs {
		t := selfTest{Spec: spec, names: map[string]string{}, measures: map[string]string{}}
		for _, lang := range languages() {
			t.names[lang] = texts[lang]["check."+id+".name"]
			t.measures[lang] = texts[lang]["check."+id+".measures"]
		}
		for _, tail := range spec.Causes {
			c := namedCause{tail: tail}
			for _, code := range []string{id, id + ".*"} { // a template's causes stand under its instances
				if e, ok := kb.Entry(diagnostics.Cause(code + "/" + tail)); ok && !c.known {
					c.entry, c.known = e, true
				}
			}
			t.causes = append(t.causes, c)
		}
		tests = append(tests, t)
	}
	slices.SortFunc(tests, func(a, b selfTest) int {
		return slices.Compare([]string{order(a.ID), a.ID}, []string{order(b.ID), b.ID})
	})
	return tests, nil
}

// order sorts by family; a family that is not listed comes last.
func order(id string) string {
	head, _, _ := strings.Cut(id, ".")
	i := slices.Index(families(), head)
	if i < 0 {
		i = len(families())
	}
	return fmt.Sprintf("%03d", i)
}

// checkTexts reads the texts of the self-tests of one language, by dotted key.
func checkTexts(lang string) (map[string]string, error) {
	files, err := fs.Glob(assets.FS, "translations/"+lang+"/checks*.yaml")
	if err != nil {
		return nil, fmt.Errorf("find texts: %w", err)
	}
	all := map[string]string{}
	for _, name := range files {
		raw, err := fs.ReadFile(assets.FS, name)
		if err != nil {
			return nil, fmt.Errorf("read texts: %w", err)
		}
		var tree map[string]any
		if err := yaml.Unmarshal(raw, &tree); err != nil {
			return nil, fmt.Errorf("read texts %s: %w", name, err)
		}
		flatten(all, "", tree)
	}
	return all, nil
}

func flatten(into map[string]string, prefix string, tree map[string]any) {
	for k, v := range tree {
		switch v := v.(type) {
		case map[string]any:
			flatten(into, prefix+k+".", v)
		case string:
			into[prefix+k] = v
		}
	}
}
