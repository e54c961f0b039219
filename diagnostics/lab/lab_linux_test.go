package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"balise/diagnostics/lab/play"
	"balise/diagnostics/lab/scenario"
	"balise/diagnostics/lab/score"
	"balise/diagnostics/lab/stage"
)

// asLab makes this test binary the program itself.
const asLab = "BALISE_LAB_PROGRAM"

func TestMain(m *testing.M) {
	hidden := len(os.Args) > 1 && (os.Args[1] == play.WorkerArg || os.Args[1] == play.BusyArg)
	if hidden || os.Getenv(asLab) != "" {
		os.Exit(run())
	}
	os.Exit(m.Run())
}

const folder = "scenarios"

// The files that come with the lab are well formed, whatever rights the test has.
func TestScenariosAreWellFormed(t *testing.T) {
	var out, errs bytes.Buffer
	if code := lab(t.Context(), []string{"--check", "--scenarios", folder}, &out, &errs); code != exitMet {
		t.Fatal(errs.String())
	}
	all, err := scenario.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	const least = 60
	rows := map[int]bool{}
	for _, s := range all {
		rows[s.Row] = true
		if filepath.Base(s.File) != s.Name+".yaml" {
			t.Errorf("%s is called %q", s.File, s.Name)
		}
	}
	if len(all) < least {
		t.Errorf("%d scenarios, expected %d or more", len(all), least)
	}
	for row := 2; row <= 40; row++ { // row 1 is the healthy computer, which is built in
		if !rows[row] {
			t.Errorf("row %d of the matrix has no scenario", row)
		}
	}
	if pairs := scenario.Pairs(all, 30, pairSeed); len(pairs) != 30 {
		t.Errorf("%d pairs of unrelated faults", len(pairs))
	}
}

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--actions"}, exitMet, "undo"},
		{[]string{"--actions", "--json"}, exitMet, `"name"`},
		{[]string{"--list", "--scenarios", folder, "--only", "healthy"}, exitMet, "nothing is broken"},
		{[]string{"--check", "--scenarios", t.TempDir()}, exitUsage, "there is no *.yaml"},
		{[]string{"--only", "no-such", "--scenarios", folder}, exitUsage, `there is no scenario "no-such"`},
		{[]string{"--seeds", "0"}, exitUsage, "start at 1"},
		{[]string{"word"}, exitUsage, "what is"},
		{[]string{"--nonsense"}, exitUsage, "nonsense"},
		{[]string{"--help"}, exitMet, "scenarios"},
	} {
		var out, errs bytes.Buffer
		code := lab(t.Context(), c.args, &out, &errs)
		if code != c.code || !strings.Contains(out.String()+errs.String(), c.want) {
			t.Errorf("%v: exit %d\n%s%s", c.args, code, out.String(), errs.String())
		}
	}
}

// program starts the lab as a process of its own.
func program(t *testing.T, ctx context.Context, args ...string) *exec.Cmd {
	t.Helper()
	if os.Getenv(stage.EnvRoot) != "1" || os.Geteuid() != 0 {
		t.Skipf("needs namespaces: run as root with %s=1 (packaging/test does)", stage.EnvRoot)
	}
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asLab+"=1")
	return cmd
}

// A short real run: a healthy computer, one fault, one pair.
func TestShortRun(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	before := hostState(t)
	cmd := program(t, ctx, "--scenarios", folder, "--only", "healthy,cable-out,resolvers-silent", "--seeds", "1", "--json")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	runErr := cmd.Run()
	var r score.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v: %v\n%s", runErr, err, errs.String())
	}
	if r.Schema != score.Schema || r.Cases != 3 || r.Broken+r.Void > 0 || r.Client.Top1 != 1 || r.Client.Alarms > 0 {
		t.Errorf("%+v\n%s", r.Client, errs.String())
	}
	same(t, before)
}

// Killed in the middle, the lab leaves nothing behind: neither processes nor anything on the machine.
func TestKilledInTheMiddle(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	before := hostState(t)
	cmd := program(t, ctx, "--scenarios", folder, "--only", "resolvers-silent,provider-down", "--seeds", "4", "--quiet")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for len(workers(cmd.Process.Pid)) < 2 {
		if ctx.Err() != nil {
			t.Fatal("no workers")
		}
		time.Sleep(50 * time.Millisecond)
	}
	time.Sleep(time.Second) // into the middle of the client's run
	found := workers(cmd.Process.Pid)
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for _, pid := range found {
		for syscall.Kill(pid, 0) == nil && !zombie(pid) {
			if ctx.Err() != nil {
				t.Fatalf("worker %d lives on", pid)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	same(t, before)
}

// workers are the children of a process that play a case.
func workers(parent int) []int {
	var pids []int
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		cmdline, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		stat, _ := os.ReadFile(filepath.Join(dir, "stat"))
		var pid, ppid int
		_, after, ok := strings.Cut(string(stat), ") ")
		if !ok || !bytes.Contains(cmdline, []byte(play.WorkerArg)) {
			continue
		}
		_, _ = fmt.Sscanf(after[2:], "%d", &ppid)
		_, _ = fmt.Sscanf(filepath.Base(dir), "%d", &pid)
		if ppid == parent {
			pids = append(pids, pid)
		}
	}
	return pids
}

func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(after, "Z")
}

// hostState is what the lab must not change: addresses, routes, rules, mounts and the resolver's file.
func hostState(t *testing.T) map[string]string {
	t.Helper()
	state := map[string]string{}
	for _, file := range []string{"/proc/self/mountinfo", "/etc/resolv.conf", "/etc/hosts"} {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		state[file] = string(raw)
	}
	// What others do below /tmp meanwhile is not ours; nor are the namespaces of other packages' tests, which
	// `ip netns` keeps below /run/netns: the lab has a /run of its own.
	var mounts []string
	for line := range strings.Lines(state["/proc/self/mountinfo"]) {
		at := strings.Fields(line)[4]
		if strings.HasPrefix(at, "/run/netns") {
			continue
		}
		if !strings.HasPrefix(at, "/tmp/") || strings.Contains(at, "balise") {
			mounts = append(mounts, line)
		}
	}
	state["/proc/self/mountinfo"] = strings.Join(mounts, "")
	for _, argv := range [][]string{
		{"ip", "-o", "link"},
		{"ip", "-o", "addr"},
		{"ip", "route", "show", "table", "all"},
		{"ip", "-6", "route", "show", "table", "all"},
		{"ip", "rule"},
		{"nft", "list", "ruleset"},
	} {
		out, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).Output()
		if err != nil && argv[0] != "nft" { // a machine without nft has no rules of it either
			t.Fatal(argv, err)
		}
		state[strings.Join(argv, " ")] = string(out)
	}
	return state
}

func same(t *testing.T, before map[string]string) {
	t.Helper()
	for what, now := range hostState(t) {
		if now != before[what] {
			t.Errorf("%s changed from\n%s\nto\n%s", what, before[what], now)
		}
	}
}
