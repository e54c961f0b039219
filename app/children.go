package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"balise/app/internal/cli"
	"balise/app/internal/incident"
	"balise/app/internal/ipc/api"
	"balise/app/internal/platform/capture"
	"balise/diagnostics/checks"
	"balise/diagnostics/snapshot"
)

// internal is one of the agent's hidden children: `balise internal NAME`, input on stdin, answer on stdout. A
// failure's last line on stderr is {"code", "detail"}.
func internal(ctx context.Context, name string, _ []string) int {
	children := map[string]func(context.Context, io.Reader, io.Writer) error{
		"probe": checks.RunChild, "snapshot": snapshot.RunChild,
		"capture": capture.RunChild, "render": incident.RunChild,
	}
	child, ok := children[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "balise: no internal command %q\n", name)
		return cli.ExitUsage
	}
	err := child(ctx, os.Stdin, os.Stdout)
	if err == nil {
		return cli.ExitDone
	}
	if name == "capture" {
		capture.WriteFailure(os.Stderr, err)
		return 1
	}
	word := &api.Error{Code: api.CodeInternal, Detail: err.Error()}
	errors.As(err, &word)
	_ = json.NewEncoder(os.Stderr).Encode(word)
	return 1
}
