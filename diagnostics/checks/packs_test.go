package checks

import (
	"bytes"
	"encoding/json"
	"net"
	"slices"
	"strings"
	"testing"

	"balise/diagnostics"
	"balise/diagnostics/pack/probes"
)

func packCheck(id string, needs ...string) probes.Check {
	return probes.Check{
		ID: id, Probe: "tcp", Needs: needs, TimeoutMS: 1000, Facts: []string{"tcp.open"},
		Outcomes: []probes.Outcome{
			{If: "tcp.open", Status: diagnostics.Pass},
			{If: "true", Status: diagnostics.Fail, Cause: "closed", Severity: diagnostics.Blocks},
		},
	}
}

// What a pack brings must never keep the others from running: ids that are taken, needs that these settings do not
// give, and its own id among them are left out.
func TestPacksBesideTheCore(t *testing.T) {
	list := All(Config{Packs: []probes.Check{
		packCheck("acme.a", "acme.b", "svc.reach.gone", "net.link", "acme.a"), packCheck("acme.b"), packCheck("acme.b"),
		packCheck("net.link"),
	}})
	if _, err := diagnostics.NewRunner(list); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, c := range list {
		count[c.ID]++
		if c.ID == "acme.a" && slices.Contains(c.Needs, "svc.reach.gone") {
			t.Errorf("%q", c.Needs)
		}
	}
	if count["acme.a"] != 1 || count["acme.b"] != 1 || count["net.link"] != 1 {
		t.Errorf("%v", count)
	}
}

func TestWhatIsComplainedOfRunsFirst(t *testing.T) {
	all := All(Config{Packs: []probes.Check{packCheck("acme.a")}})
	list, err := Select(all, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := ahead(all, list, []string{"acme.a", "no.such", "net.quality"})
	at := func(id string) int {
		return slices.IndexFunc(got, func(c diagnostics.Check) bool { return c.ID == id })
	}
	if len(got) < len(list) || at("acme.a") > at("disk.space") || at("net.quality") > at("disk.space") {
		t.Errorf("%d of %d: acme.a is number %d, disk.space %d", len(got), len(list), at("acme.a"), at("disk.space"))
	}
	if _, err := diagnostics.NewRunner(got); err != nil {
		t.Error(err)
	}
	if same := ahead(all, list, []string{"no.such"}); len(same) != len(list) || same[0].ID != list[0].ID {
		t.Error("an id that there is not changed the order")
	}
}

// The whole way through the child: data in, one result out.
func TestAPacksSelfTestInTheChild(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := packCheck("acme.a")
	c.With = map[string]any{"target": l.Addr().String()}
	raw, err := json.Marshal(Request{Config: Config{Packs: []probes.Check{c}}, Only: []string{"acme.a"}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := RunChild(t.Context(), bytes.NewReader(raw), &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"id":"acme.a","status":"pass"`) || !strings.Contains(out.String(), `"tcp.open"`) {
		t.Error(out.String())
	}
}
