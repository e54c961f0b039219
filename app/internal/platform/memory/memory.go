// Package memory gives back what a resident program does not use at rest.
package memory

import "runtime/debug"

// GiveBack returns unused memory to the system: the heap's free pages, and the pages of our own program file
// that only the start or the last report touched. Of the agent's resident memory two thirds are the latter;
// the kernel would take them only under pressure, when the user already waits. They come back from the page
// cache when they are needed.
func GiveBack() {
	debug.FreeOSMemory()
	dropProgramPages()
}
