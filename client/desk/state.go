package desk

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// The files of the desk's folder in the state folder.
const (
	folderName     = "desk"
	clientFile     = "client.token"
	technicianFile = "technician.key"
	portFile       = "port"
	infoFile       = "running.json" // who runs, without secrets; true only while lockFile is locked
	lockFile       = "lock"
	databaseFile   = "desk.db"
)

func folder(stateDir string) string { return filepath.Join(stateDir, folderName) }

// running is infoFile.
type running struct {
	URL        string `json:"url"`
	PID        int    `json:"pid"`
	MovedAside string `json:"moved_aside,omitempty"`
}

// Lookup finds the practice desk that runs on this state folder; ErrNotRunning if none does.
//
// It believes the lock, not the file: were it to believe the file alone, then after a crash a stranger who
// took the same port would be handed the client token.
func Lookup(stateDir string) (Info, error) {
	dir := folder(stateDir)
	if _, err := os.Stat(filepath.Join(dir, lockFile)); err != nil {
		return Info{}, ErrNotRunning
	}
	lock := flock.New(filepath.Join(dir, lockFile))
	free, err := lock.TryRLock()
	if err != nil {
		return Info{}, fmt.Errorf("look for the practice desk: %w", err)
	}
	if free {
		lock.Unlock()
		return Info{}, ErrNotRunning
	}
	raw, err := os.ReadFile(filepath.Join(dir, infoFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Info{}, ErrNotRunning // it is starting
	}
	var r running
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	if err != nil {
		return Info{}, fmt.Errorf("look for the practice desk: %w", err)
	}
	token, err := readSecret(dir, clientFile)
	if err != nil {
		return Info{}, fmt.Errorf("look for the practice desk: %w", err)
	}
	return Info{URL: r.URL, ClientToken: token, PID: r.PID, StateDir: stateDir, MovedAside: r.MovedAside}, nil
}

// lockWait is how long Run waits for a lock: Lookup takes it for an instant, and a desk that was told to stop
// may still be finishing.
const lockWait = 3 * time.Second

// takeLock locks a file for this process; ErrRunning when another holds it.
func takeLock(path string) (*flock.Flock, error) {
	lock := flock.New(path, flock.SetPermissions(0o600))
	for deadline := time.Now().Add(lockWait); ; time.Sleep(50 * time.Millisecond) {
		ok, err := lock.TryLock()
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if ok {
			return lock, nil
		}
		if time.Now().After(deadline) {
			return nil, ErrRunning
		}
	}
}

// secret reads a secret of the folder, or makes it at the first start.
func secret(dir, name string) (string, error) {
	got, err := readSecret(dir, name)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return got, err
	}
	fresh := rand.Text() + rand.Text() // 256 bits
	if err := writeFile(dir, name, []byte(fresh+"\n")); err != nil {
		return "", err
	}
	return fresh, nil
}

// minSecret is shorter than any secret that we make: what is shorter is not one of ours.
const minSecret = 40

func readSecret(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(raw))
	if len(text) < minSecret {
		return "", fmt.Errorf("%s is damaged; delete it, and the practice desk makes a new one", path)
	}
	return text, nil
}

// writeFile writes a private file, whole or not at all.
func writeFile(dir, name string, data []byte) error {
	f, err := os.CreateTemp(dir, "."+name+"-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return os.Rename(f.Name(), filepath.Join(dir, name))
}
