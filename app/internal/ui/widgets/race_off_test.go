//go:build !race

package widgets

// slow is how much slower the race detector makes the layout of text.
const slow = 1
