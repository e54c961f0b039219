//go:build !linux

package storage

import (
	"errors"
	"os"
)

func renameNew(*os.Root, string, *os.Root, string) error { return errors.ErrUnsupported }
