package probe

import (
	"bytes"
	"io"
	"testing"
)

// A program that never stops talking must not fill the memory: os/exec copies with io.Copy, which asks the writer
// whether it can read by itself.
func TestToolOutputIsBounded(t *testing.T) {
	var l limited
	if _, err := io.Copy(&l, bytes.NewReader(make([]byte, toolLimit+5000))); err != nil || l.kept.Len() != toolLimit {
		t.Fatal(l.kept.Len(), err)
	}
}
