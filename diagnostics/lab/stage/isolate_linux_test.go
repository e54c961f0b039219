package stage

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// outerEnv says that this process is the program that starts an isolated one, and waits to be killed.
const outerEnv = "BALISE_TEST_STAGE_OUTER"

// full is a stage on which everything stands that could be left behind: links, rules, a tunnel, mounts of
// which one hangs with somebody in it, daemons, a busy program, a client.
func full(t *testing.T, s *Stage) {
	t.Helper()
	for _, name := range []string{
		"ipv6.on", "net.latency", "net.loss", "net.rate", "vpn.up", "share.break", "bus.start", "print.start",
		"disk.fill", "processes.many", "cable.flap",
	} {
		if err := s.Do(t.Context(), name, nil); err != nil {
			t.Error(err)
		}
	}
	if err := s.command(context.Background(), "/usr/bin/stat", "-f", sharePath).Start(); err != nil {
		t.Error(err)
	}
	if err := s.command(context.Background(), "/usr/bin/sleep", "600").Start(); err != nil {
		t.Error(err)
	}
}

// surroundings are what a stage could change of the machine that it runs on.
func surroundings(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	for _, look := range [][]string{
		{"ip", "-o", "link"},
		{"ip", "route", "show", "table", "all"},
		{"ip", "-6", "route"},
		{"ip", "rule"},
		{"nft", "list", "ruleset"},
		{"tc", "qdisc"},
		{"hostname"},
	} {
		out, err := exec.CommandContext(t.Context(), look[0], look[1:]...).CombinedOutput()
		if err != nil {
			t.Skipf("needs %s: %v: %s", look[0], err, out)
		}
		fmt.Fprintf(&b, "%v\n%s\n", look, out)
	}
	// Tests of other packages have namespaces of their own at the same time.
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(mounts)) {
		if !strings.Contains(line, "netns") {
			b.WriteString(line)
		}
	}
	for _, dir := range []string{"/etc", "/run"} {
		names, _ := filepath.Glob(dir + "/*")
		fmt.Fprintln(&b, slices.DeleteFunc(names, func(n string) bool { return strings.HasSuffix(n, "netns") }))
	}
	for _, name := range []string{
		"/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/hosts", "/etc/passwd", "/etc/shadow", "/etc/fstab",
		"/etc/krb5.conf",
		"/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding", "/proc/sys/net/ipv6/conf/default/accept_dad",
	} {
		raw, _ := os.ReadFile(name)
		fmt.Fprintf(&b, "%s\n%s\n", name, raw)
	}
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), "balise-stage*"))
	fmt.Fprintln(&b, left)
	return b.String()
}

// inhabitants are the processes that live in a PID namespace.
func inhabitants(namespace string) []int {
	var pids []int
	links, _ := filepath.Glob("/proc/[0-9]*/ns/pid")
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == namespace {
			pid, _ := strconv.Atoi(strings.Split(link, "/")[2])
			pids = append(pids, pid)
		}
	}
	return pids
}

// gone waits until nobody lives in a PID namespace any more.
func gone(t *testing.T, namespace string) {
	t.Helper()
	const wait = 20 * time.Second
	for deadline := time.Now().Add(wait); ; time.Sleep(20 * time.Millisecond) {
		pids := inhabitants(namespace)
		if len(pids) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("processes %v are left", pids)
		}
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Getenv(EnvRoot) != "1" || os.Geteuid() != 0 {
		t.Skipf("needs namespaces: run as root with %s=1 (packaging/test does)", EnvRoot)
	}
}

func TestStageLeavesNothingBehind(t *testing.T) {
	if os.Getenv(insideEnv) == "" {
		needRoot(t)
		before := surroundings(t)
		defer func() {
			if after := surroundings(t); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
		}()
	}
	inside(t, Params{}, full)
}

// settle is when the stage says that it stands.
const settle = "the stage stands\n"

func TestStageStands(t *testing.T) {
	if os.Getenv(insideEnv) == "" {
		t.Skip("the inside of the tests that kill it")
	}
	inside(t, Params{}, func(t *testing.T, s *Stage) {
		full(t, s)
		_, _ = os.Stdout.WriteString(settle)
		time.Sleep(time.Minute)
	})
}

func TestOuterWaits(t *testing.T) {
	if os.Getenv(outerEnv) == "" {
		t.Skip("the outside of the test that kills it")
	}
	cmd := again(t.Context(), "TestStageStands")
	cmd.Stdout = os.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Println("isolated as", cmd.Process.Pid)
	_ = cmd.Wait()
}

// A stage that is killed takes everything with it, the program in its hung folder too.
func TestKilledStageLeavesNothingBehind(t *testing.T) {
	needRoot(t)
	for _, who := range []string{"the isolated process", "the whole program"} {
		t.Run(who, func(t *testing.T) {
			before := surroundings(t)
			cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run", "^TestOuterWaits$", "-test.v")
			cmd.Env = append(os.Environ(), outerEnv+"=1")
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			worker := awaitStage(t, out)
			namespace, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", worker))
			if err != nil {
				t.Fatal(err)
			}
			if n := len(inhabitants(namespace)); n < 6 {
				t.Errorf("only %d processes stand there: this test looks at the wrong thing", n)
			}
			victim := cmd.Process
			if who == "the isolated process" {
				if victim, err = os.FindProcess(worker); err != nil {
					t.Fatal(err)
				}
			}
			if err := victim.Kill(); err != nil {
				t.Fatal(err)
			}
			gone(t, namespace)
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			if after := surroundings(t); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
		})
	}
}

// awaitStage reads until the stage stands, and is the number of the isolated process.
func awaitStage(t *testing.T, out interface{ Read([]byte) (int, error) }) int {
	t.Helper()
	var all []byte
	buf := make([]byte, 4096)
	for !bytes.Contains(all, []byte(settle)) {
		n, err := out.Read(buf)
		all = append(all, buf[:n]...)
		if err != nil {
			t.Fatalf("the stage did not stand: %v\n%s", err, all)
		}
	}
	go func() { // keep the pipe empty
		for {
			if _, err := out.Read(buf); err != nil {
				return
			}
		}
	}()
	_, after, _ := bytes.Cut(all, []byte("isolated as "))
	line, _, _ := bytes.Cut(after, []byte("\n"))
	pid, err := strconv.Atoi(string(line))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}
