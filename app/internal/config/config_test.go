package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"balise/diagnostics/checks"
	"balise/diagnostics/repair/fix/storage"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// policy is a file that passes as an administrator's: the temporary folder's parents are sticky or ours.
func policy(t *testing.T, content string) string { return write(t, "policy.yaml", content) }

func TestDefaults(t *testing.T) {
	got, err := Load(Params{UserFile: filepath.Join(t.TempDir(), "none.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Desk:    Desk{Kind: "practice", Auth: "token", Language: "auto"},
		Privacy: Privacy{Screenshot: "allow", MachineName: "send"}, Language: "auto",
		Watch: Watch{Background: "off", Record: "off"},
	}
	if !reflect.DeepEqual(got.Config, want) {
		t.Errorf("have %+v\nwant %+v", got.Config, want)
	}
	if len(got.Settings) != len(keys) {
		t.Errorf("%d settings shown of %d", len(got.Settings), len(keys))
	}
}

func TestLayersAndSources(t *testing.T) {
	p := Params{
		UserFile:   write(t, "user.yaml", "language: fr\ndesk: {user: zoé}\nsupport:\n  phone: 4242\n"),
		File:       write(t, "file.yaml", "language: en\n"),
		PolicyFile: policy(t, "desk:\n  kind: rt\n  url: https://rt.example/\nprivacy: {screenshot: forbid}\n"),
	}
	got, err := Load(p)
	if err != nil {
		t.Fatal(err)
	}
	c := got.Config
	if c.Language != "en" || c.Desk.User != "zoé" || c.Desk.Kind != "rt" || c.Support.Phone != "4242" ||
		c.Privacy.Screenshot != "forbid" {
		t.Errorf("%+v", c)
	}
	by := map[string]Setting{}
	for _, s := range got.Settings {
		by[s.Key] = s
	}
	if s := by["privacy.screenshot"]; !s.Locked || s.Source != "policy" || s.File != p.PolicyFile {
		t.Errorf("%+v", s)
	}
	if s := by["language"]; s.Locked || s.Source != "file" || s.File != p.File {
		t.Errorf("%+v", s)
	}
	if s := by["desk.auth"]; s.Source != "default" || s.Value != "token" {
		t.Errorf("%+v", s)
	}
}

func TestListsAndServices(t *testing.T) {
	file := write(t, "c.yaml", `
probes:
  portal: http://portal.example/204
  egress:
    - 192.0.2.1:443
    - "[2001:db8::1]:443"
  services:
    - name: intranet
      url: https://intranet.example/
    - {name: mail, url: "https://mail.example/"}
  time: [https://a.example/, ntp.example:123]
`)
	got, err := Load(Params{File: file})
	if err != nil {
		t.Fatal(err)
	}
	p := got.Config.Probes
	if len(p.Egress) != 2 || len(p.Services) != 2 || p.Services[1].Name != "mail" || len(p.Time) != 2 {
		t.Errorf("%+v", p)
	}
}

func TestMistakesNameTheirPlace(t *testing.T) {
	tests := []struct{ name, yaml, at, says string }{
		{"unknown key", "desk:\n  kind: rt\n  color: red\n", ":3:3: desk.color", "kind, url, auth"},
		{"unknown group", "desks: {}\n", ":1:1: desks", "desk, probes"},
		{"bad choice", "language: de\n", ":1:11: language", "auto, fr, en"},
		{"bad url", "desk:\n  url: rt.example\n", ":2:8: desk.url", "http"},
		{"password in url", "desk: {url: 'https://u:p@x/'}\n", "desk.url", "password"},
		{"name as egress", "probes:\n  egress: [www.example:443]\n", ":2:12: probes.egress", "IP literals"},
		{"list wanted", "probes: {egress: x}\n", "probes.egress", "a list"},
		{"group wanted", "desk: rt\n", ":1:7: desk", "key: value"},
		{"service without url", "probes:\n  services:\n    - name: a\n", "probes.services", "url"},
		{"service twice", "probes: {services: [{name: a, url: 'http://x/'}, {name: a, url: 'http://y/'}]}\n", "probes.services", "different"},
		{"service name", "probes: {services: [{name: 'a b', url: 'http://x/'}]}\n", "probes.services.name", "letters"},
		{"not yaml", "desk: [\n", "c.yaml:", "YAML"},
		{"relative ca", "desk: {ca_file: ca.pem}\n", "desk.ca_file", "absolute"},
		{"control character", "support: {name: \"a\\u0007b\"}\n", "support.name", "control"},
		{"two documents", "language: fr\n---\nlanguage: en\n", "c.yaml:3", "one document"},
		{"rt without url", "desk:\n  kind: rt\n", ":2:9: desk.url", "the address of the rt desk"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := write(t, "c.yaml", tt.yaml)
			_, err := Load(Params{File: file})
			if err == nil {
				t.Fatal("accepted")
			}
			if cerr := CheckFile(file); cerr == nil || cerr.Error() != err.Error() {
				t.Errorf("checked alone: %v", cerr)
			}
			if !strings.Contains(err.Error(), tt.at) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v\nwant %q and %q in it", err, tt.at, tt.says)
			}
		})
	}
	if _, err := Load(Params{File: "/no/such/file.yaml"}); err == nil {
		t.Error("a named file that does not exist was accepted")
	}
}

