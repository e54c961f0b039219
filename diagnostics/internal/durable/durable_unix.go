//go:build unix

// Package durable makes names and contents survive a power cut.
package durable

import (
	"errors"
	"os"
	"syscall"
)

// Dir makes names in a folder durable.
func Dir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return File(f)
}

// File passes over file systems that cannot.
func File(f *os.File) error {
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}
