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
