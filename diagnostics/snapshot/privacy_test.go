package snapshot

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// banned are the calls that would read what nobody asked us to read. No code under diagnostics makes them.
var banned = []string{
	"os.Environ", "syscall.Environ", "unix.Environ", ".Cmdline", ".CmdlineWithContext", ".CmdlineSlice",
	".CmdlineSliceWithContext", ".Environ", ".EnvironWithContext", ".Cwd", ".CwdWithContext", ".OpenFiles",
	".OpenFilesWithContext",
}

// bannedTexts are files and names from which the same could be read by hand.
var bannedTexts = []string{
	"/cmdline", "/environ", "bash_history", "zsh_history", "wpa_supplicant", "system-connections", "places.sqlite",
	"iwgetid", "SSID",
}

// kernelCommandLine is the kernel's own command line, not a program's: disk.readonly reads it to tell a disk that
// turned read-only from one that was mounted so.
const kernelCommandLine = "/proc/cmdline"

func TestNobodyReadsWhatIsPrivate(t *testing.T) {
	files := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if path == "../lab" {
			return fs.SkipDir // a test bench of its own, which is no part of the client
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files++
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			for _, found := range private(n) {
				t.Errorf("%s uses %s", path, found)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Errorf("only %d files were looked at", files)
	}
}

func private(n ast.Node) []string {
	var found []string
	switch n := n.(type) {
	case *ast.SelectorExpr:
		full := "." + n.Sel.Name
		if x, ok := n.X.(*ast.Ident); ok {
			full = x.Name + full
		}
		for _, b := range banned {
			if full == b || strings.HasPrefix(b, ".") && "."+n.Sel.Name == b {
				found = append(found, full)
				break
			}
		}
	case *ast.BasicLit:
		for _, b := range bannedTexts {
			if n.Kind == token.STRING && strings.Contains(n.Value, b) && !strings.Contains(n.Value, kernelCommandLine) {
				found = append(found, n.Value)
			}
		}
	}
	return found
}

// TestTheTestSees proves that the search above can fail.
func TestTheTestSees(t *testing.T) {
	const bad = `package p
func f() { p.Cmdline(); _ = os.Environ(); q.Environ(); _ = "/proc/1/environ" }`
	f, err := parser.ParseFile(token.NewFileSet(), "bad.go", bad, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(f, func(node ast.Node) bool { n += len(private(node)); return true })
	if n != 4 {
		t.Errorf("found %d of 4", n)
	}
}
