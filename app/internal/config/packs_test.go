package config

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// testKey is the public key of RFC 8032's first test.
const testKey = "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

func TestOnlyThePolicySaysWhoMaySign(t *testing.T) {
	text := "packs: {dirs: [/srv/packs], publishers: {acme: \"" + testKey + "\"}, allow_exec: \"yes\"}\n"
	got, err := Load(Params{UserFile: filepath.Join(t.TempDir(), "none.yaml"), PolicyFile: policy(t, text)})
	if err != nil || len(got.Config.Packs.Publishers["acme"]) != 32 || !got.Config.Packs.AllowExec || len(got.Config.Packs.Dirs) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, s := range got.Settings {
		if s.Key == "packs.publishers" && (!s.Locked || s.Value != "acme="+testKey) {
			t.Errorf("%+v", s)
		}
	}
	for _, p := range []Params{{UserFile: write(t, "user.yaml", text)}, {File: write(t, "file.yaml", text)}} {
		var e *Error
		if _, err := Load(p); !errors.As(err, &e) || e.Line != 1 || !strings.Contains(e.Problem, "administrator") {
			t.Errorf("accepted: %v", err)
		}
		s := Salvage(p)
		if packs := s.Config.Packs; len(packs.Publishers)+len(packs.Dirs) > 0 || packs.AllowExec || len(s.Mistakes) != 3 {
			t.Errorf("salvaged: %+v", s)
		}
	}
	for key, v := range map[string]string{"packs.publishers": "acme=" + testKey, "packs.allow_exec": "yes", "packs.dirs": "/tmp"} {
		if err := Set(Params{UserFile: filepath.Join(t.TempDir(), "u.yaml")}, map[string]string{key: v}); err == nil {
			t.Errorf("a user may set %s", key)
		}
	}
	if err := CheckFile(write(t, "policy.yaml", text)); err != nil {
		t.Errorf("an administrator checks the policy: %v", err)
	}
	// The registry holds one text.
	v, err := parseSet("packs.publishers", "acme="+testKey+", globex="+testKey)
	if err != nil || len(v.byName) != 2 || v.byName["globex"] != testKey {
		t.Errorf("%+v, %v", v, err)
	}
	if _, err := parseSet("packs.publishers", "acme"); err == nil {
		t.Error("a name without a key is accepted")
	}
}

func TestBadPublishers(t *testing.T) {
	for _, bad := range []string{
		"packs: {publishers: acme}", "packs: {publishers: [acme]}", "packs: {publishers: {acme: key}}",
		"packs: {publishers: {ACME: \"" + testKey + "\"}}", "packs: {publishers: {acme: {a: b}}}", "packs: {allow_exec: perhaps}",
		"packs: {publishers: {balise: \"" + testKey + "\"}}", "packs: {dirs: [packs]}",
		"packs: {publishers: {acme: \"" + testKey + "\", acme: \"" + testKey + "\"}}",
	} {
		var e *Error
		_, err := Load(Params{PolicyFile: policy(t, bad)})
		if !errors.As(err, &e) || e.Line == 0 {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
