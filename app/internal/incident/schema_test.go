package incident

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"balise/assets"
)

// schema checks values against the part of JSON Schema that ours uses; a word that it does not know fails.
type schema struct{ root map[string]any }

func readSchema(t *testing.T) schema {
	t.Helper()
	raw, err := fs.ReadFile(assets.FS, "report/report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(raw, &root); err != nil {
		t.Fatal(err)
	}
	return schema{root}
}

func (s schema) check(raw string) []string {
	var v any
	if err := json.Unmarshal([]byte(raw), &v); err != nil {
		return []string{err.Error()}
	}
	return s.value("$", s.root, v)
}

func (s schema) value(at string, rule map[string]any, v any) []string {
	var bad []string
	say := func(format string, args ...any) { bad = append(bad, at+": "+fmt.Sprintf(format, args...)) }
	for _, word := range sortedWords(rule) {
		want := rule[word]
		switch word {
		case "$schema", "$id", "title", "description", "$defs", "properties", "additionalProperties", "items":
		case "$ref":
			name := strings.TrimPrefix(want.(string), "#/$defs/")
			bad = append(bad, s.value(at, s.root["$defs"].(map[string]any)[name].(map[string]any), v)...)
		case "const":
			if v != want {
				say("%v, want %v", v, want)
			}
		case "enum":
			if !slices.Contains(want.([]any), v) {
				say("%v is not one of %v", v, want)
			}
		case "type":
			if !isType(want, v) {
				say("%T, want %v", v, want)
			}
		case "required":
			for _, k := range want.([]any) {
				if m, ok := v.(map[string]any); ok && m[k.(string)] == nil {
					say("no %s", k)
				}
			}
		case "pattern":
			if x, ok := v.(string); ok && !regexp.MustCompile(want.(string)).MatchString(x) {
				say("%q does not match %s", x, want)
			}
		case "format":
			if _, err := time.Parse(time.RFC3339, v.(string)); err != nil || !strings.HasSuffix(v.(string), "Z") {
				say("%v is no time in UTC", v)
			}
		case "minimum":
			if v.(float64) < want.(float64) {
				say("%v is less than %v", v, want)
			}
		case "maximum":
			if v.(float64) > want.(float64) {
				say("%v is more than %v", v, want)
			}
		case "maxLength":
			if utf8.RuneCountInString(v.(string)) > int(want.(float64)) {
				say("too long")
			}
		case "maxItems":
			if len(v.([]any)) > int(want.(float64)) {
				say("too many")
			}
		default:
			say("the validator does not know %q", word)
		}
	}
	return append(bad, s.parts(at, rule, v)...)
}

func (s schema) parts(at string, rule map[string]any, v any) []string {
	var bad []string
	switch v := v.(type) {
	case []any:
		if items, ok := rule["items"].(map[string]any); ok {
			for i, e := range v {
				bad = append(bad, s.value(fmt.Sprintf("%s[%d]", at, i), items, e)...)
			}
		}
	case map[string]any:
		known, _ := rule["properties"].(map[string]any)
		for _, k := range sortedWords(v) {
			sub, ok := known[k].(map[string]any)
			if !ok {
				if sub, ok = rule["additionalProperties"].(map[string]any); !ok {
					if rule["additionalProperties"] == false {
						bad = append(bad, at+"."+k+" is not in the schema")
					}
					continue
				}
			}
			bad = append(bad, s.value(at+"."+k, sub, v[k])...)
		}
	}
	return bad
}

func sortedWords(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func isType(want, v any) bool {
	if list, ok := want.([]any); ok {
		return slices.ContainsFunc(list, func(w any) bool { return isType(w, v) })
	}
	switch v := v.(type) {
	case string:
		return want == "string"
	case bool:
		return want == "boolean"
	case float64:
		return want == "number" || want == "integer" && v == math.Trunc(v)
	case []any:
		return want == "array"
	case map[string]any:
		return want == "object"
	}
	return false
}

func TestReportFollowsItsSchema(t *testing.T) {
	s := readSchema(t)
	requests := map[string]RenderRequest{"sample": sample(t)}
	bare := RenderRequest{Ref: requests["sample"].Ref, Language: "fr"}
	requests["bare"] = bare
	all := sample(t)
	all.Input.Withhold = []string{"diagnosis", "tried", "checks", "machine", "snapshot", "screenshot", "description"}
	requests["withheld"] = all
	for name, req := range requests {
		_, files := render(t, req)
		for _, bad := range s.check(files[nameReportJSON]) {
			t.Errorf("%s: %s", name, bad)
		}
	}
}

func TestTheSchemaCanRefuse(t *testing.T) {
	s := readSchema(t)
	_, files := render(t, sample(t))
	good := files[nameReportJSON]
	for from, to := range map[string]string{
		`"status": "warn"`: `"status": "hot"`, `"version": 1`: `"version": 2`, `"subject"`: `"subjekt"`,
		`"size": `: `"size": -`, `"class": "plain"`: `"class": "secret"`, `"language": "en"`: `"language": "de"`,
	} {
		if broken := strings.Replace(good, from, to, 1); broken == good || len(s.check(broken)) == 0 {
			t.Errorf("%s for %s is not refused", to, from)
		}
	}
}
