//go:build cgo && !ci

package main

import (
	"fmt"

	"github.com/go-gl/glfw/v3.3/glfw"
)

// openGL opens the smallest invisible window with the context that Fyne asks for.
func openGL() error {
	if err := glfw.Init(); err != nil {
		return fmt.Errorf("open the display: %w", err)
	}
	defer glfw.Terminate()
	contextHints()
	glfw.WindowHint(glfw.Visible, glfw.False)
	w, err := glfw.CreateWindow(1, 1, "", nil, nil)
	if err != nil {
		return fmt.Errorf("open an OpenGL window: %w", err)
	}
	defer w.Destroy()
	w.MakeContextCurrent()
	return nil
}
