package stage

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The machine's own network is none of a lab's business.
func TestLabLeavesNothingBehind(t *testing.T) {
	before := host(t)
	t.Run("lab", func(t *testing.T) {
		l := New(t)
		w := NewWorld(t, l)
		if err := w.ServeProxy(); err != nil {
			t.Fatal(err)
		}
		if got := host(t); !bytes.Contains(got, []byte(l.client)) {
			t.Error("the lab is not there: this test looks at the wrong thing")
		}
	})
	if after := host(t); !bytes.Equal(before, after) {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// host is what a lab could change: interfaces, routes, namespaces, resolver, forwarding.
func host(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, args := range [][]string{{"-o", "link"}, {"route"}, {"-6", "route"}} {
		out, err := exec.CommandContext(t.Context(), "ip", args...).CombinedOutput()
		if err != nil {
			t.Skipf("needs iproute2: %v", err)
		}
		b.Write(out)
	}
	// Other tests have labs of their own at the same time; only this process' count.
	for _, dir := range []string{runNets, etcNets} {
		mine, _ := filepath.Glob(filepath.Join(dir, fmt.Sprintf("%s%d-*", prefix, os.Getpid())))
		b.WriteString(strings.Join(mine, "\n"))
	}
	for _, name := range []string{
		"/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/hosts",
		"/proc/sys/net/ipv4/ip_forward",
	} {
		raw, _ := os.ReadFile(name)
		b.Write(raw)
	}
	return b.Bytes()
}

func TestCommandRunsInside(t *testing.T) {
	l := New(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	out, err := l.Command(ctx, "ip", "-o", "-4", "addr", "show", "dev", "eth0").CombinedOutput()
	if err != nil || !strings.Contains(string(out), ClientIP) {
		t.Errorf("%v: %s", err, out)
	}
	out, err = l.Command(ctx, "cat", "/etc/resolv.conf").CombinedOutput()
	if err != nil || string(out) != "nameserver "+DNS1+"\nnameserver "+DNS2+"\n" {
		t.Errorf("%v: %s", err, out)
	}
}

// A test that was killed leaves its namespaces to the next one, which removes them.
func TestSweepRemovesWhatTheDeadLeft(t *testing.T) {
	New(t) // skips where there is no root
	dead := prefix + "999999999-1-c"
	if err := ip("netns", "add", dead); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(etcNets, dead), 0o755); err != nil {
		t.Fatal(err)
	}
	New(t)
	for _, dir := range []string{runNets, etcNets} {
		if _, err := os.Stat(filepath.Join(dir, dead)); err == nil {
			t.Errorf("%s still has %s", dir, dead)
		}
	}
}
