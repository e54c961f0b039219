package cli

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"balise/assets"
)

// The schemas are made from the Go types, so that they cannot drift from what is printed:
//
//	go test ./app/internal/cli -run TestSchemas -update
var update = flag.Bool("update", false, "write assets/schemas from the types")

// documents are all that the command line prints for scripts.
var documents = map[string]any{
	schemaCheck: CheckDoc{}, schemaChecks: ChecksDoc{}, schemaSnapshot: SnapshotDoc{}, schemaSent: SentDoc{},
	schemaTickets: TicketsDoc{}, schemaTicket: TicketDoc{}, schemaOutbox: OutboxDoc{}, schemaExport: ExportDoc{},
	schemaRepairs: RepairsDoc{}, schemaRepair: RepairDoc{}, schemaHistory: RepairHistoryDoc{},
	schemaDesk: DeskDoc{}, schemaDeskURL: DeskURLDoc{},
	schemaRecord: RecordDoc{}, schemaConfig: ConfigDoc{}, schemaVersion: VersionDoc{}, schemaDone: DoneDoc{}, schemaError: ErrorDoc{},
	schemaPackLint: PackLintDoc{}, schemaPacks: PacksDoc{}, schemaPackTest: PackTestDoc{},
	schemaPackKey: PackKeyDoc{}, schemaPackSigned: PackSignedDoc{},
	schemaForms: FormsDoc{}, schemaSymptoms: SymptomsDoc{},
	schemaEvent: Event{},
}

// enums are the words that a field takes, by the Go type or by document and field.
var enums = map[string][]string{
	"diagnostics.Status":   {"pass", "warn", "fail", "skip", "na", "unknown"},
	"diagnostics.Severity": {"blocks", "degrades", "notice"},
	"cause.Confidence":     {"confirmed", "likely", "possible", "unknown"},
	"cause.Actor":          {"you", "box", "provider", "it", "service"},
	"client.Status":        {"unknown", "new", "open", "pending", "resolved", "closed"},
	"client.Tri":           {"maybe", "yes", "no"},
	"repair.Risk":          {"none", "undo", "no_undo"},
	"repair.StepKind":      {"auto", "confirm", "manual", "ask", "wait"},
	"repair.State": {
		"proposed", "confirmed", "running", "verifying", "solved", "not_solved", "failed", "needs_admin", "needs_user", "undone",
	},
	"HistoryAttempt.Outcome": {"solved", "not_solved", "undone", "abandoned", "needs_admin", "open"},
	"SentDoc.State":          {"sent", "queued", "refused"},
	"OutboxItem.State":       {"draft", "waiting", "sending", "sent", "refused"},
	"OutboxItem.Kind":        {"ticket", "reply"},
	"Setting.Source":         {"default", "user", "file", "policy", "environment"},
	"Event.Event": {
		"run_started", "check_started", "check_retried", "check_finished", "run_finished", "repair", "result",
	},
}

type object = map[string]any

// generator turns Go types into JSON Schema; named structs become $defs.
type generator struct{ defs object }

func generate(id string, doc any) object {
	g := &generator{defs: object{}}
	root := g.structure(reflect.TypeOf(doc))
	root["properties"].(object)["schema"].(object)["const"] = id
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "urn:" + strings.NewReplacer(".", ":", "/", ":").Replace(id)
	root["title"] = id
	if len(g.defs) > 0 {
		root["$defs"] = g.defs
	}
	return root
}

func (g *generator) structure(t reflect.Type) object {
	props, required := object{}, []string{}
	g.fields(t, props, &required)
	slices.Sort(required)
	return object{
		"type": "object", "properties": props, "required": required, "additionalProperties": false,
	}
}

func (g *generator) fields(t reflect.Type, props object, required *[]string) {
	for f := range t.Fields() {
		if f.Anonymous && f.Tag.Get("json") == "" {
			g.fields(f.Type, props, required)
			continue
		}
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() {
			continue
		}
		schema := g.of(f.Type)
		if words := enums[t.Name()+"."+f.Name]; words != nil {
			schema["enum"] = words
		}
		if doc := f.Tag.Get("doc"); doc != "" {
			schema["description"] = doc
		}
		props[name] = schema
		if !strings.Contains(rest, "omit") {
			*required = append(*required, name)
		}
	}
}

