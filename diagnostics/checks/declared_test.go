package checks

import (
	"path"
	"slices"
	"strings"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/cause"
	"balise/diagnostics/checks/catalogue"
)

// declaredAs finds what the catalogue says of a fact: its class, kind and unit. A key there may have stars.
func declaredAs(spec catalogue.Spec, key string) (class, kind, unit string, ok bool) {
	text, ok := spec.Facts[key]
	for pattern, as := range spec.Facts {
		if !ok && strings.Contains(pattern, "*") {
			// Facts have dots and no slashes: a star stands for any letters.
			if hit, err := path.Match(pattern, key); err == nil && hit {
				text, ok = as, true
			}
		}
	}
	parts := append(strings.Fields(text), "-", "-", "-")
	for i := range parts {
		if parts[i] == "-" {
			parts[i] = ""
		}
	}
	return parts[0], parts[1], parts[2], ok
}

// undeclared is what a result says that the catalogue does not promise.
func undeclared(spec catalogue.Spec, r diagnostics.Result) []string {
	var all []string
	if tail := cause.Tail(r.Cause); r.Cause != "" && tail != diagnostics.Flapping && !slices.Contains(spec.Causes, tail) {
		all = append(all, "the cause "+tail)
	}
	for _, f := range r.Facts {
		class, kind, unit, ok := declaredAs(spec, f.Key)
		switch {
		case !ok:
			all = append(all, "the fact "+f.Key)
		case class != string(f.Class) || kind != string(f.Kind):
			all = append(all, "the fact "+f.Key+" as "+string(f.Class)+" "+string(f.Kind))
		case unit != f.Unit:
			all = append(all, "the fact "+f.Key+" in "+f.Unit)
		}
	}
	return all
}

// TestSelfTestsSayOnlyWhatTheCatalogueDeclares runs every self-test of this computer. A fact that is not declared
// has a class that nobody looked at.
func TestSelfTestsSayOnlyWhatTheCatalogueDeclares(t *testing.T) {
	kb, err := cause.Core()
	if err != nil {
		t.Fatal(err)
	}
	specs, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	const nowhere = "127.0.0.1:1" // refuses at once
	req := Request{Config: Config{
		Services: []Service{{Name: "erp", URL: "http://" + nowhere}},
		Mail:     []Service{{Name: "in", URL: "imaps://" + nowhere}},
		Shares:   []Service{{Name: "files", URL: "smb://" + nowhere + "/share", Mount: "/nowhere"}},
		UDP:      nowhere, Egress: []string{nowhere}, Units: []string{"no-such.service"}, Agents: []string{"no-such-agent"},
	}}
	for id, r := range finished(t, req) {
		spec, ok := specs[kb.Template(id)]
		if !ok {
			t.Errorf("%s stands not in the catalogue", id)
			continue
		}
		for _, what := range undeclared(spec, r) {
			t.Errorf("%s tells %s, which the catalogue does not declare", id, what)
		}
	}
}
