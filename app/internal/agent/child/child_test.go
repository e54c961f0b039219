package child

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The test binary is its own child: the arguments say what it does.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "internal" {
		play(os.Args[2])
		return
	}
	os.Exit(m.Run())
}

func play(part string) {
	switch part {
	case "echo":
		_, _ = io.Copy(os.Stdout, os.Stdin)
	case "env":
		os.Stdout.WriteString(strings.Join(os.Environ(), "\n"))
	case "fail":
		os.Stderr.WriteString("first\n" + `{"code":"display.none"}` + "\n")
		os.Exit(3)
	case "flood":
		for {
			if _, err := os.Stdout.Write(make([]byte, 1<<16)); err != nil {
				os.Exit(1)
			}
		}
	case "hang":
		// A grandchild that keeps the pipe and ignores everything but the kill of its group.
		g := exec.Command(os.Args[0], "internal", "sleep")
		g.Stdout = os.Stdout
		_ = g.Start()
		os.Stdout.WriteString(strconv.Itoa(g.Process.Pid) + "\n")
		time.Sleep(time.Hour)
	case "sleep":
		time.Sleep(time.Hour)
	case "orphan":
		g := exec.Command(os.Args[0], "internal", "sleep")
		_ = g.Start()
		os.Stdout.WriteString(strconv.Itoa(g.Process.Pid) + "\n")
	}
}

func runner(t *testing.T) *Runner {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &Runner{Self: []string{exe}}
}

func TestInputAndOutput(t *testing.T) {
	out, err := runner(t).JSON(t.Context(), Request{
		Args: []string{"internal", "echo"}, Stdin: strings.NewReader("bonjour"), Timeout: 10 * time.Second,
	})
	if err != nil || string(out) != "bonjour" {
		t.Fatalf("have %q, %v", out, err)
	}
}

func TestEnvironmentHasNoSecret(t *testing.T) {
	t.Setenv("BALISE_DESK_TOKEN", "sesame")
	t.Setenv("BALISE_CONFIG", "/etc/x")
	t.Setenv("MY_PASSWORD", "sesame")
	t.Setenv("DISPLAY", ":42")
	r := runner(t)
	r.Env = []string{"BALISE_TEST_PART=1"}
	out, err := r.JSON(t.Context(), Request{Args: []string{"internal", "env"}, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	env := strings.Split(string(out), "\n")
	if strings.Contains(string(out), "sesame") || strings.Contains(string(out), "BALISE_CONFIG") {
		t.Errorf("a secret in the child's environment: %q", out)
	}
	if !slices.Contains(env, "DISPLAY=:42") || !slices.Contains(env, "BALISE_TEST_PART=1") {
		t.Errorf("the environment lacks what it needs: %q", out)
	}
}

func TestComplaint(t *testing.T) {
	err := runner(t).Run(t.Context(), Request{Args: []string{"internal", "fail"}, Timeout: 10 * time.Second})
	var exit *ExitError
	if !errors.As(err, &exit) || exit.Code != 3 || !strings.HasSuffix(exit.Stderr, `{"code":"display.none"}`) {
		t.Fatalf("have %v", err)
	}
}

func TestFlood(t *testing.T) {
	err := runner(t).Run(t.Context(), Request{
		Args: []string{"internal", "flood"}, Timeout: 20 * time.Second, MaxOutput: 1 << 20,
	})
	if !errors.Is(err, ErrOutput) {
		t.Fatalf("have %v", err)
	}
}

func TestCancel(t *testing.T) {
	why := errors.New("the window was closed")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(200*time.Millisecond, func() { cancel(why) })
	err := runner(t).Run(ctx, Request{Args: []string{"internal", "sleep"}, Timeout: time.Minute})
	if !errors.Is(err, why) {
		t.Fatalf("have %v", err)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := runner(t).Serve(ctx, []string{"internal", "sleep"}, nil, time.Second); err != nil {
		t.Fatal(err)
	}
	if err := runner(t).Serve(t.Context(), []string{"internal", "fail"}, nil, time.Second); err == nil {
		t.Fatal("an end of its own is not an error")
	}
}

func TestLines(t *testing.T) {
	var got []string
	l := &Lines{On: func(b []byte) { got = append(got, string(b)) }}
	for _, p := range []string{"a", "b\nc\n\n", "d", "e", "\nf"} {
		if _, err := l.Write([]byte(p)); err != nil {
			t.Fatal(err)
		}
	}
	l.Flush()
	if want := []string{"ab", "c", "de", "f"}; !slices.Equal(got, want) {
		t.Errorf("have %q, want %q", got, want)
	}
}

// FuzzLines wants every line, whatever the pieces in which the stream comes.
func FuzzLines(f *testing.F) {
	f.Add("a\nb\n\nc", 1)
	f.Add("\n\n", 2)
	f.Fuzz(func(t *testing.T, text string, step int) {
		step = max(1, step%17)
		var want, got []string
		for line := range strings.SplitSeq(text, "\n") {
			if strings.TrimSpace(line) != "" {
				want = append(want, line)
			}
		}
		l := &Lines{On: func(b []byte) { got = append(got, string(b)) }}
		for rest := text; rest != ""; {
			n := min(step, len(rest))
			if _, err := l.Write([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		l.Flush()
		if !slices.Equal(got, want) {
			t.Errorf("have %q, want %q", got, want)
		}
	})
}
