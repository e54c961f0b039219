package incident

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"balise/diagnostics"
)

// busy is a bad day: half the self-tests fail, three repairs were tried, the user wrote a page's quarter.
func busy(t *testing.T) RenderRequest {
	req := sample(t)
	for i := range req.Results {
		if i%2 == 0 && req.Results[i].Status == diagnostics.Pass {
			req.Results[i].Status = diagnostics.Fail
			req.Results[i].Cause = diagnostics.Cause(req.Results[i].ID + "/timeout")
			req.Results[i].Facts = slices.Clone(req.Results[len(req.Results)-1].Facts)
		}
	}
	req.Attempts = slices.Concat(req.Attempts, req.Attempts, req.Attempts)
	req.Input.Description = strings.Repeat("Plusieurs phrases décrivent ce qui ne va pas sur ce poste. ", 16)
	return req
}

// TestPrintsOnTwoPages prints with a real browser; packaging/test sets the variable.
func TestPrintsOnTwoPages(t *testing.T) {
	if os.Getenv("BALISE_TEST_CHROMIUM") == "" {
		t.Skip("needs chromium and pdfinfo: BALISE_TEST_CHROMIUM=1, as packaging/test sets")
	}
	for name, make := range map[string]func(*testing.T) RenderRequest{
		"sample": func(t *testing.T) RenderRequest { return sample(t) }, "busy": busy,
	} {
		for _, lang := range []string{"en", "fr"} {
			req := make(t)
			req.Language = lang
			_, files := render(t, req)
			dir := t.TempDir()
			page, pdf := filepath.Join(dir, "report.html"), filepath.Join(dir, "report.pdf")
			if err := os.WriteFile(page, []byte(files[nameReportHTML]), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			out, err := exec.CommandContext(ctx, "chromium", "--headless", "--no-sandbox", "--disable-gpu",
				"--no-pdf-header-footer", "--user-data-dir="+dir, "--print-to-pdf="+pdf, "file://"+page).CombinedOutput()
			cancel()
			if err != nil {
				t.Fatalf("chromium: %v\n%s", err, out)
			}
			info, err := exec.CommandContext(t.Context(), "pdfinfo", pdf).CombinedOutput()
			if err != nil {
				t.Fatalf("pdfinfo: %v\n%s", err, info)
			}
			pages := regexp.MustCompile(`Pages:\s+(\d+)`).FindStringSubmatch(string(info))
			if pages == nil || pages[1] > "2" || !strings.Contains(string(info), "(A4)") {
				t.Errorf("%s in %s:\n%s", name, lang, info)
			}
		}
	}
}