func TestSet(t *testing.T) {
	p := Params{
		UserFile:   filepath.Join(t.TempDir(), "deep", "config.yaml"),
		PolicyFile: policy(t, "privacy: {screenshot: forbid}\n"),
	}
	if err := Set(p, map[string]string{"desk.kind": "rt", "desk.url": "https://rt.example", "probes.time": "https://a.example, ntp.example:123"}); err != nil {
		t.Fatal(err)
	}
	got, err := Load(p)
	if err != nil || got.Config.Desk.URL != "https://rt.example" || len(got.Config.Probes.Time) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	err = Set(p, map[string]string{"language": "fr", "privacy.screenshot": "allow"})
	var locked *LockedError
	if !errors.As(err, &locked) || locked.File != p.PolicyFile {
		t.Errorf("locked key: %v", err)
	}
	if got, _ = Load(p); got.Config.Language != "auto" {
		t.Error("a refused change was half made")
	}
	for _, bad := range []map[string]string{{"language": "de"}, {"colour": "red"}, {"probes.services": "x"}} {
		if err := Set(p, bad); err == nil {
			t.Errorf("%v accepted", bad)
		}
	}
	if err := Set(p, map[string]string{"desk.kind": "", "desk.url": "", "probes.time": ""}); err != nil {
		t.Fatal(err)
	}
	if got, _ = Load(p); got.Config.Desk.Kind != "practice" {
		t.Errorf("unset key: %+v", got.Config.Desk)
	}
	before, err := os.ReadFile(p.UserFile)
	if err != nil {
		t.Fatal(err)
	}
	var together *Error
	if err := Set(p, map[string]string{"desk.kind": "rt"}); !errors.As(err, &together) || together.Key != "desk.url" {
		t.Errorf("a desk without an address: %v", err)
	}
	if after, err := os.ReadFile(p.UserFile); err != nil || string(after) != string(before) {
		t.Errorf("a refused change was written: %q, %v", after, err)
	}
	info, err := os.Stat(p.UserFile)
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("settings file: %v, %v", info.Mode(), err)
	}
}

func TestPolicyOthersCanWriteIsRefused(t *testing.T) {
	file := policy(t, "language: fr\n")
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(Params{PolicyFile: file}); err == nil || !strings.Contains(err.Error(), "administrator") {
		t.Errorf("accepted: %v", err)
	}
}

// Every key of the struct can be set, and every setting lands in the struct.
func TestEveryFieldHasItsKey(t *testing.T) {
	var c Config
	for _, k := range keys {
		before := c
		full := value{
			text: "yes", texts: []string{"x"}, services: []checks.Service{{Name: "x"}},
			numbers: map[string]map[string]float64{"": {"x": 1}}, caches: []storage.Cache{{Name: "x"}},
			byName: map[string]string{"x": "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="},
		}
		k.put(&c, full)
		if reflect.DeepEqual(before, c) {
			t.Errorf("%s sets nothing", k.name)
		}
	}
	if missing := zeroFields("", reflect.ValueOf(c)); len(missing) > 0 {
		t.Errorf("no key sets %v", missing)
	}
}

func zeroFields(path string, v reflect.Value) []string {
	if v.Kind() != reflect.Struct {
		if v.IsZero() {
			return []string{path}
		}
		return nil
	}
	var missing []string
	for i := range v.NumField() {
		missing = append(missing, zeroFields(path+"."+v.Type().Field(i).Name, v.Field(i))...)
	}
	return missing
}

func TestNumbers(t *testing.T) {
	good, err := Load(Params{UserFile: write(t, "good.yaml",
		"limits: {disk.space: {warn_free_percent: 15}}\npriors: {print.queue/paused: 3}\n")})
	if err != nil {
		t.Fatal(err)
	}
	if good.Config.Limits["disk.space"]["warn_free_percent"] != 15 || good.Config.Priors["print.queue/paused"] != 3 {
		t.Errorf("%+v", good.Config)
	}
	for _, bad := range []string{
		"limits: {disk.spice: {warn_free_percent: 15}}", "limits: {disk.space: {warn_free: 15}}", "limits: 3",
		"limits: {disk.space: {warn_free_percent: many}}", "limits: {disk.space: {warn_free_percent: -1}}",
		"limits: {disk.space: [1]}", "priors: {print.queue/paused: {a: 1}}", "priors: [1]", "priors: {a: .nan}",
	} {
		var e *Error
		_, err := Load(Params{UserFile: write(t, "bad.yaml", bad)})
		if !errors.As(err, &e) || e.Line == 0 || e.Want == "" {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestCheckFileNamesEveryMistake(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.yaml")
	const text = "probes: {egress: [foo]}\nlimits: {no.such: {x: 1}}\nlanguage: xx\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(CheckFile(file).Error(), "\n")
	if len(lines) != 3 {
		t.Fatalf("%q", lines)
	}
	for i, at := range []string{":1:", ":2:", ":3:"} {
		if !strings.Contains(lines[i], at) {
			t.Errorf("%q is not at %s", lines[i], at)
		}
	}
}
