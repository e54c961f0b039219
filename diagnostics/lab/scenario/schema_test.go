package scenario

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// The schema that editors complete from knows the same keys as the reader.
func TestSchemaKnowsEveryKey(t *testing.T) {
	raw, err := os.ReadFile("scenario.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	var schema, expect, vary, repair object
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(schema.Properties["expect"], &expect); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(schema.Properties["vary"], &vary); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(schema.Properties["repair"], &repair); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		have object
		of   reflect.Type
	}{
		{"scenario", schema, reflect.TypeFor[Scenario]()},
		{"expect", expect, reflect.TypeFor[Expect]()},
		{"vary", vary, reflect.TypeFor[Vary]()},
		{"repair", repair, reflect.TypeFor[Repair]()},
	} {
		var keys []string
		for i := range c.of.NumField() {
			if name, _, _ := strings.Cut(c.of.Field(i).Tag.Get("yaml"), ","); name != "-" && name != "" {
				keys = append(keys, name)
			}
		}
		slices.Sort(keys)
		if have := slices.Sorted(maps.Keys(c.have.Properties)); !slices.Equal(have, keys) {
			t.Errorf("%s: the schema has %v, the reader %v", c.what, have, keys)
		}
	}
}
