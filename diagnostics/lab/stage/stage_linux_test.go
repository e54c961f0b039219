package stage

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
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

// inside plays a test on a stage in an isolated process of its own; here, outside, it reports what became of
// it.
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
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "-test.run", "^"+strings.ReplaceAll(test, "/",
		"$/^")+"$", "-test.v", "-test.parallel=12")
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

// What the client sees is the stage's, and nothing of the real machine that could change its mind.
func TestStageIsAMachine(t *testing.T) {
	inside(t, Params{Seed: 7}, func(t *testing.T, s *Stage) {
		for _, look := range []struct {
			line        string
			sees, never []string
		}{
			{line: "id", sees: []string{"uid=1000(camille)"}, never: []string{"root"}},
			{line: "ip -o addr", sees: []string{"inet " + ClientIP + "/24"}, never: []string{"tentative"}},
			{line: "cat /etc/resolv.conf", sees: []string{DNS1, DNS2}},
			{line: "cat /proc/self/mountinfo", sees: []string{" / / ", " /home "}, never: []string{
				"/dev/vd", "ext4",
				"cgroup",
			}},
			{line: "df -P", sees: []string{"/home"}, never: []string{"9[0-9]%", "100%"}},
			{line: "ls /sys/class/net", sees: []string{"eth0", "lo"}},
			{line: "ls /var/lib/dpkg /boot", sees: []string{"status", "vmlinuz-"}, never: []string{"info"}},
			{line: "hostname", sees: []string{"poste-lab"}},
			{line: "cat " + settingsPath, sees: []string{s.world.ServiceURL(), caPath}},
			{line: "env", sees: []string{"HOME=" + homeDir}, never: []string{"proxy", "DISPLAY", insideEnv}},
			{line: "ps ax", never: []string{"systemd"}},
		} {
			words := strings.Fields(look.line)
			said := on(t, s, words[0], words[1:]...)
			for _, want := range look.sees {
				if !strings.Contains(said, want) {
					t.Errorf("%s does not show %q:\n%s", look.line, want, said)
				}
			}
			for _, leak := range look.never {
				if regexp.MustCompile(leak).MatchString(said) {
					t.Errorf("%s shows %q:\n%s", look.line, leak, said)
				}
			}
		}
		up, _, _ := strings.Cut(on(t, s, "cat", "/proc/uptime"), ".")
		if n, err := strconv.Atoi(up); err != nil || time.Duration(n)*time.Second < restUptime || n > 6*86400 {
			t.Errorf("up for %s s: %v", up, err)
		}
	})
}

// clientEnv is the path of the program under test, for the tests that look at it by hand.
const clientEnv = "BALISE_TEST_CLIENT"

// check prints what the real program says of the stage.
func check(t *testing.T, s *Stage) {
	t.Helper()
	start := time.Now()
	out, err := s.Client(t.Context(), append([]string{"check"},
		strings.Fields(os.Getenv("BALISE_TEST_ARGS"))...)...).CombinedOutput()
	t.Logf("%v %v\n%s", time.Since(start).Round(time.Millisecond), err, out)
}

// TestByHand plays what the environment names and prints what the real program says, for whoever writes
// actions:
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
