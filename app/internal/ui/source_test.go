package ui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/goccy/go-yaml"

	"balise/app/internal/i18n"
	"balise/assets"
)

// texty are the functions whose string arguments a user reads.
var texty = []string{
	"NewButton", "NewCheck", "NewFold", "NewFoldBeside", "Title", "Lead", "Heading", "Body", "Muted",
	"Caption",
	"Mono", "Exact", "NewLabel", "NewStatusLine", "SetText", "SetPlaceHolder", "field", "busy", "big", "Show",
}

func sources(t *testing.T, visit func(*token.FileSet, ast.Node)) {
	t.Helper()
	for _, dir := range []string{".", "widgets"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal("no sources: ", err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool { visit(set, n); return true })
		}
	}
}

func callee(c *ast.CallExpr) string {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

func literal(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
}

func TestNoTextStandsInTheCode(t *testing.T) {
	seen := 0
	sources(t, func(set *token.FileSet, n ast.Node) {
		call, ok := n.(*ast.CallExpr)
		if !ok || !slices.Contains(texty, callee(call)) {
			return
		}
		seen++
		for _, arg := range call.Args {
			ast.Inspect(arg, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr, *ast.FuncLit:
					return false // looked at by itself
				case ast.Expr:
					if s, ok := literal(n); ok && strings.ContainsFunc(s, unicode.IsLetter) {
						t.Errorf("%s: %q belongs into window.yaml", set.Position(n.Pos()), s)
					}
				}
				return true
			})
		}
	})
	if seen < 100 {
		t.Errorf("only %d calls were looked at: the names in texty are out of date", seen)
	}
}

// keys are the texts of window.yaml alone.
func keys(t *testing.T) []string {
	t.Helper()
	raw, err := fs.ReadFile(assets.FS, "translations/en/window.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	var out []string
	var walk func(string, any)
	walk = func(at string, v any) {
		if m, ok := v.(map[string]any); ok {
			for k, v := range m {
				walk(at+"."+k, v)
			}
			return
		}
		out = append(out, strings.TrimPrefix(at, "."))
	}
	walk("", tree)
	return out
}

func TestEveryTextIsThereAndIsUsed(t *testing.T) {
	texts, have := i18n.New("en"), keys(t)
	used := map[string]bool{} // keys, and prefixes that end in a dot
	wants := map[string]token.Position{}
	sources(t, func(set *token.FileSet, n ast.Node) {
		switch n := n.(type) {
		case *ast.CallExpr:
			if name := callee(n); len(n.Args) > 0 && (name == "tr" || name == "T") {
				ast.Inspect(n.Args[0], func(x ast.Node) bool {
					e, isExpr := x.(ast.Expr)
					if !isExpr {
						return true
					}
					if s, ok := literal(e); ok && strings.HasPrefix(s, ".") {
						return true
					} else if ok && s != "window." && name == "tr" {
						wants["window."+s] = set.Position(e.Pos())
					} else if ok && s != "window." {
						wants[s] = set.Position(e.Pos())
					}
					return true
				})
			}
		case ast.Expr: // keys also stand in tables and variables
			if s, ok := literal(n); ok && len(s) > 1 {
				s, _, _ = strings.Cut(s, "%")
				used["window."+strings.TrimPrefix(s, "window.")] = true
			}
		}
	})
	for key, at := range wants {
		key, _, _ = strings.Cut(key, "%")
		// The beginning of a key is enough where the code adds the rest; those of other files have their
		// own tests.
		begins := !strings.HasPrefix(key, "window.") || slices.ContainsFunc(have, func(k string) bool {
			return strings.HasPrefix(k, key)
		})
		if !texts.Has(key) && !begins {
			t.Errorf("%s: no text %q", at, key)
		}
	}
	for _, key := range have {
		if !slices.ContainsFunc(parts(key), func(p string) bool { return used[p] }) {
			t.Errorf("nothing shows %q", key)
		}
	}
}

// parts are the ways in which the source may name a key: whole, without its last part (a plural form, or a
// title and its text), or by a beginning that ends in a dot.
func parts(key string) []string {
	out := []string{key, key[:strings.LastIndexByte(key, '.')]}
	for i, r := range key {
		if r == '.' && i > len("window") {
			out = append(out, key[:i+1])
		}
	}
	if strings.HasPrefix(key, "window.month.m") {
		out = append(out, "window.month.m")
	}
	return out
}

// TestFrenchIsTypeset wants a space that does not break before the signs that stand apart in French.
func TestFrenchIsTypeset(t *testing.T) {
	for _, name := range []string{"window", "tray", "changes"} {
		raw, err := fs.ReadFile(assets.FS, "translations/fr/"+name+".yaml")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			text := strings.TrimSpace(line)
			if strings.HasPrefix(text, "#") {
				continue
			}
			for _, sign := range []string{" :", " ;", " ?", " !", " »", "« "} {
				if strings.Contains(text, sign) {
					t.Errorf("%s.yaml: %q has a space that breaks: %s", name, sign, text)
				}
			}
		}
	}
}
