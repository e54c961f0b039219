package i18n

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// packCodes are the codes of problems and refusals that the source of diagnostics/pack gives.
func packCodes(t *testing.T) (problems, refusals map[string]bool) {
	t.Helper()
	dir := "../../../diagnostics/pack"
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	problems, refusals = map[string]bool{}, map[string]bool{}
	note := func(to map[string]bool, e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			s, _ := strconv.Unquote(lit.Value)
			to[s] = true
		}
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if i := codeAt(n); i > 0 && i < len(n.Args) {
					note(problems, n.Args[i])
				}
			case *ast.AssignStmt: // code, limit = "too_deep", maxDepth
				if x, ok := n.Lhs[0].(*ast.Ident); ok && x.Name == "code" && len(n.Lhs) == 2 {
					note(problems, n.Rhs[0])
				}
			case *ast.ValueSpec:
				if filepath.Base(name) == "dir.go" && len(n.Values) == 1 {
					note(refusals, n.Values[0])
				}
			}
			return true
		})
	}
	delete(problems, "")
	return problems, refusals
}

// codeAt is which argument of a call is a problem's code; 0 for other calls.
func codeAt(c *ast.CallExpr) int {
	switch f := c.Fun.(type) {
	case *ast.SelectorExpr:
		x, _ := f.X.(*ast.Ident)
		switch {
		case f.Sel.Name == "fail" && x != nil && x.Name == "d":
			return 2
		case f.Sel.Name == "fail", f.Sel.Name == "problem":
			return 1
		}
	case *ast.Ident:
		if f.Name == "add" {
			return 1
		}
	}
	return 0
}

// Every code of a pack's problems and refusals has a text in both languages, and no text is left over.
func TestPackCodesHaveTexts(t *testing.T) {
	problems, refusals := packCodes(t)
	if len(problems) < 60 || len(refusals) < 15 {
		t.Fatalf("only %d problems and %d refusals were found in the source", len(problems), len(refusals))
	}
	for _, lang := range Languages {
		p := New(lang)
		for prefix, codes := range map[string]map[string]bool{"pack.problem.": problems, "pack.refused.": refusals} {
			for code := range codes {
				if !p.Has(prefix + code) {
					t.Errorf("%s: no text %s%s", lang, prefix, code)
				}
			}
			for key := range p.texts {
				if code, ok := strings.CutPrefix(key, prefix); ok && !codes[code] {
					t.Errorf("%s: nobody gives %s", lang, key)
				}
			}
		}
	}
}

func TestPackProblem(t *testing.T) {
	args := map[string]string{"value": "4", "name": "timeout", "tool": "https", "want": "between", "min": "1", "max": "3"}
	if have := New("en").PackProblem("bad_arg", args); have != "4 is not right for timeout of https; wanted: 1 to 3." {
		t.Errorf("%q", have)
	}
	have := New("fr").PackProblem("unknown_key", map[string]string{"name": "idd", "known": "id, version", "near": "id"})
	if have != "Il n’y a pas de clé idd ici. Sont connues\u00a0: id, version. Vouliez-vous dire id\u00a0?" {
		t.Errorf("%q", have)
	}
	if have := New("fr").PackRefusal("no_such_code", nil); have != "no_such_code" {
		t.Errorf("%q", have)
	}
}
