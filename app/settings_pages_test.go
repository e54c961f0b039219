package main

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

	"balise/app/internal/platform/openurl"
)

// A page that a repair names and nobody can open would leave the user before a button that does nothing. The codes
// are found in the source, because most of them are meant for another system than the one that tests.
func TestEverySettingsPageOfARepairCanBeOpened(t *testing.T) {
	root := filepath.Join("..", "diagnostics", "repair", "fix")
	found := map[string]bool{}
	err := filepath.WalkDir(root, func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			return err
		}
		for _, page := range pagesIn(tree) {
			found[page] = true
			if !slices.Contains(openurl.Pages(), page) {
				t.Errorf("%s: no system has a page %q", file, page)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{
		"network", "wifi", "proxy", "vpn", "datetime", "sound", "printers", "storage",
		"updates", "privacy.microphone", "privacy.camera",
	} {
		if !found[page] {
			t.Errorf("this test does not see %q any more", page)
		}
	}
}

// pagesIn are the codes that a file gives as a page: as a field of that name, as an argument of a function of that
// name, or as a constant whose name says so (names of steps begin with "step" and "open" and are none).
func pagesIn(tree *ast.File) (pages []string) {
	keep := func(of ast.Expr) {
		if lit, ok := of.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil && text != "" {
				pages = append(pages, text)
			}
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && strings.EqualFold(key.Name, "page") {
				keep(n.Value)
			}
		case *ast.CallExpr:
			if called(n.Fun) == "page" && len(n.Args) > 0 {
				keep(n.Args[min(1, len(n.Args)-1)])
			}
		case *ast.ValueSpec:
			for i, name := range n.Names {
				is := strings.HasPrefix(name.Name, "page") && name.Name != "pageStep" ||
					slices.Contains([]string{"wifiPage", "proxyPage"}, name.Name)
				if is && i < len(n.Values) {
					keep(n.Values[i])
				}
			}
		}
		return true
	})
	return pages
}

func called(fun ast.Expr) string {
	switch f := fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}
