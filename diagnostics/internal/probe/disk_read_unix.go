//go:build linux || darwin

package probe

import (
	"bytes"
	"context"
	"errors"
	"path"
	"strings"
	"time"
)

// readPatience is how long a disk may take to list a folder. A disk that sleeps needs longer, but the one
// that holds the home folder of somebody who works does not sleep.
const readPatience = 1200 * time.Millisecond

// tryRead lists a folder and reads a byte of some of its files, in children: a disk that does not answer
// holds whoever asks, and may never let go.
func tryRead(ctx context.Context, dir string) string {
	out, problems, err := command(ctx, readPatience, "ls", "-1A", "--", dir)
	switch {
	case saysEIO(problems):
		return ReadEIO
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return ReadSilent
	case err != nil:
		return ReadUnknown
	}
	files := ownFiles(dir, out)
	if len(files) == 0 {
		return ReadOK
	}
	// A link among them can lead anywhere, so silence here says nothing.
	args := append([]string{"-c", "1", "--"}, files...)
	if _, problems, _ = command(ctx, readPatience/2, "head", args...); saysEIO(problems) {
		return ReadEIO
	}
	return ReadOK
}

// ownFiles are files that nearly every home folder has, as far as they are in the list.
func ownFiles(dir string, listing []byte) []string {
	var files []string
	for line := range strings.Lines(string(listing)) {
		switch name := strings.TrimSpace(line); name {
		case ".profile", ".bashrc", ".bash_logout", ".bash_profile", ".zshrc", ".gitconfig", ".CFUserTextEncoding":
			files = append(files, path.Join(dir, name))
		}
	}
	return files
}

// saysEIO looks for the system's words for an input/output error at the end of a complaint; a file's name can
// say anything, but stands before.
func saysEIO(problems []byte) bool {
	for line := range bytes.Lines(problems) {
		line = bytes.TrimSpace(line)
		if bytes.HasSuffix(line, []byte(": Input/output error")) || bytes.HasSuffix(line, []byte(": I/O error")) {
			return true
		}
	}
	return false
}
