//go:build unix

package openurl

import (
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// open starts the system's opener in a session of its own: the browser must outlive Balise.
func open(link string, patience time.Duration) error {
	name := "xdg-open"
	if runtime.GOOS == "darwin" {
		name = "open"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return err
	}
	return start(patience, path, link)
}

// start starts a program that may stay: within patience it can fail, later it is taken for a window.
func start(patience time.Duration, path string, args ...string) error {
	cmd := exec.Command(path, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // ends with the opener
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-ended:
		return err
	case <-timer.C:
		return nil
	}
}
