package stage

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
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

// inside plays a test on a stage in an isolated process of its own; here, outside, it reports what became of it.
func inside(t *testing.T, p Params, play func(t *testing.T, s *Stage)) {
	t.Helper()
	needRoot(t)
	if os.Getenv(insideEnv) == t.Name() {
		start := time.Now()
		s, err := Open(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		opened := time.Now()
		play(t, s)
		played := time.Now()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		t.Logf("open %v, play %v, close %v", opened.Sub(start), played.Sub(opened), time.Since(played))
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	out, err := again(ctx, t.Name()).CombinedOutput()
	t.Logf("%s", out)
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("isolated: %v", err)
	}
}

// again is this very test in a process of its own.
func again(ctx context.Context, test string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "-test.run", "^"+strings.ReplaceAll(test, "/", "$/^")+"$", "-test.v", "-test.parallel=12")
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
	inside(t, Params{}, machineLooks)
}

func machineLooks(t *testing.T, s *Stage) {
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
	out, err := s.Client(t.Context(), append([]string{"check"}, strings.Fields(os.Getenv("BALISE_TEST_ARGS"))...)...).CombinedOutput()
	t.Logf("%v %v\n%s", time.Since(start).Round(time.Millisecond), err, out)
}

func TestClientOnAHealthyStage(t *testing.T) {
	if os.Getenv(clientEnv) == "" {
		t.Skipf("looks at a program by hand: %s=/path/of/balise", clientEnv)
	}
	inside(t, Params{Client: os.Getenv(clientEnv)}, check)
}

// TestByHand plays what the environment names and prints what the real program says, for whoever writes actions:
//
//	BALISE_TEST_DO='router.kill; net.loss percent=5' BALISE_TEST_CLIENT=/path/of/balise go test -run ByHand -v
func TestByHand(t *testing.T) {
	script := os.Getenv("BALISE_TEST_DO")
	if script == "" {
		t.Skip("for hands only: BALISE_TEST_DO")
	}
	inside(t, Params{Client: os.Getenv(clientEnv)}, func(t *testing.T, s *Stage) {
		for step := range strings.SplitSeq(script, ";") {
			words := strings.Fields(step)
			with := map[string]any{}
			for _, w := range words[1:] {
				k, v, _ := strings.Cut(w, "=")
				if yaml.Unmarshal([]byte(v), new(any)) == nil {
					var x any
					_ = yaml.Unmarshal([]byte(v), &x)
					with[k] = x
				}
			}
			start := time.Now()
			if err := s.Do(t.Context(), words[0], with); err != nil {
				t.Error(err)
			}
			t.Logf("%s took %v", words[0], time.Since(start))
		}
		if os.Getenv(clientEnv) != "" {
			check(t, s)
		}
		seen, err := s.Observed(t.Context())
		for _, o := range seen {
			t.Logf("%+v", o)
		}
		t.Log(err)
	})
}
