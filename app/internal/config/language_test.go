package config

import (
	"runtime"
	"testing"
)

func TestResolveLanguage(t *testing.T) {
	if got := firstSpoken([]string{"de-DE", "fr-CA", "en"}); got != "fr" {
		t.Errorf("first language spoken of three: %s", got)
	}
	if got := firstSpoken(nil); got != "en" {
		t.Errorf("no language: %s", got)
	}
	if got := ResolveLanguage("fr"); got != "fr" {
		t.Errorf("a choice was overruled: %s", got)
	}
	if runtime.GOOS != "linux" {
		return // elsewhere the system, not the environment, says the language
	}
	for lang, want := range map[string]string{"fr_FR.UTF-8": "fr", "C": "en", "C.UTF-8": "en", "": "en", "en_GB": "en"} {
		for _, unset := range []string{"LC_ALL", "LC_MESSAGES", "LANGUAGE"} {
			t.Setenv(unset, "")
		}
		t.Setenv("LANG", lang)
		if got := ResolveLanguage("auto"); got != want {
			t.Errorf("LANG=%s: %s, want %s", lang, got, want)
		}
	}
}
