package probe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

func listShares(ctx context.Context) ([]Share, error) {
	table, err := mounts(ctx)
	if err != nil {
		return nil, err
	}
	return sharesIn(table), nil
}

// sharesIn keeps what shows: the last of several mounts at one place.
func sharesIn(table []Mount) []Share {
	last := make(map[string]int, len(table))
	for i, m := range table {
		last[m.Point] = i
	}
	var shares []Share
	for i, m := range table {
		if s, ok := shareOf(m); ok && last[m.Point] == i {
			shares = append(shares, s)
		}
	}
	return shares
}

func automounts(ctx context.Context) []string {
	table, err := mounts(ctx)
	if err != nil {
		return nil
	}
	var points []string
	for _, m := range table {
		if m.Type == "autofs" {
			points = append(points, m.Point)
		}
	}
	return points
}

func askShares(ctx context.Context, shares []Share) []ShareAnswer {
	return askEach(ctx, statfs{}, shares)
}

// statfs asks by the system's own stat(1) how large a file system is. The size is asked of the server each
// time, where what stat(2) asks may come from a cache.
type statfs struct{}

func (statfs) together(ctx context.Context, shares []Share) bool {
	args := []string{"--file-system", "--format=", "--"}
	for _, s := range shares {
		if stuck(s.Point) {
			return false // no need for another child to get stuck
		}
		args = append(args, s.Point)
	}
	a, err := tool{name: "stat", args: args}.run(ctx)
	return err == nil && a.code == 0
}

// alone marks its child, so that a child that the kernel does not let go is known the next time, and no
// second one gets stuck beside it.
func (statfs) alone(ctx context.Context, s Share) ShareState {
	mark, free := claim(s.Point)
	for !free {
		// An earlier child is still in there. It may be a run beside this one: give it the same time.
		select {
		case <-ctx.Done():
			return ShareHung
		case <-time.After(50 * time.Millisecond):
			mark, free = claim(s.Point)
		}
	}
	args := []string{"--file-system", "--format=", "--", s.Point}
	t := tool{name: "stat", args: args}
	if mark != nil {
		defer mark.Close()
		t.files = []*os.File{mark}
	}
	a, err := t.run(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return ShareHung
	case err != nil:
		return ShareUnknown
	case a.code == 0:
		return ShareAnswers
	}
	return shareError(string(a.err))
}

// markOf names a socket in the kernel's own name space: it lives as long as a process holds it, and leaves no
// file behind.
func markOf(point string) string {
	sum := sha256.Sum256([]byte(point))
	return fmt.Sprintf("@balise-share-%d-%s", os.Getuid(), hex.EncodeToString(sum[:8]))
}

// claim takes the mark of a mount point, for a child to inherit. free is false while another child holds it.
// A system that has no such sockets does without.
func claim(point string) (mark *os.File, free bool) {
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: markOf(point), Net: "unixgram"})
	if err != nil {
		return nil, !strings.Contains(err.Error(), "address already in use")
	}
	defer conn.Close()
	file, err := conn.File()
	if err != nil {
		return nil, true
	}
	return file, true
}

func stuck(point string) bool {
	mark, free := claim(point)
	if mark != nil {
		mark.Close()
	}
	return !free
}
