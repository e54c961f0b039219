package machine

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/internal/act"
	"balise/diagnostics/internal/probe"
	"balise/diagnostics/repair"
	"balise/diagnostics/repair/repairtest"
)

// dpkgWorld is a folder with a real dpkg's list of packages in which an installation was interrupted. systemd is
// played on a real bus, and runs what it is asked to with the real dpkg and apt, on that folder.
type dpkgWorld struct {
	*stage
	sys  *systemd
	root string
	busy atomic.Bool
}

func newDpkgWorld(t *testing.T, depends string) *dpkgWorld {
	t.Helper()
	if os.Getenv("BALISE_TEST_ROOT") != "1" || os.Getuid() != 0 {
		t.Skip("runs the real dpkg, which changes its list for root alone: BALISE_TEST_ROOT=1 as root")
	}
	for _, program := range []string{"dpkg", "dpkg-deb", "apt-get"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s", program)
		}
	}
	s := newStage(t)
	w := &dpkgWorld{stage: s, root: t.TempDir()}
	for _, dir := range []string{
		"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "var/lib/apt/lists/partial",
		"var/cache/apt/archives/partial", "etc/apt/preferences.d", "etc/apt/apt.conf.d", "var/log/apt", "tmp", "usr/bin",
	} {
		must(t, os.MkdirAll(filepath.Join(w.root, dir), 0o755))
	}
	for _, file := range []string{"var/lib/dpkg/status", "var/lib/dpkg/available"} {
		must(t, os.WriteFile(filepath.Join(w.root, file), nil, 0o644))
	}
	w.real("dpkg", "--root="+w.root, "--force-depends", "--unpack", w.deb(t, "demo", depends))
	w.sys = playSystemd(s, 0, map[string]*played{})
	w.sys.run = w.run
	return w
}

// deb builds a real package without scripts.
func (w *dpkgWorld) deb(t *testing.T, name, depends string) string {
	t.Helper()
	dir := t.TempDir()
	control := "Package: " + name + "\nVersion: 1.0\nArchitecture: all\nMaintainer: Test <test@example.org>\n" +
		"Description: a test\n"
	if depends != "" {
		control += "Depends: " + depends + "\n"
	}
	must(t, os.MkdirAll(filepath.Join(dir, "p/DEBIAN"), 0o755))
	must(t, os.MkdirAll(filepath.Join(dir, "p/usr/share/"+name), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "p/DEBIAN/control"), []byte(control), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "p/usr/share/"+name+"/file"), []byte(name), 0o644))
	file := filepath.Join(dir, name+".deb")
	w.real("dpkg-deb", "--root-owner-group", "--build", filepath.Join(dir, "p"), file)
	return file
}

func (w *dpkgWorld) real(name string, args ...string) []byte {
	w.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return out
}

// aptArgs turn apt to the folder.
func (w *dpkgWorld) aptArgs() []string {
	return []string{
		"-o", "Dir=" + w.root, "-o", "Dir::State::status=" + w.root + "/var/lib/dpkg/status",
		"-o", "Dir::Bin::dpkg=/usr/bin/dpkg", "-o", "Dpkg::Options::=--root=" + w.root, "-o", "APT::Architecture=amd64",
		"-o", "APT::Sandbox::User=root", "-o", "Dir::Etc=etc/apt",
	}
}

// run is what the played systemd runs.
func (w *dpkgWorld) run(argv, env []string) int {
	args := argv[1:]
	switch argv[0] {
	case "/usr/bin/dpkg":
		args = append([]string{"--root=" + w.root}, args...)
	case "/usr/bin/apt-get":
		args = append(w.aptArgs(), args...)
	default:
		return 127
	}
	cmd := exec.Command(argv[0], args...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Logf("%q: %v\n%s", argv, err, out)
		return 1
	}
	return 0
}

func (w *dpkgWorld) packages(ctx context.Context) (probe.Packages, error) {
	f, err := os.Open(filepath.Join(w.root, "var/lib/dpkg/status"))
	if err != nil {
		return probe.Packages{}, err
	}
	defer f.Close()
	p, err := probe.ParseDpkgStatus(ctx, f)
	if err == nil && w.busy.Load() {
		err = probe.ErrBusy
	}
	return p, err
}

func (w *dpkgWorld) simulate(context.Context) (act.Simulation, error) {
	args := append(w.aptArgs(), "-s", "-q", "-f", "install")
	cmd := exec.Command("/usr/bin/apt-get", args...)
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	out, err := cmd.Output()
	return act.ParseSimulation(out), err
}

func (w *dpkgWorld) Fixer() repair.Fixer {
	e := testEnv()
	e.packages, e.simulate = w.packages, w.simulate
	return fixerOf(e, "updates.finish")
}

// Test judges with the real reader of dpkg's list; the self-test itself reads only this computer's own.
func (w *dpkgWorld) Test(ctx context.Context, ids []string) ([]diagnostics.Result, error) {
	var list []diagnostics.Result
	if slices.Contains(ids, "sys.packages") {
		r := diagnostics.Result{ID: "sys.packages", Status: diagnostics.Pass}
		p, err := w.packages(ctx)
		if err != nil || p.Unfinished > 0 {
			r.Status, r.Cause = diagnostics.Fail, "sys.packages/interrupted"
		}
		list = append(list, r)
	}
	return passes(list, ids), nil
}

