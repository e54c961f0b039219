// Package capture takes a picture of the screen, in a process of its own.
package capture

import (
	"context"
	"encoding/json"
	"io"
)

// The codes of a Failure.
const (
	CodeNone   = "display.none"      // nothing to capture: no display in this session
	CodeFailed = "screenshot.failed" // the system gave no picture
	CodeDenied = "screenshot.denied" // the person or the desktop said no
)

// Request is what the parent writes to the child, as JSON.
type Request struct {
	// Interactive lets the desktop ask the person, where it will not give a picture without.
	Interactive bool `json:"interactive"`
}

// Failure is why there is no picture. The child prints it as one line of JSON on stderr and exits with 1.
type Failure struct {
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
}

func (f *Failure) Error() string { return f.Code + ": " + f.Detail }

// WriteFailure prints err as the child's last word on stderr, in the form that ParseFailure reads.
func WriteFailure(stderr io.Writer, err error) {
	_ = json.NewEncoder(stderr).Encode(asFailure(err))
}

// RunChild is `balise internal capture`: a Request in, the bytes of one PNG with all displays out.
func RunChild(ctx context.Context, in io.Reader, out io.Writer) error {
	return &Failure{Code: CodeFailed, Detail: "not built yet"}
}

// Why is a cheap test of whether this session can be captured: a code, or nothing when it can.
func Why() string { return CodeNone }

func asFailure(err error) *Failure {
	if f, ok := err.(*Failure); ok {
		return f
	}
	return &Failure{Code: CodeFailed, Detail: err.Error()}
}
