package catalogue

import (
	"fmt"
	"io/fs"
	"slices"

	"github.com/goccy/go-yaml"

	"balise/assets"
)

// addPace adds what concerns the whole run: which checks learn from each other how far the world is, and
// which failures make it pointless to wait for others.
func addPace(all map[string]Spec) error {
	const name = "packs/core/pace.yaml"
	raw, err := fs.ReadFile(assets.FS, name)
	if err != nil {
		return fmt.Errorf("read catalogue: %w", err)
	}
	var pace struct {
		Beyond []string `yaml:"beyond"`
		Stops  map[string]struct {
			Causes []string `yaml:"causes"`
			Too    []string `yaml:"too"`
			Unless []string `yaml:"unless"`
		} `yaml:"stops"`
	}
	if err := yaml.UnmarshalWithOptions(raw, &pace, yaml.Strict()); err != nil {
		return fmt.Errorf("read catalogue %s: %w", name, err)
	}
	for _, id := range pace.Beyond {
		s, ok := all[id]
		if !ok {
			return fmt.Errorf("read catalogue %s: there is no self-test %q", name, id)
		}
		s.Beyond = true
		all[id] = s
	}
	for id, stops := range pace.Stops {
		s, ok := all[id]
		if !ok {
			return fmt.Errorf("read catalogue %s: there is no self-test %q", name, id)
		}
		for _, other := range append(slices.Clone(stops.Too), stops.Unless...) {
			if _, ok := all[other]; !ok {
				return fmt.Errorf("read catalogue %s: there is no self-test %q", name, other)
			}
		}
		s.Stops, s.StopsToo, s.UnlessPasses = stops.Causes, stops.Too, stops.Unless
		all[id] = s
	}
	return nil
}
