package relay

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// schemas pairs the schemas of openapi.yaml with the types of the wire.
func schemas() map[string]any {
	return map[string]any{
		"Person": personDoc{}, "Me": meDoc{}, "Capabilities": capsDoc{}, "Actions": actionsDoc{},
		"Ticket": ticketDoc{}, "TicketPage": ticketPageDoc{}, "NewTicket": newTicketDoc{},
		"NewReply": newReplyDoc{}, "TicketRef": ticketRefDoc{}, "Receipt": receiptDoc{},
		"Message": messageDoc{}, "MessagePage": messagePageDoc{}, "Attachment": attachmentDoc{},
		"Rating": ratingDoc{}, "NoticeList": noticeListDoc{}, "Notice": noticeDoc{}, "Problem": problemDoc{},
	}
}

// document is openapi.yaml, as far as the tests read it.
type document struct {
	tree map[string]any
}

func readDocument(t *testing.T) document {
	t.Helper()
	d := document{}
	if err := yaml.Unmarshal(Document, &d.tree); err != nil {
		t.Fatal(err)
	}
	// Through JSON, so that numbers and maps have one type each.
	raw, err := json.Marshal(d.tree)
	if err == nil {
		d.tree = nil
		err = json.Unmarshal(raw, &d.tree)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d document) at(path ...string) map[string]any {
	node := d.tree
	for _, p := range path {
		node, _ = node[p].(map[string]any)
	}
	return node
}

func (d document) schema(name string) map[string]any { return d.at("components", "schemas", name) }

// resolve follows a $ref.
func (d document) resolve(node map[string]any) map[string]any {
	for {
		ref, ok := node["$ref"].(string)
		if !ok {
			return node
		}
		node = d.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
}

func list(v any) []string {
	var out []string
	all, _ := v.([]any)
	for _, one := range all {
		out = append(out, fmt.Sprint(one))
	}
	slices.Sort(out)
	return out
}

func TestDocumentAndHandlerHaveTheSamePaths(t *testing.T) {
	d := readDocument(t)
	var documented, served []string
	for path, item := range d.at("paths") {
		for method := range item.(map[string]any) {
			documented = append(documented, strings.ToUpper(method)+" "+path)
		}
	}
	for _, r := range (&handler{}).routes() {
		served = append(served, r.method+" "+r.path)
	}
	served = append(served, "GET /v1/openapi.yaml")
	slices.Sort(documented)
	slices.Sort(served)
	if !slices.Equal(documented, served) {
		t.Errorf("documented %v\nserved     %v", documented, served)
	}
}

func TestDocumentAndWireHaveTheSameMembers(t *testing.T) {
	d := readDocument(t)
	pairs := schemas()
	for name, sample := range pairs {
		schema := d.schema(name)
		if schema == nil {
			t.Errorf("%s is not documented", name)
			continue
		}
		var members, required []string
		for f := range fields(sample) {
			member, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			members = append(members, member)
			if !strings.Contains(options, "omit") {
				required = append(required, member)
			}
			d.sameType(t, name+"."+member, f.Type, schema["properties"].(map[string]any)[member])
		}
		slices.Sort(members)
		slices.Sort(required)
		if got := slices.Sorted(maps.Keys(schema["properties"].(map[string]any))); !slices.Equal(got, members) {
			t.Errorf("%s: documented %v, on the wire %v", name, got, members)
		}
		if got := list(schema["required"]); !slices.Equal(got, required) {
			t.Errorf("%s: documented as required %v, always on the wire %v", name, got, required)
		}
	}
	for name, schema := range d.at("components", "schemas") {
		if schema.(map[string]any)["type"] == "object" && pairs[name] == nil {
			t.Errorf("%s is documented, but no type of the wire", name)
		}
	}
}

func fields(sample any) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		typ := reflect.TypeOf(sample)
		for i := range typ.NumField() {
			if !yield(typ.Field(i)) {
				return
			}
		}
	}
}

func (d document) sameType(t *testing.T, where string, typ reflect.Type, node any) {
	t.Helper()
	schema, _ := node.(map[string]any)
	schema = d.resolve(schema)
	want := map[reflect.Kind]string{
		reflect.String: "string", reflect.Int: "integer", reflect.Int64: "integer", reflect.Bool: "boolean",
		reflect.Slice: "array", reflect.Map: "object", reflect.Struct: "object", reflect.Pointer: "object",
	}[typ.Kind()]
	if typ.String() == "time.Time" {
		want = "string"
	}
	if schema["type"] != want {
		t.Errorf("%s: documented as %v, on the wire %s", where, schema["type"], want)
	}
}

func TestEveryProblemIsDocumented(t *testing.T) {
	d := readDocument(t)
	props, _ := d.schema("Problem")["properties"].(map[string]any)
	code, _ := props["code"].(map[string]any)
	if got, want := list(code["enum"]), slices.Sorted(maps.Keys(kinds())); !slices.Equal(got, want) {
		t.Errorf("documented %v\nknown      %v", got, want)
	}
}

// check tells what is wrong with a value by its schema: types, required members, enumerations, patterns of
// constants. It knows what the document uses, no more.
func (d document) check(where string, node map[string]any, v any) []string {
	schema := d.resolve(node)
	var bad []string
	switch schema["type"] {
	case "object":
		m, ok := v.(map[string]any)
		if !ok {
			return []string{where + ": no object"}
		}
		for _, name := range list(schema["required"]) {
			if _, ok := m[name]; !ok {
				bad = append(bad, where+"."+name+": missing")
			}
		}
		props, _ := schema["properties"].(map[string]any)
		for name, value := range m {
			if prop, ok := props[name].(map[string]any); ok {
				bad = append(bad, d.check(where+"."+name, prop, value)...)
			} else if schema["additionalProperties"] == nil {
				bad = append(bad, where+"."+name+": not documented")
			}
		}
	case "array":
		all, ok := v.([]any)
		if !ok {
			return []string{where + ": no array"}
		}
		for i, one := range all {
			bad = append(bad, d.check(fmt.Sprintf("%s[%d]", where, i), schema["items"].(map[string]any), one)...)
		}
	case "string":
		s, ok := v.(string)
		if enum := list(schema["enum"]); !ok || len(enum) > 0 && !slices.Contains(enum, s) {
			bad = append(bad, fmt.Sprintf("%s: %v", where, v))
		}
	case "integer":
		n, ok := v.(float64)
		if low, has := schema["minimum"].(float64); !ok || n != float64(int64(n)) || has && n < low {
			bad = append(bad, fmt.Sprintf("%s: %v", where, v))
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			bad = append(bad, fmt.Sprintf("%s: %v", where, v))
		}
	default:
		bad = append(bad, where+": the document does not say what it is")
	}
	return bad
}
