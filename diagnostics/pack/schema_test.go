package pack_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"balise/assets"
	"balise/diagnostics/pack"
	"balise/diagnostics/pack/join"
)

// The schema that editors complete packs by is made from the Go types and from the closed sets of probes and
// verbs, so that it cannot drift from what the parser takes:
//
//	go test ./diagnostics/pack -run TestSchema$ -update
var update = flag.Bool("update", false, "write assets/schemas/pack.schema.json from the types")

const schemaFile = "schemas/pack.schema.json"

type object = map[string]any

// words are the closed sets of words, by type and field.
var words = map[string][]string{
	"File.API":           {pack.API},
	"When.OS":            {"linux", "windows", "darwin"},
	"Outcome.Status":     {"pass", "warn", "fail", "na", "unknown"},
	"Outcome.Severity":   {"blocks", "degrades", "notice"},
	"Fault.Actor":        {"you", "box", "provider", "it", "service"},
	"Fault.Impact":       {"user", "several", "site"},
	"Fault.Urgency":      {"low", "medium", "high"},
	"Fault.AtMost":       {"confirmed", "likely", "possible"},
	"Repair.Kind":        {"fix", "workaround"},
	"Repair.Scope":       {"user", "system"},
	"Repair.Risk":        {"none", "undo", "no_undo"},
	"Step.Kind":          {"auto", "confirm", "manual"},
	"Symptom.Urgency":    {"low", "medium", "high"},
	"Option.Impact":      {"user", "several", "site"},
	"Form.Kind":          {"software", "equipment", "access", "other"},
	"Field.Type":         {"text", "long", "choice", "number", "date", "yesno"},
	"duration (pattern)": {`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`},
}

// forms are patterns of texts, by type and field.
var forms = map[string]string{
	"Header.ID":        `^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$`,
	"Header.Publisher": `^[a-z][a-z0-9_]*$`,
	"Check.ID":         `^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$`,
	"Fault.Cause":      `^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*/[a-z][a-z0-9_]*$`,
	"Repair.ID":        `^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$`,
	"Symptom.ID":       `^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$`,
	"Form.ID":          `^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$`,
	"Contact.URL":      `^https://`,
	"Branding.Accent":  `^#[0-9a-fA-F]{6}$`,
}

// generator turns the types into JSON Schema; structs become $defs.
type generator struct {
	defs object
	docs map[string]string
	v    pack.Vocabulary
}

func generate(t *testing.T) []byte {
	t.Helper()
	v, err := join.Vocabulary("")
	if err != nil {
		t.Fatal(err)
	}
	g := &generator{defs: object{}, docs: comments(t), v: v}
	root := g.structure(reflect.TypeFor[pack.File]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "urn:balise:pack:1"
	root["title"] = "A support pack of Balise"
	root["$defs"] = g.defs
	raw, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(raw, '\n')
}

// comments are what types.go says of each field, for the editor's hints.
func comments(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "types.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	docs := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range s.Fields.List {
				for _, name := range f.Names {
					docs[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(f.Doc.Text()+" "+f.Comment.Text()), " ")
				}
			}
		}
		return false
	})
	return docs
}

func (g *generator) structure(t reflect.Type) object {
	props, required := object{}, []string{}
	for f := range t.Fields() {
		name := f.Tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		schema := g.field(t.Name()+"."+f.Name, f.Type)
		if doc := g.docs[t.Name()+"."+f.Name]; doc != "" {
			schema["description"] = doc
		}
		props[name] = schema
		if f.Tag.Get("need") != "" {
			required = append(required, name)
		}
	}
	s := object{"type": "object", "properties": props, "additionalProperties": false}
	if slices.Sort(required); len(required) > 0 {
		s["required"] = required
	}
	switch t.Name() {
	case "Check":
		var names []string
		for _, p := range g.v.Probes {
			names = append(names, p.Name)
			g.tool(s, "probe", p.Name, p.Args)
		}
		props["probe"].(object)["enum"] = names
	case "Step":
		var names []string
		for _, v := range g.v.Verbs {
			names = append(names, v.Name)
			g.tool(s, "do", v.Name, v.Args)
		}
		props["do"].(object)["enum"] = names
	}
	return s
}

