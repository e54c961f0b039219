//go:build !windows

package outbox

import "os"

// syncDir makes new directory entries durable; without it a file's name can be lost with the power.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
