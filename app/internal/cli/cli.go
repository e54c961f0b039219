// Package cli is the command line: text for people, one JSON document or an event stream for scripts.
//
// It never touches the core. Everything goes through api.Service, whether an agent runs or not.
package cli

import "context"

// Run executes one command line and returns its exit code. It prints; it never calls os.Exit.
func Run(ctx context.Context, p Params) int {
	_ = ctx
	_ = p
	return ExitFailed
}
