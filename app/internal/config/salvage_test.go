package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSalvage(t *testing.T) {
	const good = "desk: {kind: rt, url: 'https://desk.example'}\n"
	for name, c := range map[string]struct {
		user, policy string
		testsOnly    bool
		mistakes     int
		kind         string // of the desk
		portal       string
	}{
		"a wrong limit": {
			good + "limits: {disk.space: {no_such_limit: 3}}\nprobes: {portal: 'http://p.example/x'}\n", "", true, 1,
			"rt", "http://p.example/x",
		},
		"several": {
			good + "probes: {egress: [nonsense], portal: 'http://p.example/x', nothing: 1}\nwatch: {record: maybe}\n", "", true,
			3, "rt", "http://p.example/x",
		},
		"a wrong desk":     {"desk: {kind: abacus}\nprobes: {portal: 'http://p.example/x'}\n", "", false, 1, "practice", "http://p.example/x"},
		"a desk without":   {"desk: {kind: rt}\n", "", false, 1, "practice", ""},
		"no YAML":          {"desk: [\n", "", false, 1, "practice", ""},
		"a policy's limit": {good, "limits: {disk.space: {no: 1}}\n", true, 1, "rt", ""},
		"a policy's desk":  {good, "desk: {kind: abacus}\n", false, 1, "rt", ""},
	} {
		dir := t.TempDir()
		p := Params{UserFile: filepath.Join(dir, "user.yaml"), PolicyFile: filepath.Join(dir, "policy.yaml")}
		for file, text := range map[string]string{p.UserFile: c.user, p.PolicyFile: c.policy} {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Load(p); err == nil {
			t.Errorf("%s: loaded", name)
		}
		s := Salvage(p)
		if len(s.Mistakes) != c.mistakes || s.TestsOnly != c.testsOnly || s.Config.Desk.Kind != c.kind ||
			s.Config.Probes.Portal != c.portal || len(s.Settings) == 0 {
			t.Errorf("%s: mistakes %v, tests only %v, desk %q, portal %q", name, s.Mistakes, s.TestsOnly,
				s.Config.Desk.Kind, s.Config.Probes.Portal)
		}
		if strict := s.Config.Privacy.Screenshot == "forbid"; strict != (c.policy != "") {
			t.Errorf("%s: strict %v", name, strict)
		}
		for _, err := range s.Mistakes {
			if !strings.Contains(err.Error(), dir) {
				t.Errorf("%s: %v does not say where", name, err)
			}
		}
	}
}
