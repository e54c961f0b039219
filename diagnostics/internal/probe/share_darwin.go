package probe

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// listShares reads the kernel's table without asking any server.
func listShares(context.Context) ([]Share, error) {
	const most = 1024
	buf := make([]unix.Statfs_t, most)
	n, err := unix.Getfsstat(buf, unix.MNT_NOWAIT)
	if err != nil {
		return nil, fmt.Errorf("read mounts: %w", err)
	}
	var shares []Share
	for _, m := range buf[:min(n, most)] {
		mount := Mount{
			Point: unix.ByteSliceToString(m.Mntonname[:]), Type: unix.ByteSliceToString(m.Fstypename[:]),
			Source: unix.ByteSliceToString(m.Mntfromname[:]),
		}
		if s, ok := shareOf(mount); ok {
			shares = append(shares, s)
		}
	}
	return shares, nil
}

// automounts: macOS's map entries appear as mounts of autofs, which listShares leaves out.
func automounts(context.Context) []string {
	const most = 1024
	buf := make([]unix.Statfs_t, most)
	n, err := unix.Getfsstat(buf, unix.MNT_NOWAIT)
	if err != nil {
		return nil
	}
	var points []string
	for _, m := range buf[:min(n, most)] {
		if unix.ByteSliceToString(m.Fstypename[:]) == "autofs" {
			points = append(points, unix.ByteSliceToString(m.Mntonname[:]))
		}
	}
	return points
}

func askShares(ctx context.Context, shares []Share) []ShareAnswer { return askEach(ctx, df{}, shares) }

// df asks by the system's own df(1), which asks each file system's server for its size.
type df struct{}

func (df) together(ctx context.Context, shares []Share) bool {
	args := []string{"-k"}
	for _, s := range shares {
		args = append(args, s.Point)
	}
	a, err := tool{name: "df", args: args}.run(ctx)
	return err == nil && a.code == 0
}

func (df) alone(ctx context.Context, s Share) ShareState {
	a, err := tool{name: "df", args: []string{"-k", s.Point}}.run(ctx)
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
