//go:build !linux

// Command lab breaks a computer on purpose, in namespaces of its own, and grades what Balise says of it.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "lab: needs Linux: it is made of namespaces")
	os.Exit(2)
}
