package incident

import (
	"strings"
	"testing"

	"balise/app/internal/ipc/api"
	"balise/diagnostics/repair"
)

// What the user may not do stands in the ticket for somebody who may, in text, page and data.
func TestTheAdministratorsStepIsInTheTicket(t *testing.T) {
	req := sample(t)
	req.Language = "en"
	req.Attempts = []api.RepairAttempt{{
		ID: "time.resync", Ref: "R1", State: repair.NeedsAdmin, Reason: "worse", Started: req.Now, Finished: req.Now,
		Steps: []repair.StepRecord{
			{Step: "resync", State: "started", At: req.Now}, {Step: "resync", State: "failed", At: req.Now, Error: "not_allowed"},
		},
	}}
	res, files := render(t, req)
	for name, text := range map[string]string{"body": res.Review.Body, "page": files["report.html"]} {
		text = strings.Join(strings.Fields(text), " ")
		if !strings.Contains(text, "An administrator has to do this step") {
			t.Errorf("the %s does not say it:\n%s", name, text)
		}
		if !strings.Contains(text, "Something else got worse") {
			t.Errorf("the %s does not say why:\n%s", name, text)
		}
	}
	if !strings.Contains(files["report.json"], `"admin_step": "resync"`) &&
		!strings.Contains(files["report.json"], `"admin_step":"resync"`) {
		t.Error("report.json does not say it")
	}
}
