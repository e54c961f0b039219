//go:build !windows

package act

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"balise/diagnostics/internal/durable"
	"balise/diagnostics/internal/probe"
)

// CancelJob ends one print job of the user's.
func CancelJob(ctx context.Context, _ string, id int) error {
	return probe.NewPrinting(probe.NewPrintEnv()).Cancel(ctx, id)
}

// PrintDefaultFixed tells whether the environment names the user's printer, over any file.
func PrintDefaultFixed() bool {
	for _, name := range []string{"LPDEST", "PRINTER"} {
		if v := os.Getenv(name); v != "" && v != "lp" {
			return true
		}
	}
	return false
}

// maxLpoptions is far above what a user's file with options for a hundred queues needs.
const maxLpoptions = 256 << 10

// PlanPrintDefault says what the user's file would hold with another default. It changes nothing.
func PlanPrintDefault(_ context.Context, queue string) (PrintDefault, error) {
	if !queueName(queue) {
		return PrintDefault{}, fmt.Errorf("%q is not a print queue's name", queue)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return PrintDefault{}, fmt.Errorf("find the user's print settings: %w", err)
	}
	d := PrintDefault{Queue: queue, File: filepath.Join(home, ".cups", "lpoptions"), Mode: 0o644}
	if _, err := os.Stat(filepath.Dir(d.File)); errors.Is(err, fs.ErrNotExist) {
		d.NoFolder, d.Missing = true, true
	}
	// A link is followed: who keeps his settings elsewhere keeps them there.
	if real, err := filepath.EvalSymlinks(d.File); err == nil {
		d.File = real
	}
	st, err := os.Stat(d.File)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.Missing = true
	case err != nil:
		return d, fmt.Errorf("read the user's print settings: %w", err)
	case !st.Mode().IsRegular() || st.Size() > maxLpoptions:
		return d, errors.New("the user's print settings are not a file of settings")
	default:
		if d.Was, err = os.ReadFile(d.File); err != nil {
			return d, fmt.Errorf("read the user's print settings: %w", err)
		}
		d.Mode = uint32(st.Mode().Perm())
	}
	d.Now = []byte(withDefault(string(d.Was), queue))
	return d, nil
}

// Do makes the change. Doing it again changes nothing more.
func (d PrintDefault) Do(context.Context) error {
	if err := d.write(d.Now); err != nil {
		return fmt.Errorf("write the user's print settings: %w", filesDenied(err))
	}
	return nil
}

// Undo takes it back, unless somebody changed the settings since: theirs then stay, and left is true.
func (d PrintDefault) Undo(context.Context) (left bool, err error) {
	now, err := os.ReadFile(d.File)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if !d.Missing {
			return true, nil
		}
	case err != nil:
		return true, fmt.Errorf("read the user's print settings: %w", filesDenied(err))
	case bytes.Equal(now, d.Was) && !d.Missing:
		return false, nil
	case !bytes.Equal(now, d.Now):
		return true, nil
	case d.Missing:
		err = os.Remove(d.File)
	default:
		err = d.write(d.Was)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = os.Remove(d.temporary())
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err == nil && d.NoFolder {
		_ = os.Remove(filepath.Dir(d.File)) // fails when somebody put something in
	}
	if err != nil {
		return true, fmt.Errorf("put the user's print settings back: %w", filesDenied(err))
	}
	return false, nil
}

// temporary is a constant name, so that what a crash leaves is found and replaced.
func (d PrintDefault) temporary() string { return d.File + ".balise" }

// write replaces the file as a whole.
func (d PrintDefault) write(content []byte) error {
	dir := filepath.Dir(d.File)
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) { // as lpoptions makes it
		return err
	}
	temp := d.temporary()
	_ = os.Remove(temp)
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fs.FileMode(d.Mode))
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(fs.FileMode(d.Mode)), durable.File(f), f.Close())
	if err == nil {
		err = os.Rename(temp, d.File)
	}
	if err != nil {
		_ = os.Remove(temp)
		return err
	}
	return durable.Dir(dir)
}

func filesDenied(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w", ErrDenied, err)
	}
	return err
}
