package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"balise/app/internal/product"
)

// rule says what the packages below from must never import, directly or (for our own packages) through
// others of ours. A path ending in "/" stands for everything below it.
type rule struct {
	from    string
	never   []string
	except  []string // packages below from to which the rule does not apply
	because string
}

// Outside libraries are judged by direct import, our own packages by their closure: a page may well reach
// net/http through api's client, but it must not speak HTTP itself.
var rules = []rule{
	{"balise/assets", []string{"balise/"}, nil, "assets are data; anything may import them"},
	{
		"balise/diagnostics/",
		[]string{"balise/app/", "balise/client/", "balise/client", "fyne.io/"},
		nil,
		"self-tests know neither the desk nor the screen",
	},
	{
		"balise/diagnostics/",
		[]string{"github.com/shirou/", "github.com/godbus/", "os/exec"},
		[]string{"balise/diagnostics/internal/probe", "balise/diagnostics/internal/act", "balise/diagnostics/lab/"},
		"only the probes read the system and only the deeds change it, so that tests can replace them",
	},
	{
		"balise/client/",
		[]string{"balise/app/", "balise/diagnostics/", "balise/diagnostics", "fyne.io/"},
		nil,
		"drivers know tickets, not computers",
	},
	{
		"balise/",
		[]string{"github.com/go-resty/"},
		[]string{"balise/client/transport", "balise/client/rt", "balise/client/relay"},
		"one place sets HTTP up",
	},
	{
		"balise/",
		[]string{"github.com/zalando/"},
		[]string{"balise/client/secret"},
		"the keyring is called behind a deadline only",
	},
	{
		"balise/app/internal/ui/",
		[]string{"net", "net/http", "os/exec"},
		nil,
		"pages only speak to the agent",
	},
	{
		"balise/",
		[]string{"fyne.io/fyne/v2/app"},
		[]string{"balise/app/window"},
		"it links OpenGL and X11",
	},
	{
		"balise/",
		[]string{"fyne.io/systray"},
		[]string{"balise/app/internal/tray"},
		"the tray is replaceable",
	},
	{
		"balise/",
		[]string{"github.com/kbinani/"},
		[]string{"balise/app/internal/platform/capture"},
		"the screen is read in one place",
	},
}

// uiOwn is all that pages may import of ours.
var uiOwn = []string{"balise/app/internal/ipc/api", "balise/app/internal/i18n", "balise/assets", "balise/app/internal/ui"}

// widgetFree must not reach Fyne at all: the agent and the command line run without a screen.
var widgetFree = []string{
	"balise/app/internal/agent", "balise/app/internal/incident", "balise/app/internal/cli",
	"balise/app/internal/config", "balise/app/internal/ipc", "balise/app/internal/tray",
	"balise/app/internal/i18n", "balise/app",
}

// imports reads the direct imports of every package of the tree, whatever its build tags say. Test files are
// judged apart: a test may use what its package may not.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	root := ".."
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && file != root && (strings.HasPrefix(name, ".") || name == "testdata") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		for _, c := range f.Comments {
			if c.Pos() < f.Package && strings.Contains(c.Text(), "go:build ignore") {
				return nil
			}
		}
		rel, _ := filepath.Rel(root, filepath.Dir(file))
		pkg := path.Join("balise", filepath.ToSlash(rel))
		for _, imp := range f.Imports {
			p, _ := strconv.Unquote(imp.Path.Value)
			all[pkg] = append(all[pkg], p)
		}
		if all[pkg] == nil {
			all[pkg] = []string{}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// closure is every package of ours that pkg reaches, with the way there.
func closure(all map[string][]string, pkg string) map[string][]string {
	ways := map[string][]string{pkg: {pkg}}
	queue := []string{pkg}
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		for _, imp := range all[p] {
			if _, seen := ways[imp]; !seen && strings.HasPrefix(imp, "balise/") {
				ways[imp] = append(slices.Clone(ways[p]), imp)
				queue = append(queue, imp)
			}
		}
	}
	return ways
}

