// Package product is what both programs say of themselves. A test keeps FyneApp.toml equal to it.
package product

import "runtime/debug"

// The product's own constants.
const (
	Name    = "Balise"
	AppID   = "org.balise.Balise"
	Version = "0.1.0"
	Build   = 1
)

// Revision is the commit that the program was built from, with "+" when the tree held changes; empty when
// the build does not know.
func Revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = "+"
			}
		}
	}
	if revision == "" {
		return ""
	}
	return revision[:min(12, len(revision))] + dirty
}
