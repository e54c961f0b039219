//go:build !windows

package desk

import "os"

// syncDir makes the names in a folder outlast a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