func below(pkg, prefix string) bool {
	return pkg == strings.TrimSuffix(prefix, "/") || strings.HasPrefix(pkg, strings.TrimSuffix(prefix, "/")+"/")
}

func matches(imp string, never []string) bool {
	for _, n := range never {
		if imp == n || strings.HasSuffix(n, "/") && strings.HasPrefix(imp, n) {
			return true
		}
	}
	return false
}

// violations applies every rule to a tree of imports.
func violations(all map[string][]string) (found []string) {
	for pkg := range all {
		ways := closure(all, pkg)
		for _, r := range rules {
			excepted := slices.ContainsFunc(r.except, func(e string) bool { return below(pkg, e) })
			if !below(pkg, r.from) || excepted {
				continue
			}
			for _, imp := range all[pkg] {
				if matches(imp, r.never) {
					found = append(found, fmt.Sprintf("%s imports %s: %s", pkg, imp, r.because))
				}
			}
			for own, way := range ways {
				if own != pkg && strings.HasPrefix(own, "balise/") && len(way) > 2 && matches(own, r.never) {
					found = append(found, fmt.Sprintf("%s reaches %s (%s): %s", pkg, own, strings.Join(way, " > "), r.because))
				}
			}
		}
		if below(pkg, "balise/app/internal/ui") {
			for _, imp := range all[pkg] {
				allowed := slices.ContainsFunc(uiOwn, func(o string) bool {
					return imp == o || below(imp, "balise/app/internal/ui")
				})
				if strings.HasPrefix(imp, "balise/") && !allowed {
					found = append(found, fmt.Sprintf("%s imports %s: pages see api, i18n and assets", pkg, imp))
				}
			}
		}
		if slices.ContainsFunc(widgetFree, func(w string) bool { return pkg == w || w != "balise/app" && below(pkg, w) }) {
			for own, way := range ways {
				for _, imp := range all[own] {
					if strings.HasPrefix(imp, "fyne.io/fyne/") {
						found = append(found, fmt.Sprintf("%s reaches %s (%s)", pkg, imp, strings.Join(way, " > ")))
					}
				}
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func TestWhoMayImportWhom(t *testing.T) {
	for _, v := range violations(imports(t)) {
		t.Error(v)
	}
}

// The rules must be able to fail.
func TestRulesBite(t *testing.T) {
	for pkg, imp := range map[string]string{
		"balise/assets":                  "balise/client",
		"balise/diagnostics/cause":       "balise/client/rt",
		"balise/diagnostics/checks/disk": "github.com/shirou/gopsutil/v3/disk",
		"balise/client/rt":               "balise/diagnostics",
		"balise/client/outbox":           "github.com/go-resty/resty/v2",
		"balise/app/internal/ui":         "net/http",
		"balise/app/internal/ui/widgets": "balise/client",
		"balise/app/internal/agent":      "fyne.io/fyne/v2/widget",
		"balise/app":                     "fyne.io/systray",
	} {
		if len(violations(map[string][]string{pkg: {imp}})) == 0 {
			t.Errorf("%s may import %s", pkg, imp)
		}
	}
	through := map[string][]string{
		"balise/diagnostics/cause": {"balise/assets/x"}, "balise/assets/x": {"balise/client/rt"},
	}
	if len(violations(through)) == 0 {
		t.Error("a detour is not seen")
	}
}

// TestFyneAppToml keeps the packaging metadata equal to what the programs report.
func TestFyneAppToml(t *testing.T) {
	raw, err := os.ReadFile("../FyneApp.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`Name = "` + product.Name + `"`, `ID = "` + product.AppID + `"`,
		`Version = "` + product.Version + `"`, fmt.Sprintf("Build = %d\n", product.Build),
	} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("FyneApp.toml lacks %s", want)
		}
	}
	icon := "assets/icons/balise.png"
	if !strings.Contains(string(raw), `Icon = "`+icon+`"`) {
		t.Errorf("FyneApp.toml does not name %s", icon)
	}
	if _, err := os.Stat(filepath.Join("..", icon)); err != nil {
		t.Error(err)
	}
}
