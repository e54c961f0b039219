package config

import "testing"

// FuzzParse: whatever a file holds, the answer is values or a positioned error, never a panic.
func FuzzParse(f *testing.F) {
	f.Add("desk: {kind: rt, url: 'https://x/'}\nprobes: {services: [{name: a, url: 'http://x/'}]}\n")
	f.Add("a: &x {b: *x}\n? [1]\n: 2\n--- !!binary aGk=\n")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := parse("f.yaml", []byte(text))
		if err == nil {
			for name := range values {
				if _, ok := find(name); !ok {
					t.Errorf("unknown key %q got through", name)
				}
			}
		}
	})
}