func (g *generator) of(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return object{"anyOf": []any{g.of(t.Elem()), object{"type": "null"}}}
	case t.Kind() == reflect.Interface:
		return object{}
	case t.Kind() == reflect.Struct:
		if g.defs[t.Name()] == nil {
			g.defs[t.Name()] = object{} // a recursive type would come back here
			g.defs[t.Name()] = g.structure(t)
		}
		return object{"$ref": "#/$defs/" + t.Name()}
	case t.Kind() == reflect.Slice:
		return object{"type": []any{"array", "null"}, "items": g.of(t.Elem())}
	case t.Kind() == reflect.Map:
		return object{"type": []any{"object", "null"}, "additionalProperties": g.of(t.Elem())}
	case t.Kind() == reflect.String:
		s := object{"type": "string"}
		if words := enums[t.String()]; words != nil {
			s["enum"] = append([]string{""}, words...)
		}
		return s
	case t.Kind() == reflect.Bool:
		return object{"type": "boolean"}
	case t.Kind() == reflect.Float64:
		return object{"type": "number"}
	}
	return object{"type": "integer"}
}

func schemaFile(id string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(id, "balise."), "/")
	return "schemas/" + name + ".schema.json"
}

// TestSchemas compares the shipped schemas with the types.
func TestSchemas(t *testing.T) {
	for id, doc := range documents {
		want, err := json.MarshalIndent(generate(id, doc), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, '\n')
		if *update {
			file := filepath.Join("../../../assets", schemaFile(id))
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		have, err := assets.FS.ReadFile(schemaFile(id))
		if err != nil || string(have) != string(want) {
			t.Errorf("%s is not what the types say (%v): run with -update, and raise the version if a reader "+
				"of the old one would break", schemaFile(id), err)
		}
	}
}

// validSchema is the script command "valid SCHEMA": the last stdout is one document of that schema, or with
// "valid -events SCHEMA" an event stream that ends with one.
func validSchema(ts *testscript.TestScript, neg bool, args []string) {
	out := strings.TrimSpace(ts.ReadFile("stdout"))
	problem := error(nil)
	if len(args) == 2 && args[0] == "-events" {
		problem = validEvents(out, args[1])
	} else {
		problem = validate(args[0], []byte(out))
	}
	if (problem != nil) != neg {
		ts.Fatalf("%v: %v\n%s", args, problem, out)
	}
}

func validEvents(out, last string) error {
	lines := strings.Split(out, "\n")
	for i, line := range lines {
		if err := validate(schemaEvent, []byte(line)); err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	var e struct {
		Event    string          `json:"event"`
		Document json.RawMessage `json:"document"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &e); err != nil {
		return err
	}
	if e.Event != "result" {
		return fmt.Errorf("the last event is %q, not the result", e.Event)
	}
	return validate(last, e.Document)
}

// validate checks a document against a shipped schema.
func validate(id string, raw []byte) error {
	file, err := assets.FS.ReadFile(schemaFile(id))
	if err != nil {
		return err
	}
	var root object
	if err := json.Unmarshal(file, &root); err != nil {
		return err
	}
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return fmt.Errorf("not one JSON document: %w", err)
	}
	return validator{root}.check("$", root, doc)
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
	if words, ok := schema["enum"].([]any); ok && !slices.Contains(words, doc) {
		return fmt.Errorf("%s: %v is not among %v", at, doc, words)
	}
	if any, ok := schema["anyOf"].([]any); ok {
		var last error
		for _, s := range any {
			if last = v.check(at, s.(object), doc); last == nil {
				return nil
			}
		}
		return last
	}
	if !typed(schema["type"], doc) {
		return fmt.Errorf("%s: %T is not %v", at, doc, schema["type"])
	}
	return v.inside(at, schema, doc)
}

func (v validator) inside(at string, schema object, doc any) error {
	switch doc := doc.(type) {
	case []any:
		items, _ := schema["items"].(object) // none: anything
		for i, item := range doc {
			if err := v.check(fmt.Sprintf("%s[%d]", at, i), items, item); err != nil {
				return err
			}
		}
	case object:
		required, _ := schema["required"].([]any)
		for _, name := range required {
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
			if err := v.check(at+"."+name, sub, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func typed(want, doc any) bool {
	if want == nil {
		return true
	}
	if list, ok := want.([]any); ok {
		return slices.ContainsFunc(list, func(w any) bool { return typed(w, doc) })
	}
	switch doc := doc.(type) {
	case nil:
		return want == "null"
	case string:
		return want == "string"
	case bool:
		return want == "boolean"
	case float64:
		return want == "number" || (want == "integer" && doc == float64(int64(doc)))
	case []any:
		return want == "array"
	}
	return want == "object"
}
