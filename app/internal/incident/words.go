package incident

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"balise/diagnostics"
)

// bare facts read without their label: "ext4", not "file system: ext4".
var bare = []string{
	"system", "processor", "mount", "fs", "volume", "interface", "kind", "printer", "connector", "state", "arch",
	"machine_name", "time_zone", "part",
}

// head facts name the thing that a group is about.
var head = []string{"mount", "interface", "printer", "connector", "part"}

// facts are what a self-test measured, in one line: "jobs: 3, oldest job: 2 h".
func (v *view) facts(list []diagnostics.Fact) string { return v.line(list, v.named) }

// traits are what a thing is like, in one line: "cores 6, threads 12".
func (v *view) traits(list []diagnostics.Fact) string { return v.line(list, plainly) }

func plainly(label, value string) string { return label + " " + value }

func (v *view) line(list []diagnostics.Fact, join func(label, value string) string) string {
	parts := make([]string, 0, len(list))
	for _, f := range list {
		if s := v.joined(f, join); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ", ")
}

func (v *view) fact(f diagnostics.Fact) string { return v.joined(f, plainly) }

func (v *view) joined(f diagnostics.Fact, join func(label, value string) string) string {
	value := v.Value(f)
	if value == "" {
		return ""
	}
	if slices.Contains(bare, f.Key) {
		return value
	}
	if b, ok := f.Value.(bool); ok && b {
		return v.Label(f) // "read-only", not "read-only yes"
	}
	return join(v.Label(f), value)
}

// Label is a fact's name.
func (v *view) Label(f diagnostics.Fact) string {
	if key := "fact." + f.Key; v.p.Has(key) {
		return v.p.T(key)
	}
	return strings.ReplaceAll(f.Key, "_", " ")
}

// Value is a fact's value for people, without class: it was redacted before.
func (v *view) Value(f diagnostics.Fact) string {
	switch x := f.Value.(type) {
	case bool:
		if x {
			return v.p.T("report.yes")
		}
		return v.p.T("report.no")
	case int:
		return v.quantity(float64(x), f.Unit)
	case int64:
		return v.quantity(float64(x), f.Unit)
	case float64:
		return v.quantity(x, f.Unit)
	case string:
		return oneLine(v.wordOf(f.Key, x), maxFactText) + unit(f.Unit)
	case []string:
		return v.values(f.Key, x)
	case []any: // what JSON makes of it
		texts := make([]string, 0, len(x))
		for _, e := range x {
			texts = append(texts, fmt.Sprint(e))
		}
		return v.values(f.Key, texts)
	}
	return ""
}

func (v *view) values(key string, list []string) string {
	words := make([]string, len(list))
	for i, s := range list {
		words[i] = v.wordOf(key, s)
	}
	return oneLine(strings.Join(words, ", "), maxFactText)
}

// wordOf translates the codes that our own facts use as values.
func (v *view) wordOf(key, value string) string {
	for _, area := range []string{"factvalue.", "value."} {
		if k := area + key + "." + value; v.p.Has(k) {
			return v.p.T(k)
		}
	}
	return value
}

func unit(u string) string {
	if u == "" {
		return ""
	}
	return " " + u
}

// quantity rounds a number to what a reader needs, with the language's decimal sign and a space that does not
// break.
func (v *view) quantity(n float64, unit string) string {
	switch unit {
	case "B":
		return v.size(n)
	case "s":
		return v.duration(n)
	case "":
		return v.number(n)
	default:
		return v.number(n) + "\u00a0" + unit
	}
}

func (v *view) number(n float64) string {
	digits := -1
	if n != float64(int64(n)) {
		digits = 1
		if n < 1 && n > -1 {
			digits = 2
		}
	}
	s := strconv.FormatFloat(n, 'f', digits, 64)
	if v.p.Lang() == "fr" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// size uses powers of 1000, as disks are sold and file managers show.
func (v *view) size(n float64) string {
	units := []string{"B", "kB", "MB", "GB", "TB", "PB"}
	if v.p.Lang() == "fr" {
		units = []string{"o", "ko", "Mo", "Go", "To", "Po"}
	}
	i := 0
	for n >= 1000 && i < len(units)-1 {
		n /= 1000
		i++
	}
	if i == 0 || n >= 100 {
		n = float64(int64(n + 0.5))
	} else {
		n = float64(int64(n*10+0.5)) / 10
	}
	return v.number(n) + "\u00a0" + units[i]
}

// duration keeps the two largest units.
func (v *view) duration(seconds float64) string {
	if seconds < 120 {
		return v.number(seconds) + "\u00a0s"
	}
	n := int64(seconds)
	day := "d"
	if v.p.Lang() == "fr" {
		day = "j"
	}
	parts := []struct {
		size int64
		unit string
	}{{86400, day}, {3600, "h"}, {60, "min"}}
	var out []string
	for _, p := range parts {
		if q := n / p.size; q > 0 && len(out) < 2 {
			out = append(out, strconv.FormatInt(q, 10)+"\u00a0"+p.unit)
		} else if len(out) > 0 {
			break
		}
		n %= p.size
	}
	return strings.Join(out, "\u00a0")
}
