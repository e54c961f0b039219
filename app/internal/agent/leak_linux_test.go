package agent

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"balise/app/internal/ipc/api"
	"balise/diagnostics"
)

// TestFiftyChecksLeaveNothing runs one agent through fifty checks, each with its two children.
func TestFiftyChecksLeaveNothing(t *testing.T) {
	p, b := params(t, "")
	start(t, p, b)
	check := func() {
		inc := b.open(t, false)
		if _, err := b.Check(t.Context(), inc.ID, api.CheckRequest{}, nil); err != nil {
			t.Fatal(err)
		}
		if err := b.CloseIncident(t.Context(), inc.ID); err != nil {
			t.Fatal(err)
		}
	}
	check()
	settled := func() int {
		runtime.GC()
		return runtime.NumGoroutine()
	}
	before, threads := settled(), status(t, os.Getpid(), "Threads")
	for range 50 {
		check()
	}
	within(t, 10*time.Second, "as few goroutines as before", func() bool { return settled() <= before+2 })
	if now := status(t, os.Getpid(), "Threads"); now > threads+8 { // the runtime keeps some in reserve
		t.Errorf("%d threads, %d before", now, threads)
	}
	within(t, 5*time.Second, "no child", func() bool { return len(childrenOf(os.Getpid())) == 0 })
}

// status reads a number of /proc/PID/status.
func status(t *testing.T, pid int, name string) int {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if v, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.Atoi(strings.Fields(v)[0])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no %s", name)
	return 0
}

func childrenOf(pid int) []string {
	var all []string
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, f := range files {
		raw, _ := os.ReadFile(f)
		all = append(all, strings.Fields(string(raw))...)
	}
	return all
}

func files(pid int) int {
	list, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(list)
}

// process is an agent in a process of its own, with real children, behind its socket.
type process struct {
	*api.Client
	pid int
	dir string
}

func newProcess(t *testing.T, settings string) *process {
	t.Helper()
	dir, err := os.MkdirTemp("", "b") // short: it holds a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte("language: en\n"+settings), 0o600); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	cmd := exec.Command(exe, "agent")
	cmd.Env = append(os.Environ(), "BALISE_STATE_DIR="+dir, "SOCKET_FOR_TESTS="+socket)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the agent ended: %v", err)
		}
	})
	p := &process{pid: cmd.Process.Pid, dir: dir}
	within(t, 20*time.Second, "an agent that answers", func() bool {
		p.Client, err = api.Dial(socket)
		return err == nil
	})
	t.Cleanup(p.Close)
	return p
}

// TestAnAgentProcessThroughFiftyChecks is the same from outside, with the real self-tests.
func TestAnAgentProcessThroughFiftyChecks(t *testing.T) {
	p := newProcess(t, "desk: {kind: relay, url: 'http://192.0.2.1'}\n") // no practice desk: it would be a child
	check := func() {
		inc, err := p.OpenIncident(t.Context(), api.OpenRequest{})
		if err != nil {
			t.Fatal(err)
		}
		finished := 0
		inc, err = p.Check(t.Context(), inc.ID, api.CheckRequest{Only: []string{"disk.space", "sys.uptime"}},
			func(e diagnostics.Event) {
				if e.Kind == diagnostics.CheckFinished {
					finished++
				}
			})
		if err != nil || inc.Diagnosis == nil || finished == 0 {
			t.Fatalf("%d results, %+v, %v", finished, inc.Diagnosis, err)
		}
		if err := p.CloseIncident(t.Context(), inc.ID); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		check()
	}
	threads, open := status(t, p.pid, "Threads"), files(p.pid)
	for range 45 {
		check()
	}
	if now := status(t, p.pid, "Threads"); now > threads+8 {
		t.Errorf("%d threads, %d before", now, threads)
	}
	if now := files(p.pid); now > open+4 {
		t.Errorf("%d open files, %d before", now, open)
	}
	within(t, 10*time.Second, "no child", func() bool { return len(childrenOf(p.pid)) == 0 })
}

// TestTheRecordOfAnAgentProcess switches the record on, marks a moment and finds it in the report, all over the
// socket.
func TestTheRecordOfAnAgentProcess(t *testing.T) {
	p := newProcess(t, "")
	ask := func(action string) api.RecordState {
		t.Helper()
		st, err := p.Record(t.Context(), action)
		if err != nil {
			t.Fatalf("record %s: %v", action, err)
		}
		return st
	}
	if st := ask(api.RecordStatus); st.On {
		t.Fatalf("on by itself: %+v", st)
	}
	ask(api.RecordOn)
	within(t, 20*time.Second, "the minute of the mark", func() bool {
		st := ask(api.RecordNow)
		return st.Minutes > 0 || st.Paused != ""
	})
	st := ask(api.RecordStatus)
	if st.Paused != "" {
		t.Skipf("this computer is %s now: nothing is recorded", st.Paused)
	}
	inc, err := p.OpenIncident(t.Context(), api.OpenRequest{})
	if err != nil || inc.Moment == nil {
		t.Fatalf("the incident has no moment: %v", err)
	}
	review, err := p.Review(t.Context(), inc.ID, api.Input{Subject: "slow", Description: "just now"})
	if err != nil {
		t.Fatal(err)
	}
	section := func(r api.Review, id string) *api.ReviewSection {
		for _, s := range r.Sections {
			if s.ID == id {
				return &s
			}
		}
		return nil
	}
	if s := section(review, "moment"); s == nil || s.Withheld || !s.Optional || !strings.Contains(review.Body, s.Text) {
		t.Errorf("the section is %+v", s)
	}
	without, err := p.Review(t.Context(), inc.ID, api.Input{Subject: "slow", Withhold: []string{"moment"}})
	if s := section(without, "moment"); err != nil || s == nil || !s.Withheld || strings.Contains(without.Body, s.Text) {
		t.Errorf("unticked: %+v, %v", s, err)
	}
	for _, f := range without.Files {
		if strings.Contains(f.Preview, "free_memory_percent") {
			t.Errorf("%s has the figures all the same", f.Name)
		}
	}
	ask(api.RecordOff)
	if _, err := os.Stat(filepath.Join(p.dir, recordFile)); !os.IsNotExist(err) {
		t.Errorf("off, and the file is there: %v", err)
	}
}
