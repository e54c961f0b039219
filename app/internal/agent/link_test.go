package agent

import (
	"context"
	"testing"

	"balise/app/internal/ipc/api"
)

// A balise: link can name a symptom. It brings up the describe page on that symptom: nothing is tested, repaired
// or sent, and a symptom that nobody knows is no reason to show no page.
func TestLinkOnASymptom(t *testing.T) {
	p, b := params(t, "")
	var page, incident string
	p.Window = func(_ context.Context, to, inc string) error {
		page, incident = to, inc
		return nil
	}
	start(t, p, b)
	known, err := b.Symptoms(t.Context(), "")
	if err != nil || len(known) == 0 {
		t.Fatalf("%v %v", known, err)
	}
	if err := b.Show(t.Context(), "describe/"+known[0].ID); err != nil {
		t.Fatal(err)
	}
	i, err := b.Incident(t.Context(), incident)
	if err != nil || page != "describe" || i.Symptom == nil || i.Symptom.ID != known[0].ID {
		t.Fatalf("page %q, %+v, %v", page, i, err)
	}
	if len(i.Results)+len(i.Attempts) > 0 || i.Diagnosis != nil || i.HasScreenshot {
		t.Errorf("the link did something: %+v", i)
	}
	incident = "?"
	if err := b.Show(t.Context(), "describe/nobody.knows"); err != nil || page != "describe" || incident != "" {
		t.Errorf("page %q, incident %q, %v", page, incident, err)
	}
	for _, bad := range []string{"describe/", "describe/../check", "describe/a b", "describe?run=x", "repair/disk.clean_user"} {
		if err := b.Show(t.Context(), bad); api.CodeOf(err) != api.CodeUsage {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
