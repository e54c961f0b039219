package scenario

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const good = `
title: the name servers are silent, then the service dies
row: 9
tags: [names]
areas: [net/dns]
settings:
  probes: {time: []}
  limits: {net.gateway: {slow_ms: 250}}
stage:
  - {do: dns.silent, server: first, count: 2, share: 0.5}
strikes:
  - {after: 300ms, do: service.stop}
expect:
  cause: [net.dns.servers/silent, "net.dns.system/*"]
  also: ["svc.reach.*/refused | svc.reach.*/silent"]
  category: network
  level: 2
  actor: it
  folded: [svc.reach.erp]
  not: [net.egress/*]
  not_words: {fr: [box], en: [router]}
  within: 4s
  exit: 1
vary: {not: [latency]}
`

func TestParse(t *testing.T) {
	s, err := Parse("dir/dns-silent.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "dns-silent" || s.Row != 9 || s.Label() != "net.dns.servers/silent" || !s.Double() {
		t.Errorf("%+v", s)
	}
	want := map[string]any{"server": "first", "count": 2, "share": 0.5}
	if s.Stage[0].Do != "dns.silent" || !reflect.DeepEqual(s.Stage[0].With, want) {
		t.Errorf("step %+v", s.Stage[0])
	}
	if k := s.Strikes[0]; k.Do != "service.stop" || time.Duration(k.After) != 300*time.Millisecond {
		t.Errorf("strike %+v", k)
	}
	if s.Expect.Latest() != 4*time.Second || *s.Expect.Exit != 1 || s.Vary.Allows("latency") || !s.Vary.Allows("x") {
		t.Errorf("%+v", s.Expect)
	}
}

// What crosses the pipe to the worker is what stood in the file.
func TestParseSurvivesJSON(t *testing.T) {
	s, err := Parse("x.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back Scenario
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	back.Plain()
	for i := range s.Stage { // positions stay behind
		s.Stage[i].line, s.Stage[i].column = 0, 0
	}
	for i := range s.Strikes {
		s.Strikes[i].line, s.Strikes[i].column = 0, 0
	}
	if !reflect.DeepEqual(s, back) {
		t.Errorf("\n%+v\n%+v", s, back)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "expected one"},
		{"two documents", "title: a\n---\ntitle: b\n", "2 documents"},
		{"unknown key", "title: a\nexpects: {healthy: true}\n", "x.yaml:2:1: unknown field \"expects\""},
		{"unknown key inside", "title: a\nexpect:\n  healthy: true\n  causes: [a/b]\n", "x.yaml:4:3: unknown field"},
		{"not YAML", "title: [a\n", "x.yaml:1:8:"},
		{"no title", "expect: {healthy: true}\n", "title: is missing"},
		{"nothing expected", "title: a\nstage: [{do: x}]\n", "neither healthy nor cause"},
		{"both", "title: a\nexpect: {healthy: true, cause: [a/b]}\n", "exclude each other"},
		{"nothing broken", "title: a\nexpect: {cause: [a/b]}\n", "nothing is broken"},
		{"no code", "title: a\nstage: [{do: x}]\nexpect: {cause: [dns]}\n", `"dns" is not a cause code`},
		{"bad level", "title: a\nstage: [{do: x}]\nexpect: {cause: [a/b], level: 4}\n", "expected 1, 2 or 3"},
		{"step without do", "title: a\nstage:\n  - {what: x}\nexpect: {healthy: true}\n", "x.yaml:3:"},
		{"step is a word", "title: a\nstage:\n  - dns\nexpect: {healthy: true}\n", "is not a step"},
		{"strike without after", "title: a\nstrikes: [{do: x}]\nexpect: {healthy: true}\n", `needs "after"`},
		{"bad duration", "title: a\nexpect: {healthy: true, within: soon}\n", "is not a duration"},
		{"negative", "title: a\nstrikes: [{after: -1s, do: x}]\nexpect: {healthy: true}\n", "is not a duration"},
		{"language", "title: a\nexpect: {healthy: true, not_words: {de: [x]}}\n", "expected fr or en"},
		{"name", "name: a+b\ntitle: a\nexpect: {healthy: true}\n", "holds a plus"},
		{"type", "title: a\nrow: nine\nexpect: {healthy: true}\n", "x.yaml:2:6:"},
	} {
		_, err := Parse("x.yaml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, expected %q", c.name, err, c.want)
		}
	}
}

func TestCheckNamesTheLine(t *testing.T) {
	s, err := Parse("x.yaml", []byte("title: a\nstage:\n  - do: one\n    wrong: 1\n  - do: two\nexpect: {healthy: true}\n"))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Check([]Action{{Name: "one", Args: []string{"right"}}})
	for _, want := range []string{`x.yaml:3:`, `one has no argument "wrong", only: right`, `x.yaml:5:`, `no action "two"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, expected %q", err, want)
		}
	}
	if err := s.Check([]Action{{Name: "one", Args: []string{"wrong"}}, {Name: "two"}}); err != nil {
		t.Error(err)
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, cause string
		want           bool
	}{
		{"net.link/none", "net.link/none", true},
		{"net.link/none", "net.link/no", false},
		{"net.*", "net.dns.system/silent", true},
		{"svc.reach.*/refused", "svc.reach.erp/refused", true},
		{"svc.reach.*/refused", "svc.reach.erp/silent", false},
		{"*/flapping", "net.egress/flapping", true},
		{"net.*.*/a", "net.b/a", false},
		{"*", "", true},
	} {
		if Match(c.pattern, c.cause) != c.want {
			t.Errorf("%q, %q: not %v", c.pattern, c.cause, c.want)
		}
	}
	if !MatchAny([]string{"a/b | c/*"}, "c/d") || MatchAny([]string{"a/b | c/*"}, "a/c") {
		t.Error("alternatives")
	}
}

func TestReadReportsEveryFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Read(dir); err == nil {
		t.Error("an empty folder is read")
	}
	write("b.yaml", "title: b\nexpect: {healthy: true}\n")
	write("a.yaml", "title: a\nexpect: {healthy: true}\n")
	all, err := Read(dir)
	if err != nil || len(all) != 2 || all[0].Name != "a" {
		t.Fatal(all, err)
	}
	write("c.yaml", "title: 1\nname: a\nexpect: {healthy: true}\n")
	write("d.yaml", "what: 1\n")
	_, err = Read(dir)
	if err == nil || !strings.Contains(err.Error(), `"a" is that of`) || !strings.Contains(err.Error(), "d.yaml:1:1") {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("title: a\nstage: &a [{do: *a}]\n"))
	f.Add([]byte("title: a\nsettings: {1: 2}\nexpect: {healthy: true}\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := Parse("x.yaml", raw)
		if err != nil {
			return
		}
		if _, err := json.Marshal(s); err != nil {
			t.Errorf("cannot cross the pipe: %v", err)
		}
		_ = s.Check(nil)
	})
}
