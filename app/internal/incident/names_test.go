package incident

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"balise/app/internal/ipc/api"
	"balise/diagnostics"
	"balise/diagnostics/redact"
)

// TestNobodyIsCalledLikeALeak: whatever word of a report a person, a computer or a serial number is called like,
// the report is made. A last look that cries wolf would keep that person from ever asking for help.
func TestNobodyIsCalledLikeALeak(t *testing.T) {
	req := sample(t)
	req.Input.Screenshot = false
	dir := t.TempDir() + "/notes.txt"
	if err := os.WriteFile(dir, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	req.Input.Attach = []string{dir}
	_, files := render(t, req)
	// Numbers, hashes and aliases are nobody's name; a line end in JSON is no letter.
	text := regexp.MustCompile(`(?:ip[46]-\w+|mac-[0-9a-f:]+|host|user|printer|domain)-[0-9a-z.]+`).ReplaceAllString(
		files[nameReportHTML]+strings.ReplaceAll(files[nameReportJSON], `\n`, " "), " ")
	words := slices.DeleteFunc(strings.FieldsFunc(text, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), func(w string) bool { return strings.IndexFunc(w, unicode.IsDigit) >= 0 })
	slices.Sort(words)
	words = slices.Compact(words)
	step := 97 // some of them each time; BALISE_TEST_LONG=1 takes all
	if os.Getenv("BALISE_TEST_LONG") != "" {
		step = 1
	}
	for i := 0; i < len(words); i += step {
		for _, kind := range []diagnostics.Kind{diagnostics.KindUser, diagnostics.KindHost, diagnostics.KindSerial} {
			var k redact.Known
			k.Add("INV-004217", diagnostics.Machine, diagnostics.KindSerial)
			k.Add("PC-COMPTA-07", diagnostics.Machine, diagnostics.KindHost)
			k.Add(words[i], diagnostics.Personal, kind)
			if _, err := build(t.Context(), req, nil, k); err != nil {
				t.Errorf("%s %q: %s: %v", kind, words[i], api.CodeOf(err), err)
			}
		}
	}
}
