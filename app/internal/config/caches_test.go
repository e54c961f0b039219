package config

import (
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"balise/diagnostics/repair/fix/storage"
)

func TestRepairs(t *testing.T) {
	file := write(t, "good.yaml", `
probes: {units: [cups.service, edr.service]}
repairs:
  units: [edr.service, sync-agent.service]
  caches:
    - {name: Office, programs: [soffice.bin], dirs: [libreoffice/*/cache, libreoffice-temp]}
`)
	got, err := Load(Params{UserFile: file})
	if err != nil {
		t.Fatal(err)
	}
	want := []storage.Cache{{
		Name: "Office", Programs: []string{"soffice.bin"}, Dirs: []string{"libreoffice/*/cache", "libreoffice-temp"},
	}}
	if !reflect.DeepEqual(got.Config.Repairs.Caches, want) {
		t.Errorf("%+v", got.Config.Repairs)
	}
	units := []string{"cups.service", "edr.service", "sync-agent.service"}
	if !slices.Equal(got.Config.Restartable(), units) {
		t.Errorf("%q", got.Config.Restartable())
	}
	// Another setting that is saved leaves them in the file.
	if err := Set(Params{UserFile: file}, map[string]string{"language": "fr"}); err != nil {
		t.Fatal(err)
	}
	again, err := Load(Params{UserFile: file})
	if err != nil || !reflect.DeepEqual(again.Config.Repairs, got.Config.Repairs) {
		t.Errorf("%+v %v", again.Config.Repairs, err)
	}
	var e *Error
	if err := Set(Params{UserFile: file}, map[string]string{"repairs.caches": "x"}); !errors.As(err, &e) {
		t.Errorf("set from the command line: %v", err)
	}
	none, err := Load(Params{UserFile: filepath.Join(t.TempDir(), "none.yaml")})
	if err != nil || len(none.Config.Repairs.Units)+len(none.Config.Repairs.Caches) > 0 {
		t.Errorf("by default: %+v %v", none.Config.Repairs, err)
	}
}

func TestBadRepairs(t *testing.T) {
	of := func(name, programs, dirs string) string {
		return "repairs: {caches: [{name: " + name + ", programs: " + programs + ", dirs: " + dirs + "}]}"
	}
	for _, bad := range []string{
		"repairs: {units: cups.service}", "repairs: {units: [a/b.service]}", "repairs: {units: [-a.service]}",
		"repairs: {units: [reboot.target]}", "repairs: {units: ['*.service']}", "repairs: {unit: [x]}",
		"repairs: {caches: [office]}", "repairs: {caches: {name: a}}", "repairs: {caches: [{name: a}]}",
		of("a", "[]", "[b]"), of("a", "[b]", "[]"), of("a", "b", "[c]"), of("''", "[b]", "[c]"),
		of("a", "[b]", "[/etc]"), of("a", "[b]", "[..]"), of("a", "[b]", "[../Documents]"), of("a", "[b]", "[x/../../y]"),
		of("a", "[b]", "[.]"), of("a", "[b]", "['*']"), of("a", "[b]", "['*/x']"), of("a", "[b]", "['x/y*']"),
		of("a", "[b]", "['']"), of("a", "[b]", "['~/x']"), of("a", "[b]", "['C:x']"), of("a", "[b/c]", "[d]"),
		"repairs: {caches: [{name: a, programs: [b], dirs: [c]}, {name: a, programs: [b], dirs: [d]}]}",
		"repairs: {caches: [{name: a, programs: [b], dirs: [c], path: d}]}",
	} {
		var e *Error
		_, err := Load(Params{UserFile: write(t, "bad.yaml", bad)})
		if !errors.As(err, &e) || e.Line == 0 || e.Want == "" {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