// tool says which arguments a probe or verb takes.
func (g *generator) tool(s object, key, name string, args []pack.Arg) {
	props, required := object{}, []string{}
	for _, a := range args {
		one := object{"type": []any{"string", "number", "boolean"}, "description": "a " + string(a.Type)}
		switch a.Type {
		case pack.ArgTexts, pack.ArgWholes:
			one = object{"type": "array", "minItems": 1, "description": "a list: " + string(a.Type)}
		default:
		}
		if len(a.Among) > 0 && a.Type != pack.ArgTexts {
			one["examples"] = a.Among
		}
		props[a.Name] = one
		if a.Required {
			required = append(required, a.Name)
		}
	}
	with := object{"type": "object", "properties": props, "additionalProperties": false}
	then := object{"properties": object{"with": with}}
	if slices.Sort(required); len(required) > 0 {
		with["required"], then["required"] = required, []string{"with"}
	}
	all, _ := s["allOf"].([]any)
	s["allOf"] = append(all, object{
		"if":   object{"properties": object{key: object{"const": name}}, "required": []string{key}},
		"then": then,
	})
}

func (g *generator) field(path string, t reflect.Type) object {
	list := words[path]
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "pattern": `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`}
	case t == reflect.TypeFor[time.Duration]():
		return object{"type": "string", "pattern": words["duration (pattern)"][0]}
	case t == reflect.TypeFor[pack.Text]():
		return g.table(object{"type": []any{"string", "number"}}, `^[a-z]{2}$`)
	case t.Kind() == reflect.Struct:
		if g.defs[t.Name()] == nil {
			g.defs[t.Name()] = g.structure(t)
		}
		return object{"$ref": "#/$defs/" + t.Name()}
	case t.Kind() == reflect.Slice:
		return object{"type": "array", "minItems": 1, "items": g.field(path, t.Elem())}
	case t.Kind() == reflect.Map:
		return g.table(g.field("", t.Elem()), "")
	case t.Kind() == reflect.Interface:
		return object{"type": []any{"string", "number", "boolean", "array"}}
	case t.Kind() == reflect.Bool:
		return object{"type": "boolean"}
	case t.Kind() == reflect.Int:
		return object{"type": "integer"}
	case t.Kind() == reflect.Float64:
		return object{"type": "number"}
	case list != nil:
		return object{"type": "string", "enum": list}
	case forms[path] != "":
		return object{"type": "string", "pattern": forms[path]}
	}
	return object{"type": []any{"string", "number"}} // versions and phone numbers look like numbers
}

func (g *generator) table(of object, keys string) object {
	s := object{"type": "object", "minProperties": 1, "additionalProperties": of}
	if keys != "" {
		s["propertyNames"] = object{"pattern": keys}
	}
	return s
}

