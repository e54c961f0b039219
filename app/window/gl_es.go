//go:build cgo && !ci && (gles || arm || arm64) && !darwin

package main

import "github.com/go-gl/glfw/v3.3/glfw"

// contextHints are Fyne's own on OpenGL ES.
func contextHints() {
	glfw.WindowHint(glfw.ClientAPI, glfw.OpenGLESAPI)
	glfw.WindowHint(glfw.ContextVersionMajor, 2)
	glfw.WindowHint(glfw.ContextVersionMinor, 0)
}
