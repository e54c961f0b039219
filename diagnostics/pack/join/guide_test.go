package join

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"balise/diagnostics/pack"
	"balise/diagnostics/pack/probes"
	"balise/diagnostics/pack/verb"
)

var update = flag.Bool("update", false, "write the tables of the guide from the code")

const guide = "../../../packaging/packs/README.md"

func withOf(args []pack.Arg) string {
	var list []string
	for _, a := range args {
		name := "`" + a.Name + "`"
		if a.Required {
			name = "**" + name + "**"
		}
		if len(a.Among) > 0 {
			name += " (" + strings.Join(a.Among, ", ") + ")"
		} else {
			name += " " + string(a.Type)
		}
		list = append(list, name)
	}
	if len(list) == 0 {
		return "–"
	}
	return strings.Join(list, ", ")
}

func only(systems []string) string {
	if len(systems) == 0 {
		return ""
	}
	return " (" + strings.Join(systems, ", ") + " only)"
}

func tables() (probeRows, verbRows []string) {
	for _, p := range probes.Vocabulary() {
		var facts []string
		for key, kind := range p.Facts {
			facts = append(facts, "`"+key+"` "+string(kind))
		}
		slices.Sort(facts)
		probeRows = append(probeRows, "| `"+p.Name+"`"+only(p.OS)+" | "+withOf(p.Args)+" | "+strings.Join(facts, ", ")+" |")
	}
	for _, v := range verb.Vocabulary() {
		undo := map[string]string{"none": "changes nothing that could be put back", "undo": "yes", "no_undo": "no"}[v.Risk]
		verbRows = append(verbRows, "| `"+v.Name+"`"+only(v.OS)+" | "+withOf(v.Args)+" | "+undo+" |")
	}
	return probeRows, verbRows
}

// The guide names what there is, and nothing else: an administrator works by it alone.
func TestTheGuidesTables(t *testing.T) {
	raw, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	probeRows, verbRows := tables()
	want := table(t, table(t, text, "| probe |", probeRows), "| verb |", verbRows)
	if *update {
		if err := os.WriteFile(guide, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != text {
		t.Error("the guide's tables are not what the code has: go test ./diagnostics/pack/join -run Guide -update")
	}
}

// table puts rows below a table's head.
func table(t *testing.T, text, head string, rows []string) string {
	t.Helper()
	lines := strings.Split(text, "\n")
	at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, head) })
	if at < 0 {
		t.Fatalf("the guide has no table %q", head)
	}
	end := at + 2
	for end < len(lines) && (strings.HasPrefix(lines[end], "|") || lines[end] == "PROBES" || lines[end] == "VERBS") {
		end++
	}
	return strings.Join(slices.Concat(lines[:at+2], rows, lines[end:]), "\n")
}
