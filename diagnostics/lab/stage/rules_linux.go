package stage

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// nft gives the packet filter of one of the lab's namespaces a script, or a question.
func (s *Stage) nft(ns, script string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if len(args) == 0 {
		args = []string{"-f", "-"}
	}
	var out []byte
	err := within(ns, func() (err error) {
		cmd := exec.CommandContext(ctx, "nft", args...)
		cmd.Stdin = strings.NewReader(script)
		out, err = cmd.CombinedOutput()
		return err
	})
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("the lab needs nft, of the package nftables: %w", err)
	}
	if err != nil {
		return "", fmt.Errorf("nft: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}

// rule gives the router a filter of its own at a hook. It is seen by its counters, or, unless it has to hit,
// by being there.
func (s *Stage) rule(hook, rules string, mustHit bool) (deed, error) {
	return s.filter(s.lab.router, fmt.Sprintf("chain c { type filter hook %s priority -150; %s; }", hook,
		rules), mustHit)
}

var packets = regexp.MustCompile(`counter packets (\d+)`)

// filter is rule for any namespace and any content of a table.
func (s *Stage) filter(ns, content string, mustHit bool) (deed, error) {
	name := fmt.Sprintf("lab%d", serial.Add(1))
	// A block must end with its line.
	content = strings.ReplaceAll(content, "; } chain", "; }\nchain")
	if _, err := s.nft(ns, fmt.Sprintf("table inet %s {\n%s\n}\n", name, content)); err != nil {
		return deed{}, err
	}
	undo := func() error {
		_, err := s.nft(ns, "delete table inet "+name+"\n")
		return err
	}
	seen := func(context.Context) (bool, string) {
		out, err := s.nft(ns, "", "list", "table", "inet", name)
		if err != nil {
			return false, err.Error()
		}
		hits := 0
		for _, m := range packets.FindAllStringSubmatch(out, -1) {
			n, _ := strconv.Atoi(m[1])
			hits += n
		}
		return hits > 0 || !mustHit, fmt.Sprintf("packet filter: %d hits", hits)
	}
	return deed{undo: undo, seen: seen}, nil
}

// in runs one of the system's own programs in one of the lab's networks.
func (s *Stage) in(ctx context.Context, ns, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var out []byte
	err := within(ns, func() (err error) {
		out, err = exec.CommandContext(ctx, name, args...).CombinedOutput()
		return err
	})
	if err != nil {
		return "", fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}
