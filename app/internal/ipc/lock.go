package ipc

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"balise/app/internal/ipc/api"
)

const lockName = "balise.lock"

// Locked is the single instance's right to the state folder. It ends with Unlock or with the process,
// however that dies.
type Locked struct {
	file *flock.Flock
}

// Lock takes the right to a state folder, at once or not at all. The error is an *api.Error: CodeBusy when
// another Balise holds it, CodeStateReadOnly when the folder cannot be used.
func Lock(dir string) (*Locked, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, api.NewError(api.CodeStateReadOnly, fmt.Errorf("make the state folder: %w", err))
	}
	file := flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600))
	ok, err := file.TryLock()
	if err != nil {
		return nil, api.NewError(api.CodeStateReadOnly, fmt.Errorf("lock the state folder: %w", err))
	}
	if !ok {
		return nil, api.NewError(api.CodeBusy, errors.New("another Balise uses the state folder"))
	}
	return &Locked{file: file}, nil
}

// Unlock gives the right back. The file stays: removing it would let two hold "the" lock.
func (l *Locked) Unlock() error { return l.file.Unlock() }
