package checks

import (
	"runtime"
	"slices"
	"time"

	"balise/diagnostics"
)

// All is every self-test that these settings give, in the order in which people read them: from the cable to
// the services, then the machine itself.
func All(cfg Config) []diagnostics.Check {
	var list []diagnostics.Check
	return list
}

// Info is one line of the catalogue of self-tests.
type Info struct {
	ID          string
	Needs       []string
	ExplainedBy []string
	Timeout     time.Duration
	Applies     bool // false: n/a on this operating system
}

// Describe lists the self-tests of these settings without running any.
func Describe(cfg Config) []Info {
	var infos []Info
	for _, c := range All(cfg) {
		infos = append(infos, Info{
			ID: c.ID, Needs: c.Needs, ExplainedBy: c.ExplainedBy, Timeout: c.Timeout,
			Applies: len(c.Platforms) == 0 || slices.Contains(c.Platforms, runtime.GOOS),
		})
	}
	return infos
}
