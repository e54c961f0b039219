package incident

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"balise/app/internal/ipc/api"
	"balise/diagnostics"
	"balise/diagnostics/redact"
)

// sample is a realistic request: a paused printer, a secret in the words, a repair that needed an administrator.
func sample(t testing.TB) RenderRequest {
	t.Helper()
	raw, err := os.ReadFile("testdata/request.json")
	if err != nil {
		t.Fatal(err)
	}
	var req RenderRequest
	if err := json.Unmarshal(raw, &req); err != nil {
		t.Fatal(err)
	}
	return req
}

// known is what that computer knows of itself.
func known() redact.Known {
	var k redact.Known
	for _, name := range []string{"zmartin", "Zoé Martin", "Martin"} {
		k.AddAs(name, "zmartin", diagnostics.Personal, diagnostics.KindUser)
	}
	k.AddAs("/home/zmartin", "~", diagnostics.Personal, diagnostics.KindPath)
	k.Add("PC-COMPTA-07", diagnostics.Machine, diagnostics.KindHost)
	k.Add("INV-004217", diagnostics.Machine, diagnostics.KindSerial)
	k.Add("4C4C4544004D", diagnostics.Personal, diagnostics.KindSerial)
	k.Domains = []string{"corp.lan"}
	k.Secrets = []string{"tok-5f1c9e77ab"}
	return k
}

