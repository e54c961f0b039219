package repair_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// changes are the folders of all code that changes the computer, seen from here.
var changes = []string{".", "../internal/act", "../pack/verb"}

// word is a text ("…" in quotes), a name, or a name with its package, that stands in such code, comments aside.
type word struct{ where, text string }

// never is what Balise does not do, whoever asks. Each entry has words that the code for it could hardly do without,
// and a piece of such code that must be found.
var never = map[string]struct{ words, sample string }{
	"disable a firewall or an antivirus": {
		`(?i)firewall|\bufw\b|\bnft\b|nftables|iptables|\bpfctl\b|windefend|mppreference|antivirus|clamav|securitycenter`,
		`exec.Command("netsh", "advfirewall", "set", "allprofiles", "state", "off")`,
	},
	"add a trusted certificate authority": {
		`(?i)update-ca-|ca-certificates|ca-trust|add-trusted|trustedcert|\bcertutil\b|addcert|\btrust anchor`,
		`exec.Command("update-ca-certificates")`,
	},
	"accept an invalid certificate": {
		`InsecureSkipVerify|VerifyPeerCertificate|(?i)accept.?insecure`,
		`tls.Config{InsecureSkipVerify: true}`,
	},
	"change the servers that look names up": {
		`(?i)SetLinkDNS|SetLinkDNSEx|SetDNS|resolv\.conf|set-?dns|dnsservers|dns-data|8\.8\.8\.8|1\.1\.1\.1|9\.9\.9\.9`,
		`m.Do(ctx, "org.freedesktop.resolve1.Manager.SetLinkDNS")`,
	},
	"edit the hosts file": {`(?i)etc/hosts|drivers\\+etc`, `os.WriteFile("/etc/hosts", nil, 0o644)`},
	"repair a file system": {
		`(?i)fsck|chkdsk|xfs_repair|repairvolume|\bdebugfs\b|btrfs|\bmkfs|filesystem\.(repair|check|format)`,
		`exec.Command("fsck", "-y", "/dev/sda1")`,
	},
	"run a text": {
		`^"(/bin/|/usr/bin/)?(sh|bash|dash|zsh|python3?|perl|osascript|cmd(\.exe)?|wscript|cscript)"$|^"-c"$|(?i)powershell`,
		`exec.Command("sh", "-c", text)`,
	},
	"become root by other ways than the system's own dialog": {
		`^"(/usr/bin/)(sudo|su|doas|runas)"$|(?i)setuid|\bchpasswd\b|polkit.*rules\.d|sudoers`,
		`exec.Command("/usr/bin/sudo", "reboot")`,
	},
}

// Deleting, killing and starting programs is for the files that are named here and no others; their own tests show
// what they keep to.
var only = map[string]struct {
	words string
	files []string
}{
	"delete": {`^(os|unix|syscall|windows|root|dir|from)\.(Remove|RemoveAll|Unlink|Unlinkat|Rmdir|DeleteFile)$|\.RemoveAll$`, []string{
		"journal.go",                       // its own file and its reserve
		"fix/storage/clean_delete.go",      // what lies in its own holding folders, after a yes of its own
		"fix/storage/clean_move.go",        // a holding folder that is empty, a file that was copied back
		"fix/storage/cache_undo.go",        // a holding folder that is empty
		"../internal/act/printing_unix.go", // the file of the user's printers that it has just made
	}},
	"end other programs": {`^(os|unix|syscall|windows)\.(Kill|PidfdSendSignal|TerminateProcess|FindProcess)$`, []string{
		"../internal/act/process_linux.go", // refuses those of other users: TestOthersProgramsAreRefused
	}},
	"start a program": {`^(exec|os|syscall|unix)\.(Command|CommandContext|StartProcess|ForkExec|Exec)$`, []string{"../internal/act/"}},
}

// words collects what a file's code says.
func wordsOf(name string, src any) ([]word, error) {
	f, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
	if err != nil {
		return nil, err
	}
	var all []word
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
				all = append(all, word{name, `"` + text + `"`})
			}
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok {
				all = append(all, word{name, x.Name + "." + n.Sel.Name})
			}
		case *ast.Ident:
			all = append(all, word{name, n.Name})
		}
		return true
	})
	return all, nil
}

func source(t *testing.T) (all []word) {
	t.Helper()
	files := 0
	for _, root := range changes {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			files++
			words, err := wordsOf(name, nil)
			all = append(all, words...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 40 {
		t.Fatalf("only %d files were read", files)
	}
	return all
}

func TestNeverAutomated(t *testing.T) {
	all := source(t)
	for _, deed := range slices.Sorted(maps.Keys(never)) {
		t.Run(deed, func(t *testing.T) {
			rule := regexp.MustCompile(never[deed].words)
			for _, w := range all {
				if rule.MatchString(w.text) {
					t.Errorf("%s: %q", w.where, w.text)
				}
			}
			sample, err := wordsOf("sample.go", "package p\nfunc f() { "+never[deed].sample+" }")
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(sample, func(w word) bool { return rule.MatchString(w.text) }) {
				t.Errorf("the rule does not find %s", never[deed].sample)
			}
		})
	}
}

func TestOnlyWhereItIsKept(t *testing.T) {
	all := source(t)
	for _, deed := range slices.Sorted(maps.Keys(only)) {
		t.Run(deed, func(t *testing.T) {
			rule, found := regexp.MustCompile(only[deed].words), 0
			for _, w := range all {
				if !rule.MatchString(w.text) {
					continue
				}
				found++
				kept := slices.ContainsFunc(only[deed].files, func(f string) bool {
					return w.where == f || strings.HasSuffix(f, "/") && strings.HasPrefix(w.where, f)
				})
				if !kept {
					t.Errorf("%s: %s", w.where, w.text)
				}
			}
			if found == 0 {
				t.Error("the rule finds nothing")
			}
		})
	}
}
