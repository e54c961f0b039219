// Package durable makes names and contents survive a power cut.
package durable

import "os"

// Dir does nothing: Windows writes names through.
func Dir(string) error { return nil }

// File does nothing.
func File(*os.File) error { return nil }
