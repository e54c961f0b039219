package incident

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func request(t *testing.T) RenderRequest {
	t.Helper()
	req := sample(t)
	req.Results, req.Diagnosis, req.Attempts, req.Changes, req.Moment = nil, nil, nil, nil, nil
	req.Input.Subject, req.Input.Description = "", "Needed on Monday."
	req.Request = &Request{
		Form: "acme.new_software", Kind: "software", Title: "A program", Category: "applications", Level: 1, Queue: "Requests",
		Fields: []RequestField{
			{ID: "what", Label: "Which program", Type: "text", Value: "GIMP <b>", Shown: "GIMP <b>"},
			{ID: "why", Label: "What for", Type: "long", Value: "a\nb", Shown: "a\nb"},
			{ID: "size", Label: "Size", Type: "choice", Value: "s", Shown: "Small"},
			{ID: "soon", Label: "Urgent", Type: "yesno", Value: "yes", Shown: "yes"},
		},
	}
	return req
}

func TestARequestIsABlockOfItsOwn(t *testing.T) {
	req := request(t)
	req.OutDir = t.TempDir()
	res, err := build(t.Context(), req, nil, known())
	if err != nil {
		t.Fatal(err)
	}
	r := res.Review
	if r.Subject != "Request: A program: GIMP <b>" || r.Category != "applications" || r.Level != 1 || r.Urgency != "low" {
		t.Errorf("%q %q %d %q", r.Subject, r.Category, r.Level, r.Urgency)
	}
	if d := ToDraft(res, "General"); d.Queue != "Requests" || d.Category != "applications" {
		t.Errorf("%q %q", d.Queue, d.Category)
	}
	for _, want := range []string{"A program\n- Which program: GIMP <b>\n", "- What for:", "  a\n  b\n", "- Size: Small", "- Urgent: yes"} {
		if !strings.Contains(r.Body, want) {
			t.Errorf("the body lacks %q:\n%s", want, r.Body)
		}
	}
	if r.Sections[0].ID != SectionRequest || r.Sections[0].Optional {
		t.Errorf("%+v", r.Sections[0])
	}
	for _, f := range res.Files {
		raw, err := os.ReadFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		switch f.Name {
		case nameReportHTML:
			if !strings.Contains(string(raw), "GIMP &lt;b&gt;") || strings.Contains(string(raw), "GIMP <b>") {
				t.Error("the page does not hold the answers as text")
			}
		case nameReportJSON:
			var doc Report
			if err := json.Unmarshal(raw, &doc); err != nil || doc.Request == nil || len(doc.Request.Fields) != 4 {
				t.Errorf("%+v %v", doc.Request, err)
			}
		}
	}
}

// A secret in an answer does not leave, like anywhere else.
func TestARequestIsRedacted(t *testing.T) {
	req := request(t)
	req.Secrets = []string{"correct-horse-battery"}
	req.Request.Fields[0].Value, req.Request.Fields[0].Shown = "x correct-horse-battery", "x correct-horse-battery"
	res, err := Build(t.Context(), req, nil)
	if err == nil && strings.Contains(res.Review.Body, "correct-horse-battery") {
		t.Fatal("a secret left with an answer")
	}
}

func TestASymptomRoutesWhatNoTestExplains(t *testing.T) {
	req := sample(t)
	req.Diagnosis, req.Input.Category = nil, ""
	req.Symptom = &Symptom{
		ID: "acme.erp_slow", Title: "The ERP is slow", Technician: "Ask for the module.", Category: "applications", Level: 2,
		Queue: "ERP", Urgency: "high",
	}
	res, err := Build(t.Context(), req, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := res.Review
	if r.Category != "applications" || r.Level != 2 || r.Urgency != "high" || ToDraft(res, "General").Queue != "ERP" {
		t.Errorf("%+v %q", r, res.Queue)
	}
	if !strings.Contains(r.Body, "The user complains of: The ERP is slow") || !strings.Contains(r.Body, "Ask for the module.") {
		t.Error(r.Body)
	}
	// A cause of another category knows better.
	other := sample(t)
	other.Symptom = req.Symptom
	res, err = Build(t.Context(), other, nil)
	if err != nil || !problem(other.Diagnosis) {
		t.Fatal(err)
	}
	if res.Queue != "" || res.Review.Category == "applications" {
		t.Errorf("%q %q", res.Queue, res.Review.Category)
	}
}
