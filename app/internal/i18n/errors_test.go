package i18n

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// TestEveryErrorHasTexts reads the codes from their source, so that a new one cannot be forgotten.
func TestEveryErrorHasTexts(t *testing.T) {
	codes := errorCodes(t, "../ipc/api/errors.go")
	if len(codes) < 30 {
		t.Fatalf("only %d codes found", len(codes))
	}
	for _, lang := range Languages {
		p := New(lang)
		for name, code := range codes {
			for _, part := range []string{".what", ".next"} {
				if !p.Has("error." + code + part) {
					t.Errorf("%s: %s has no text error.%s%s", lang, name, code, part)
				}
			}
		}
		for key := range p.texts {
			code, ok := strings.CutPrefix(key, "error.")
			if !ok {
				continue
			}
			code = strings.TrimSuffix(strings.TrimSuffix(code, ".what"), ".next")
			known := false
			for _, c := range codes {
				known = known || c == code
			}
			if !known {
				t.Errorf("%s: %q is the text of no code", lang, key)
			}
		}
	}
}

func errorCodes(t *testing.T, file string) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, value := range spec.Values {
			name := spec.Names[i]
			if lit, ok := value.(*ast.BasicLit); ok && strings.HasPrefix(name.Name, "Code") {
				code, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				codes[name.Name] = code
			}
		}
		return true
	})
	return codes
}

func TestErrorFillsItsPlaces(t *testing.T) {
	p := New("en")
	what, next := p.Error("desk.tls", map[string]string{"reason": "expired"})
	if !strings.Contains(what, "has expired") || next == "" {
		t.Errorf("have %q, %q", what, next)
	}
	what, _ = p.Error("desk.throttled", nil)
	if strings.Contains(what, "{") || !strings.Contains(what, "…") {
		t.Errorf("an argument that is missing shows: %q", what)
	}
	if a, _ := p.Error("of.tomorrow", nil); a != p.T("error.internal.what") {
		t.Errorf("an unknown code says %q", a)
	}
}
