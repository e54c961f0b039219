package stage

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// insideEnv says that this process is the isolated re-exec of a test, and of which.
const insideEnv = "BALISE_TEST_STAGE"

func TestMain(m *testing.M) {
	if os.Getenv(insideEnv) != "" {
		if err := Prepare(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// inside runs the rest of a test in an isolated process of its own: there it opens a stage and returns it; in
// the outer process it reports what became of the inner one and ends the test.
func inside(t *testing.T, p Params) *Stage {
	t.Helper()
	if os.Getenv(EnvRoot) != "1" || os.Geteuid() != 0 {
		t.Skipf("needs namespaces: run as root with %s=1 (packaging/test does)", EnvRoot)
	}
	if os.Getenv(insideEnv) == t.Name() {
		start := time.Now()
		s, err := Open(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("open after %v", time.Since(start).Round(time.Millisecond))
		t.Cleanup(func() {
			start := time.Now()
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			t.Logf("closed after %v", time.Since(start).Round(time.Millisecond))
		})
		return s
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := again(ctx, t.Name())
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("isolated: %v", err)
	}
	t.SkipNow()
	return nil
}

// again is this very test in a process of its own.
func again(ctx context.Context, test string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "-test.run", "^"+strings.ReplaceAll(test, "/", "$/^")+"$", "-test.v")
	cmd.Env = append(os.Environ(), insideEnv+"="+test)
	Isolate(cmd)
	return cmd
}

// on runs a program on the client's machine.
func on(t *testing.T, s *Stage, name string, args ...string) string {
	t.Helper()
	out, err := s.command(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %v: %v: %s", name, args, err, out)
	}
	return string(out)
}

func TestStageIsAMachine(t *testing.T) {
	s := inside(t, Params{})
	for _, look := range [][]string{
		{"id"}, {"ip", "-o", "addr"}, {"ls", "/", "/etc", "/sys/class", "/sys/class/net", "/proc/pressure"},
		{"cat", "/proc/self/mountinfo"}, {"df", "-h"}, {"cat", "/etc/resolv.conf", "/etc/balise-lab.yaml", "/proc/uptime"},
		{"ps", "ax"}, {"env"},
	} {
		t.Logf("%v:\n%s", look, on(t, s, look[0], look[1:]...))
	}
}

// clientEnv is the path of the program under test, for the tests that look at it by hand.
const clientEnv = "BALISE_TEST_CLIENT"

// check prints what the real program says of the stage.
func check(t *testing.T, s *Stage) {
	t.Helper()
	start := time.Now()
	out, err := s.Client(t.Context(), "check", "--verbose").CombinedOutput()
	t.Logf("%v %v\n%s", time.Since(start).Round(time.Millisecond), err, out)
}

func TestClientOnAHealthyStage(t *testing.T) {
	if os.Getenv(clientEnv) == "" {
		t.Skipf("looks at a program by hand: %s=/path/of/balise", clientEnv)
	}
	s := inside(t, Params{Client: os.Getenv(clientEnv)})
	check(t, s)
}