// picture is noise, so that no two pixels are the same by chance.
func picture(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	seed := uint32(1)
	for y := range h {
		for x := range w {
			seed = seed*1664525 + 1013904223
			img.SetNRGBA(x, y, color.NRGBA{byte(seed>>24) | 1, byte(seed >> 16), byte(seed >> 8), 255})
		}
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func render(t testing.TB, req RenderRequest) (RenderResult, map[string]string) {
	t.Helper()
	req.OutDir = t.TempDir()
	var shot io.Reader
	if req.Input.Screenshot {
		raw := picture(t, 80, 60)
		req.ScreenshotBytes = int64(len(raw))
		shot = bytes.NewReader(raw)
	}
	res, err := build(t.Context(), req, shot, known())
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range res.Files {
		raw, err := os.ReadFile(f.Path)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(raw)
		if info, err := os.Stat(f.Path); err != nil || info.Mode().Perm() != 0o600 || info.Size() != f.Size {
			t.Errorf("%s: %v, %v", f.Name, info, err)
		}
	}
	return res, files
}

func TestReadTheSample(t *testing.T) {
	for _, lang := range []string{"en", "fr"} {
		req := sample(t)
		req.Language = lang
		res, files := render(t, req)
		if dir := os.Getenv("BALISE_SAMPLE_DIR"); dir != "" {
			for name, raw := range files {
				if err := os.WriteFile(filepath.Join(dir, lang+"-"+name), []byte(raw), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			text := res.Review.Subject + "\n\n" + res.Review.Body
			if err := os.WriteFile(filepath.Join(dir, lang+"-body.txt"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		lines := strings.Split(strings.TrimSpace(res.Review.Body), "\n")
		if !strings.HasPrefix(lines[0], "DIAG") {
			t.Errorf("%s: the first line is %q", lang, lines[0])
		}
		if last := lines[len(lines)-1]; last != "Ref BA7KQ2MXN5T8W3R6Y9PZ" {
			t.Errorf("%s: the last line is %q", lang, last)
		}
	}
}

// TestNothingPrivateLeaves: what the sample's computer knows is in no byte of body, page or document.
func TestNothingPrivateLeaves(t *testing.T) {
	res, files := render(t, sample(t))
	all := strings.ToLower(res.Review.Subject + res.Review.Body + files[nameReportHTML] + files[nameReportJSON])
	for _, private := range []string{
		"zmartin", "martin", "soleil2024", "compta-2e", "srv-fichiers", "corp.lan", "192.168.40", "f4:8e:38:12:34",
		"65:43:21", "fe80::", "0aaeca", // of the key
	} {
		if strings.Contains(all, private) {
			t.Errorf("%q left", private)
		}
	}
	for _, needed := range []string{"pc-compta-07", "inv-004217", "zoe@exemple.fr", "7kq2m-f"} {
		if !strings.Contains(all, needed) {
			t.Errorf("%q is missing", needed)
		}
	}
	if res.Review.Masked["secret"] != 1 || res.Review.Masked["printer"] == 0 {
		t.Errorf("masked: %v", res.Review.Masked)
	}
}

// TestWhatDoesNotApplyIsCounted: thirty names that mean nothing bury the three that do.
func TestWhatDoesNotApplyIsCounted(t *testing.T) {
	req := sample(t)
	req.Language = "en"
	for range 30 {
		req.Results = append(req.Results, diagnostics.Result{ID: "av.camera", Status: diagnostics.NA})
	}
	res, files := render(t, req)
	for _, text := range []string{res.Review.Body, files[nameReportHTML]} {
		if strings.Contains(text, "Camera") || !strings.Contains(text, "self-tests do not apply here") {
			t.Error("thirty names stand where a number says it")
		}
	}
}

// TestSameInputSameBytes: what the review shows is what is sent.
func TestSameInputSameBytes(t *testing.T) {
	a, filesA := render(t, sample(t))
	b, filesB := render(t, sample(t))
	if a.Review.Body != b.Review.Body {
		t.Error("the body differs")
	}
	for name := range filesA {
		if filesA[name] != filesB[name] {
			t.Errorf("%s differs", name)
		}
	}
	req := sample(t)
	raw := picture(t, 80, 60)
	req.ScreenshotBytes = int64(len(raw))
	c, err := build(t.Context(), req, bytes.NewReader(raw), known())
	if err != nil || len(c.Files) != 0 {
		t.Fatalf("%v, %v", c.Files, err)
	}
	for i, f := range c.Review.Files {
		if f != a.Review.Files[i] {
			t.Errorf("%s differs between review and send", f.Name)
		}
	}
}

// TestWithheldIsAbsent: each section that the user unticks is in none of the three, and is named.
func TestWithheldIsAbsent(t *testing.T) {
	marks := map[string][]string{
		SectionDiagnosis: {"is paused", "9f31c02a", "printing", "Printer, sound", "\"route\""},
		SectionChanges:   {"default printer is now", "updates.installed", "since"},
		SectionMoment:    {"signal_dbm", "950", "Noted at"},
		SectionTried:     {"needs an administrator", "needs_admin", "print.resume"},
		SectionChecks:    {"disk.space", "Seen 2 times", "Passed ("},
		SectionMachine:   {"PC-COMPTA-07", "INV-004217"},
		SectionSnapshot:  {"OptiPlex", "i5-12500T", "thunderbird"},
	}
	for section, words := range marks {
		req := sample(t)
		req.Input.Withhold = []string{section}
		res, files := render(t, req)
		all := res.Review.Subject + res.Review.Body + files[nameReportHTML] + files[nameReportJSON]
		for _, w := range words {
			if strings.Contains(all, w) {
				t.Errorf("%s: %q is still there", section, w)
			}
		}
		if !strings.Contains(res.Review.Body, "Withheld by the user: ") {
			t.Errorf("%s: the body does not say so", section)
		}
		if len(res.Withheld) != 1 || res.Withheld[0] != section {
			t.Errorf("%s: manifest says %v", section, res.Withheld)
		}
		for _, s := range res.Review.Sections {
			if s.ID == section && (!s.Withheld || s.Text == "") {
				t.Errorf("%s: the review cannot show what it would be: %+v", section, s)
			}
		}
	}
}

func TestSectionsAreTheBody(t *testing.T) {
	req := sample(t)
	req.Locked = map[string]string{SectionSnapshot: "/etc/balise/policy.yaml"}
	res, _ := render(t, req)
	seen := map[string]bool{}
	for _, s := range res.Review.Sections {
		seen[s.ID] = true
		if s.Title == "" || strings.Contains(s.Title, "report.") {
			t.Errorf("%s has the title %q", s.ID, s.Title)
		}
		if s.Optional == fixed(s.ID) {
			t.Errorf("%s: optional %v", s.ID, s.Optional)
		}
		if !s.Withheld && !strings.Contains(res.Review.Body, s.Text) {
			t.Errorf("%s: the text is not in the body: %q", s.ID, s.Text)
		}
		if s.ID == SectionSnapshot && (!s.Withheld || s.Locked != "/etc/balise/policy.yaml") {
			t.Errorf("locked: %+v", s)
		}
	}
	for _, id := range sectionOrder {
		if seen[id] == (id == SectionRequest) { // this is an incident
			t.Errorf("no section %s", id)
		}
	}
	if !strings.Contains(res.Review.Body, "Withheld by policy: facts about the computer (/etc/balise/policy.yaml)") {
		t.Error("the body does not name the policy")
	}
}

// TestHostileWords: what the user and the system write cannot break the page, the text or the document.
func TestHostileWords(t *testing.T) {
	req := sample(t)
	const evil = `</p><script>alert(1)</script><img src=x onerror=alert(1)> {{.R}} "' & javascript:alert(1)`
	req.Input.Subject = evil + "\r\nBcc: x\u202Etxt.exe\x07"
	req.Input.Description = evil + "\x00\x1b[31m\u2066hidden"
	req.Results[0].Detail = evil
	req.Results[0].Status = diagnostics.Fail
	req.Snapshot.Printers[0].State = evil
	res, files := render(t, req)
	page := files[nameReportHTML]
	for _, bad := range []string{"<script", "<img", "onerror=alert(1)>"} {
		if strings.Contains(page, bad) {
			t.Errorf("%q is in the page", bad)
		}
	}
	for _, remote := range []string{"http://", "https://", "src=", "url(", "@import", "<link", "<iframe"} {
		if strings.Contains(strings.ReplaceAll(page, "src=x", ""), remote) {
			t.Errorf("%q is in the page", remote)
		}
	}
	for name, text := range map[string]string{"subject": res.Review.Subject, "body": res.Review.Body, "page": page} {
		if strings.ContainsAny(text, "\x00\x07\x1b\u202E\u2066\r") {
			t.Errorf("%s holds control characters", name)
		}
	}
	if strings.Contains(res.Review.Subject, "\n") || len([]rune(res.Review.Subject)) > maxSubject {
		t.Errorf("subject %q", res.Review.Subject)
	}
}

func TestSubjectFallsBack(t *testing.T) {
	req := sample(t)
	req.Input.Subject = " \n\u200b "
	res, _ := render(t, req)
	if res.Review.Subject != "Bonjour," {
		t.Errorf("from the words: %q", res.Review.Subject)
	}
	req.Input.Description = ""
	if res, _ = render(t, req); !strings.Contains(res.Review.Subject, "paused") {
		t.Errorf("from the diagnosis: %q", res.Review.Subject)
	}
	req.Diagnosis = nil
	if res, _ = render(t, req); res.Review.Subject != "Computer problem" {
		t.Errorf("from nothing: %q", res.Review.Subject)
	}
}

func TestLongDescription(t *testing.T) {
	req := sample(t)
	line := "Voilà ce qui se passe sur le poste de zmartin, encore et encore. 😕\n"
	req.Input.Description = strings.Repeat(line, (1<<18)/len(line))
	res, files := render(t, req)
	if n := len([]rune(res.Review.Body)); n > maxBodyWords+8000 {
		t.Errorf("the body has %d characters", n)
	}
	whole := files[nameDescription]
	if len(whole) < 1<<18-1000 || strings.Contains(whole, "zmartin") || !strings.Contains(res.Review.Body, nameDescription) {
		t.Errorf("description.txt has %d bytes", len(whole))
	}
	req.Input.Description = strings.Repeat("a", maxDescription+1)
	if _, err := build(t.Context(), req, nil, known()); api.CodeOf(err) != api.CodeTextTooLong {
		t.Errorf("too long: %v", err)
	}
}

// TestALeakBlocks: a defect anywhere before the last look costs the report, not the secret.
func TestALeakBlocks(t *testing.T) {
	req := sample(t)
	req.Version = "0.1 built by zmartin" // goes around redaction
	req.OutDir = t.TempDir()
	_, err := build(t.Context(), req, nil, known())
	if api.CodeOf(err) != api.CodeRedaction {
		t.Fatalf("want a refusal, have %v", err)
	}
	if strings.Contains(err.Error(), "zmartin") {
		t.Errorf("the error itself leaks: %v", err)
	}
	if left, _ := os.ReadDir(req.OutDir); len(left) != 0 {
		t.Errorf("files remain: %v", left)
	}
}
