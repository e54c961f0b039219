package act

import (
	"errors"
	"slices"
	"testing"
)

func TestAppNames(t *testing.T) {
	for id, good := range map[string]bool{
		"org.acme.Erp": true, "libreoffice-writer": true, "": false, "-x": false, "../x": false, "a b": false, "a/b": false,
		".hidden": false, "a;b": false,
	} {
		if AppName(id) != good {
			t.Errorf("%q: %v", id, !good)
		}
	}
	if err := StartApp(t.Context(), "--help"); err == nil {
		t.Error("an option was taken for a program")
	}
}

func TestLaunchersHaveNoShell(t *testing.T) {
	for _, goos := range []string{"linux", "darwin", "windows"} {
		for _, argv := range launchers(goos, "org.acme.Erp") {
			if argv[0][0] != '/' || !slices.Contains(argv, "org.acme.Erp") {
				t.Errorf("%s: %q", goos, argv)
			}
		}
	}
	if err := launch(t.Context(), nil); !errors.Is(err, ErrAbsent) {
		t.Errorf("%v", err)
	}
}