func (w *dpkgWorld) State() string {
	status, err := os.ReadFile(filepath.Join(w.root, "var/lib/dpkg/status"))
	must(w.t, err)
	return string(bytes.TrimSpace(status))
}

// Worsen makes the package want another that nobody has.
func (w *dpkgWorld) Worsen() {
	file := filepath.Join(w.root, "var/lib/dpkg/status")
	status, err := os.ReadFile(file)
	must(w.t, err)
	worse := bytes.Replace(status, []byte("Version: 1.0\n"), []byte("Version: 1.0\nDepends: nowhere\n"), 1)
	must(w.t, os.WriteFile(file, worse, 0o644))
}

func (w *dpkgWorld) Reopen() repairtest.World { w.reopen(); return w }

func TestUpdatesFinish(t *testing.T) {
	repairtest.Run(t, repairtest.Case{
		ID: "updates.finish", New: func(t *testing.T) repairtest.World { return newDpkgWorld(t, "") },
		Choice: map[string][]string{},
		Real:   "systemd played on a real bus, the real dpkg and apt on a folder of their own",
		Without: map[repairtest.Property]string{
			repairtest.TakeBack: "half an installation is what is repaired; there is no whole state behind it",
		},
	})
}

// What is missing is shown, fetched from a source and installed; dpkg alone could not finish.
func TestWhatIsMissingIsInstalled(t *testing.T) {
	w := newDpkgWorld(t, "library")
	repo := t.TempDir()
	deb := w.deb(t, "library", "")
	w.real("cp", deb, filepath.Join(repo, "library.deb"))
	sum := strings.Fields(string(w.real("sha256sum", deb)))[0]
	st, err := os.Stat(deb)
	must(t, err)
	index := "Package: library\nVersion: 1.0\nArchitecture: all\nMaintainer: Test <test@example.org>\nDescription: a test\n" +
		"Filename: ./library.deb\nSize: " + sizeText(st.Size()) + "\nSHA256: " + sum + "\n"
	must(t, os.WriteFile(filepath.Join(repo, "Packages"), []byte(index), 0o644))
	must(t, os.WriteFile(filepath.Join(w.root, "etc/apt/sources.list"), []byte("deb [trusted=yes] file:"+repo+" ./\n"), 0o644))
	w.real("apt-get", append(w.aptArgs(), "update")...)

	f := w.Fixer()
	look := f.Look(t.Context(), nil)
	items := look.Steps[stepComplete].Items
	if look.Why != "" || len(look.Skip) != 0 || len(items) != 1 || items[0].Label != "library" {
		t.Fatalf("%+v", look)
	}
	for _, step := range []string{stepConfigure, stepComplete} {
		if _, err := do(t, t.Context(), f, step, nil); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
	}
	if p, err := w.packages(t.Context()); err != nil || p.Unfinished != 0 || p.Total != 2 {
		t.Errorf("%+v %v\n%s", p, err, w.State())
	}
	if _, err := do(t, t.Context(), f, stepComplete, nil); err != nil {
		t.Errorf("a second time: %v", err)
	}
}

func sizeText(n int64) string { return text(n) }

// Two installations at once would make it worse.
func TestNeverNextToAnotherInstallation(t *testing.T) {
	w := newDpkgWorld(t, "")
	f := w.Fixer()
	job := repair.Job{Step: stepConfigure, Progress: func(int, string) {}}
	saved, err := f.Prepare(t.Context(), job)
	must(t, err)
	w.busy.Store(true)
	if look := f.Look(t.Context(), nil); look.Why != "busy_packages" {
		t.Errorf("%+v", look)
	}
	job.Saved = saved
	_, err = f.Run(t.Context(), job)
	var step *repair.StepError
	if !errors.As(err, &step) || step.Reason != "busy_packages" || !step.Untouched {
		t.Errorf("%v", err)
	}
	if len(w.sys.ran) != 0 {
		t.Errorf("%q ran", w.sys.ran)
	}
}

// What would cost a program is not done from here.
func TestNothingIsRemoved(t *testing.T) {
	e := testEnv()
	e.packages = func(context.Context) (probe.Packages, error) { return probe.Packages{Unfinished: 1}, nil }
	e.simulate = func(context.Context) (act.Simulation, error) {
		return act.ParseSimulation([]byte("Reading...\nRemv office [1.0]\nInst lib (2.0 Debian:12 [amd64])\nConf lib\n")), nil
	}
	f := fixerOf(e, "updates.finish")
	if look := f.Look(t.Context(), nil); !slices.Contains(look.Skip, stepComplete) {
		t.Errorf("%+v", look)
	}
	_, err := f.Prepare(t.Context(), repair.Job{Step: stepComplete})
	var step *repair.StepError
	if !errors.As(err, &step) || step.Reason != "would_remove" || !step.Admin {
		t.Errorf("%v", err)
	}
}

func TestOtherSystems(t *testing.T) {
	for want, err := range map[string]error{
		"other_packages": errors.ErrUnsupported, "no_packages": os.ErrPermission, "busy_packages": probe.ErrBusy, "nothing_to_do": nil,
	} {
		e := testEnv()
		e.packages = func(context.Context) (probe.Packages, error) { return probe.Packages{}, err }
		if look := fixerOf(e, "updates.finish").Look(t.Context(), nil); look.Why != want {
			t.Errorf("%v: %q, want %q", err, look.Why, want)
		}
	}
}