func TestSchema(t *testing.T) {
	want := generate(t)
	if *update {
		if err := os.WriteFile("../../assets/"+schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := assets.FS.ReadFile(schemaFile)
	if err != nil || string(have) != string(want) {
		t.Errorf("%s is not what the types say (%v): run with -update, and raise the version if a pack of the old "+
			"one would be refused", schemaFile, err)
	}
}

// TestSchemaAndParser holds both together: what one refuses for its form, the other refuses too.
func TestSchemaAndParser(t *testing.T) {
	var root object
	if err := json.Unmarshal(generate(t), &root); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile("testdata/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	good := string(raw)
	v, err := join.Vocabulary("")
	if err != nil {
		t.Fatal(err)
	}
	accepts := func(text string) (schema, parser error) {
		doc, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := json.Unmarshal(doc, &value); err != nil {
			t.Fatal(err)
		}
		f, err := pack.Parse("p.yaml", []byte(text))
		if err == nil {
			if all := pack.Lint(f, pack.Rules{Vocabulary: v, Trust: pack.Admin}); len(all) > 0 {
				err = all
			}
		}
		return validator{root}.check("$", root, value), err
	}
	if schema, parser := accepts(good); schema != nil || parser != nil {
		t.Fatalf("the good pack: schema %v, parser %v", schema, parser)
	}
	for _, bad := range []struct{ old, new string }{
		{"api: balise/v1", "api: balise/v2"},
		{"vars:", "variables:"},
		{"  publisher: acme\n", ""},
		{"publisher: acme", "publisher: ACME"},
		{"needs: [net.egress]", "needs: []"},
		{"needs: [net.egress]", "needs: net.egress"},
		{"needs: [net.egress]", "needs: [[net.egress]]"},
		{"needs: [net.egress]", "need: [net.egress]"},
		{"timeout: 4s", "timeout: 4"},
		{"timeout: 4s", "timeout: soon"},
		{"expires: 2027-06-30", "expires: June"},
		{"probe: https", "probe: shell"},
		{"contains: OK", "contain: OK"},
		{"url: \"${erp}\", ", ""},
		{"status: pass}", "status: passed}"},
		{"level: 2\n    actor", "level: two\n    actor"},
		{"prior: 0.5", "prior: often"},
		{"helps: {acme.erp/slow: 0.5}", "helps: {}"},
		{"kind: fix", "kind: magic"},
		{"do: app.stop", "do: app.run"},
		{"not_in_call: true", "not_in_call: perhaps"},
		{"wait_for: {check: acme.erp, max: 2m}", "wait_for: {check: acme.erp}"},
		{"type: text,", "type: poem,"},
		{"url: https://support", "url: ftp://support"},
		{`accent: "#0055aa"`, "accent: blue"},
		{"title: {en: ACME, fr: ACME}", "title: {english: ACME, fr: ACME}"},
		{"title: {en: ACME, fr: ACME}", "title: ACME"},
	} {
		if !strings.Contains(good, bad.old) {
			t.Errorf("the pack does not hold %q", bad.old)
			continue
		}
		schema, parser := accepts(strings.Replace(good, bad.old, bad.new, 1))
		if schema == nil || parser == nil {
			t.Errorf("%q: schema %v, parser %v", bad.new, schema, parser)
		}
	}
	// Whatever an embedded pack uses, an editor must take too.
	names, err := os.ReadDir("../../assets/packs/everyday")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		raw, err := assets.FS.ReadFile("packs/everyday/" + name.Name())
		if err != nil {
			t.Fatal(err)
		}
		if schema, _ := accepts(string(raw)); schema != nil {
			t.Errorf("%s: %v", name.Name(), schema)
		}
	}
}

// validator knows the words of JSON Schema that generate writes, and no others.
type validator struct{ root object }

func (v validator) check(at string, schema object, doc any) error {
	if ref, ok := schema["$ref"].(string); ok {
		def := v.root["$defs"].(object)[strings.TrimPrefix(ref, "#/$defs/")]
		return v.check(at, def.(object), doc)
	}
	if c, ok := schema["const"]; ok && c != doc {
		return fmt.Errorf("%s: have %v, want %v", at, doc, c)
	}
	if list, ok := schema["enum"].([]any); ok && !slices.Contains(list, doc) {
		return fmt.Errorf("%s: %v is not among %v", at, doc, list)
	}
	if !typed(schema["type"], doc) {
		return fmt.Errorf("%s: %T is not %v", at, doc, schema["type"])
	}
	if pattern, ok := schema["pattern"].(string); ok && !regexp.MustCompile(pattern).MatchString(fmt.Sprint(doc)) {
		return fmt.Errorf("%s: %v does not look like %s", at, doc, pattern)
	}
	for _, one := range list(schema["allOf"]) {
		rule := one.(object)
		if v.check(at, rule["if"].(object), doc) == nil {
			if err := v.check(at, rule["then"].(object), doc); err != nil {
				return err
			}
		}
	}
	switch doc := doc.(type) {
	case []any:
		return v.items(at, schema, doc)
	case object:
		return v.members(at, schema, doc)
	}
	return nil
}

func list(x any) []any { l, _ := x.([]any); return l }

func (v validator) items(at string, schema object, doc []any) error {
	if least, ok := schema["minItems"].(float64); ok && len(doc) < int(least) {
		return fmt.Errorf("%s: too few", at)
	}
	items, ok := schema["items"].(object)
	for i, item := range doc {
		if ok {
			if err := v.check(fmt.Sprintf("%s[%d]", at, i), items, item); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v validator) members(at string, schema, doc object) error {
	if least, ok := schema["minProperties"].(float64); ok && len(doc) < int(least) {
		return fmt.Errorf("%s: too few", at)
	}
	for _, name := range list(schema["required"]) {
		if _, ok := doc[name.(string)]; !ok {
			return fmt.Errorf("%s: %v is missing", at, name)
		}
	}
	props, _ := schema["properties"].(object)
	for name, value := range doc {
		sub, ok := props[name].(object)
		if !ok {
			sub, ok = schema["additionalProperties"].(object)
		}
		if !ok && schema["additionalProperties"] == false {
			return fmt.Errorf("%s: %s is not in the schema", at, name)
		}
		if names, has := schema["propertyNames"].(object); has {
			if err := v.check(at, names, name); err != nil {
				return err
			}
		}
		if ok {
			if err := v.check(at+"."+name, sub, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func typed(want, doc any) bool {
	if l, ok := want.([]any); ok {
		return slices.ContainsFunc(l, func(w any) bool { return typed(w, doc) })
	}
	switch doc := doc.(type) {
	case string:
		return want == nil || want == "string"
	case bool:
		return want == nil || want == "boolean"
	case float64:
		return want == nil || want == "number" || want == "integer" && doc == float64(int64(doc))
	case []any:
		return want == nil || want == "array"
	}
	return want == nil && doc != nil || want == "object"
}
