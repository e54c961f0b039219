package ipc

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
)

// Listen opens the agent's socket. The caller holds the Lock, so that whatever lies at the path is stale
// and may go. The folder is 0700 and ours, the socket 0600.
func Listen(path string) (net.Listener, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the socket's folder: %w", err)
	}
	if err := ownFolder(dir); err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove the stale socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("open the socket: %w", err)
	}
	if runtime.GOOS != "windows" {
		if err := os.Chmod(path, 0o600); err != nil {
			l.Close()
			return nil, fmt.Errorf("protect the socket: %w", err)
		}
	}
	return l, nil
}

// ownFolder refuses a folder that others can enter. On Windows the folder's ACL guards it, not a mode.
func ownFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	st, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("look at the socket's folder: %w", err)
	}
	if !st.IsDir() || !ownedByUs(st) {
		return fmt.Errorf("the socket's folder %s is not ours", dir)
	}
	if st.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("protect the socket's folder: %w", err)
	}
	return nil
}

// guarded lets only our own user in.
type guarded struct {
	net.Listener
	log *slog.Logger
}

// Accept returns the next connection of our own user; others are closed without a word.
func (g guarded) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if err := samePeer(conn); err != nil {
			g.log.Warn("refused a connection", "error", err)
			conn.Close()
			continue
		}
		return conn, nil
	}
}
