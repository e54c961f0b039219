package printing_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	checks "balise/diagnostics/checks/printing"
	"balise/diagnostics/repair"
)

// What Balise writes is what CUPS's own command would have written.
func TestDefaultIsWrittenAsLpoptionsWritesIt(t *testing.T) {
	s := newSpool(t)
	for name, was := range map[string]string{
		"nothing":           "",
		"another":           "Default Accueil\n",
		"with options":      "Default Accueil media=A4 sides=two-sided-long-edge\nDest Stuck media=A5\n",
		"its own options":   "Dest Accueil media=A4\nDest Etage2 media=A5\n",
		"an instance":       "Dest Accueil media=A4\nDefault Archive/draft media=A5\n",
		"its own instances": "Dest Etage2/draft media=A5\n",
	} {
		t.Run(name, func(t *testing.T) {
			w := s.world(t, "print.set_default")
			want := byLpoptions(t, s.real, was)
			file := filepath.Join(w.home, ".cups", "lpoptions")
			if was != "" {
				must(t, os.Mkdir(filepath.Dir(file), 0o700))
				must(t, os.WriteFile(file, []byte(was), 0o644))
			}
			f := w.Fixer()
			saved, err := f.Prepare(t.Context(), repair.Job{Step: "choose", Choice: []string{"Etage2"}})
			must(t, err)
			_, err = f.Run(t.Context(), repair.Job{Step: "choose", Saved: saved})
			must(t, err)
			got, err := os.ReadFile(file)
			must(t, err)
			if string(got) != want {
				t.Errorf("Balise  %q\nlpoptions %q", got, want)
			}
			if out := w.cups(t, "lpstat", "-d"); !strings.Contains(out, "Etage2") {
				t.Errorf("CUPS's own clients say: %s", out)
			}
		})
	}
}

// byLpoptions lets the real command write; as a plain user, because for root it writes the system's file.
func byLpoptions(t *testing.T, socket, was string) string {
	t.Helper()
	home, err := os.MkdirTemp("", "blp")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(home) })
	must(t, os.Mkdir(filepath.Join(home, ".cups"), 0o700))
	file := filepath.Join(home, ".cups", "lpoptions")
	if was != "" {
		must(t, os.WriteFile(file, []byte(was), 0o644))
		must(t, os.Chown(file, nobody, nobody))
	}
	must(t, os.Chown(filepath.Join(home, ".cups"), nobody, nobody))
	must(t, os.Chown(home, nobody, nobody))
	cmd := exec.Command("lpoptions", "-d", "Etage2")
	cmd.Env = []string{"CUPS_SERVER=" + socket, "HOME=" + home, "PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("lpoptions: %v\n%s", err, out)
	}
	raw, err := os.ReadFile(file)
	must(t, err)
	return string(raw)
}

func TestOnlyOnesOwnJobsAndOnlyThosePicked(t *testing.T) {
	s := newSpool(t)
	w := s.world(t, "print.cancel_mine")
	for range 2 {
		w.cups(t, "lp", "-d", "Stuck", "-t", "Rapport", "/etc/hostname")
	}
	w.cups(t, "lp", "-U", "nobody", "-d", "Stuck", "-t", "Secret", "/etc/hostname")
	w.until(checks.QueueStuck)
	f := w.Fixer()
	look := f.Look(t.Context(), nil)
	choices := look.Steps["cancel"].Choices
	if len(choices) != 2 || !strings.HasPrefix(choices[0].Label, "Rapport") || choices[0].Bytes == 0 {
		t.Fatalf("%+v", look)
	}
	id := choices[0].ID
	others := ""
	for line := range strings.Lines(w.cups(t, "lpstat", "-o")) {
		if f := strings.Fields(line); len(f) > 1 && f[1] == "nobody" {
			others = f[0] // "Stuck-12"
		}
	}
	job := repair.Job{Step: "cancel", Progress: func(int, string) {}}
	if _, err := f.Prepare(t.Context(), job); err == nil {
		t.Error("nothing was picked, and something is cancelled")
	}
	job.Choice = []string{strings.TrimPrefix(others, "Stuck-")}
	if _, err := f.Prepare(t.Context(), job); err == nil {
		t.Error("somebody else's job may be cancelled")
	}
	job.Choice = append(job.Choice, id)
	var err error
	job.Saved, err = f.Prepare(t.Context(), job)
	must(t, err)
	for range 2 {
		_, err = f.Run(t.Context(), job)
		must(t, err)
	}
	left := w.cups(t, "lpstat", "-o")
	if strings.Contains(left, "Stuck-"+id+" ") || !strings.Contains(left, others) ||
		!strings.Contains(left, "Stuck-"+choices[1].ID+" ") {
		t.Errorf("job %s was to go, and no other:\n%s", id, left)
	}
}

func TestDefaultThatTheSessionFixes(t *testing.T) {
	s := newSpool(t)
	w := s.world(t, "print.set_default")
	w.cups(t, "cupsdisable", "Accueil")
	if look := w.Fixer().Look(t.Context(), nil); look.Why != "" {
		t.Errorf("not offered: %+v", look)
	}
	t.Setenv("PRINTER", "Accueil")
	if look := w.Fixer().Look(t.Context(), nil); look.Why != "printer_fixed" {
		t.Errorf("%+v", look)
	}
}
