package client

import (
	"strings"
	"testing"
)

func TestNewClientRefIsValidAndUnique(t *testing.T) {
	seen := map[ClientRef]bool{}
	for range 1000 {
		r := NewClientRef()
		if !r.Valid() || seen[r] {
			t.Fatalf("ref %q: valid %v, seen %v", r, r.Valid(), seen[r])
		}
		seen[r] = true
	}
	for _, bad := range []ClientRef{"", "BA", "BA000000000000000000I", "XX0000000000000000000", "BA00000000000000000-"} {
		if bad.Valid() {
			t.Errorf("%q is valid", bad)
		}
		if bad.Code() != "" {
			t.Errorf("%q has a code", bad)
		}
	}
}

func TestCodeSurvivesThePhone(t *testing.T) {
	code := NewClientRef().Code()
	heard := strings.NewReplacer("-", " ", "0", "o", "1", "l").Replace(strings.ToLower(code))
	got, err := ParseCode(heard)
	if err != nil || got != code {
		t.Fatalf("ParseCode(%q) = %q, %v; want %q", heard, got, err, code)
	}
}

func TestCodeCatchesEverySingleErrorAndSwap(t *testing.T) {
	for range 50 {
		code := strings.ReplaceAll(NewClientRef().Code(), "-", "")
		for i := range code {
			for _, c := range crockford {
				wrong := code[:i] + string(c) + code[i+1:]
				if _, err := ParseCode(wrong); (err == nil) != (wrong == code) {
					t.Fatalf("%s for %s: %v", wrong, code, err)
				}
			}
			if i == 0 {
				continue
			}
			swapped := code[:i-1] + code[i:i+1] + code[i-1:i] + code[i+1:]
			if _, err := ParseCode(swapped); (err == nil) != (swapped == code) {
				t.Fatalf("%s for %s: %v", swapped, code, err)
			}
		}
	}
}
