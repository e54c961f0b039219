//go:build race

package ui

// slow is how much slower the race detector makes the layout of text.
const slow = 40
