package incident

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"balise/app/internal/ipc/api"
	"balise/client"
)

// TestBlackoutIsBurntIn: what was under a rectangle is gone, every other pixel is as it was.
func TestBlackoutIsBurntIn(t *testing.T) {
	boxes := []api.Rect{
		{X: 10, Y: 10, W: 20, H: 5},
		{X: -5, Y: 50, W: 10, H: 100},              // over the edge
		{X: 70, Y: -3, W: 1 << 40, H: 6},           // far over it
		{X: 1 << 62, Y: 1 << 62, W: 1 << 62, H: 1}, // nowhere
		{X: 30, Y: 30, W: 0, H: 9},
		{X: 3, Y: 3, W: -4, H: -4}, // nothing
	}
	inside := func(x, y int) bool {
		return x >= 10 && x < 30 && y >= 10 && y < 15 || x < 5 && y >= 50 || x >= 70 && y < 3
	}
	raw := picture(t, 80, 60)
	var out bytes.Buffer
	if _, err := burn(bytes.NewReader(raw), &out, boxes); err != nil {
		t.Fatal(err)
	}
	before, after := decodePNG(t, raw), decodePNG(t, out.Bytes())
	black := 0
	for y := range 60 {
		for x := range 80 {
			r, g, b, a := after.At(x, y).RGBA()
			if inside(x, y) {
				black++
				if r|g|b != 0 || a != 0xffff {
					t.Fatalf("%d,%d is %v", x, y, after.At(x, y))
				}
				continue
			}
			if color.NRGBAModel.Convert(before.At(x, y)) != color.NRGBAModel.Convert(after.At(x, y)) {
				t.Fatalf("%d,%d changed from %v to %v", x, y, before.At(x, y), after.At(x, y))
			}
		}
	}
	if black != 100+50+30 {
		t.Errorf("%d pixels are black", black)
	}
}

func decodePNG(t *testing.T, raw []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestPaletteAndTransparency: a picture without black in its palette, and one with an alpha channel.
func TestPaletteAndTransparency(t *testing.T) {
	white := image.NewPaletted(image.Rect(0, 0, 8, 8), color.Palette{color.White, color.RGBA{200, 0, 0, 255}})
	clear := image.NewNRGBA(image.Rect(0, 0, 8, 8))
	gray := image.NewGray(image.Rect(0, 0, 8, 8))
	for name, img := range map[string]image.Image{"palette": white, "alpha": clear, "gray": gray} {
		var in, out bytes.Buffer
		if err := png.Encode(&in, img); err != nil {
			t.Fatal(err)
		}
		if _, err := burn(&in, &out, []api.Rect{{X: 2, Y: 2, W: 3, H: 3}}); err != nil {
			t.Fatal(err)
		}
		if got := color.NRGBAModel.Convert(decodePNG(t, out.Bytes()).At(3, 3)); got != (color.NRGBA{0, 0, 0, 255}) {
			t.Errorf("%s: %v under the rectangle", name, got)
		}
	}
}

// TestMetadataIsStripped: text chunks, and bytes behind the picture's end, do not travel.
func TestMetadataIsStripped(t *testing.T) {
	raw := picture(t, 8, 8)
	text := append([]byte("tEXt"), "Author\x00Zoe Martin"...)
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(text)-4))
	chunk = append(chunk, text...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(text))
	raw = slices.Concat(raw[:33], chunk, raw[33:], []byte("hidden tail"))
	var out bytes.Buffer
	if _, err := burn(bytes.NewReader(raw), &out, nil); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(out.Bytes(), []byte("Martin")) || bytes.Contains(out.Bytes(), []byte("hidden")) {
		t.Error("metadata travels")
	}
	for at := 8; at < out.Len(); {
		n := int(binary.BigEndian.Uint32(out.Bytes()[at:]))
		if kind := string(out.Bytes()[at+4 : at+8]); !slices.Contains([]string{"IHDR", "IDAT", "IEND"}, kind) {
			t.Errorf("chunk %s", kind)
		}
		at += 12 + n
	}
}

func TestBrokenPictures(t *testing.T) {
	good := picture(t, 8, 8)
	huge := bytes.Clone(good)
	binary.BigEndian.PutUint32(huge[16:], 1<<20)
	binary.BigEndian.PutUint32(huge[20:], 1<<20)
	for name, raw := range map[string][]byte{
		"empty": nil, "cut": good[:len(good)/2], "text": []byte(strings.Repeat("not a picture ", 10)), "huge": huge,
	} {
		req := sample(t)
		req.OutDir = t.TempDir()
		_, err := build(t.Context(), req, bytes.NewReader(raw), known())
		if api.CodeOf(err) != api.CodeScreenFailed {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(req.OutDir); len(left) != 0 {
			t.Errorf("%s: files remain: %v", name, left)
		}
	}
}

func TestUserFiles(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, raw []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	notes := bytes.Repeat([]byte{0, 1, 2, 255}, 100_000)
	req := sample(t)
	req.Input.Attach = []string{
		put("журнал 日本 é😕.log", []byte("log")), put("zmartin-notes.bin", notes), put("report.html", []byte("mine")),
		put("empty.txt", nil), put("a\u202Egnp.exe", []byte("x")), put(".hidden", []byte("h")),
	}
	res, files := render(t, req)
	var names []string
	for _, f := range res.Files {
		names = append(names, f.Name)
		sum := sha256.Sum256([]byte(files[f.Name]))
		if f.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: wrong hash", f.Name)
		}
	}
	if !slices.Contains(names, "журнал 日本 é😕.log") || !slices.Contains(names, "report (2).html") {
		t.Errorf("names: %q", names)
	}
	for _, n := range names {
		if strings.Contains(n, "zmartin") || strings.ContainsAny(n, "\u202E/\\") || strings.HasPrefix(n, ".") {
			t.Errorf("name %q", n)
		}
	}
	if i := slices.IndexFunc(res.Files, func(f File) bool { return strings.HasSuffix(f.Name, "notes.bin") }); i < 0 ||
		files[res.Files[i].Name] != string(notes) {
		t.Error("the user's file did not pass as it is")
	}
	if files[nameReportHTML] == "mine" {
		t.Error("a user's file replaced the report")
	}
}

func TestFilesThatCannotGo(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big.bin")
	if err := os.WriteFile(big, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	many := make([]string, maxAttachments+1)
	for i := range many {
		many[i] = big
	}
	for name, c := range map[string]struct {
		attach []string
		code   string
	}{
		"missing": {[]string{filepath.Join(dir, "none.txt")}, api.CodeAttachUnreadable},
		"folder":  {[]string{dir}, api.CodeAttachUnreadable},
		"device":  {[]string{os.DevNull}, api.CodeAttachUnreadable},
		"large":   {[]string{big}, api.CodeAttachTooLarge},
		"many":    {many, api.CodeUsage},
	} {
		req := sample(t)
		req.MaxAttachment, req.Input.Attach, req.OutDir = 1<<20, c.attach, t.TempDir()
		_, err := build(t.Context(), req, nil, known())
		var e *api.Error
		if !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.code != api.CodeUsage && e.Args["file"] == "" {
			t.Errorf("%s: no file is named", name)
		}
		if left, _ := os.ReadDir(req.OutDir); len(left) != 0 {
			t.Errorf("%s: files remain: %v", name, left)
		}
	}
}

// TestChild goes through the pipe, picture and all.
func TestChild(t *testing.T) {
	req := sample(t)
	req.OutDir = t.TempDir()
	shot := picture(t, 80, 60)
	req.ScreenshotBytes = int64(len(shot))
	ask := func(req RenderRequest) RenderResult {
		head, err := json.Marshal(req)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		in := io.MultiReader(bytes.NewReader(head), strings.NewReader("\n"), bytes.NewReader(shot))
		if err := RunChild(t.Context(), in, &out); err != nil {
			t.Fatal(err)
		}
		var res RenderResult
		if err := json.Unmarshal(out.Bytes(), &res); err != nil {
			t.Fatal(err)
		}
		return res
	}
	res := ask(req)
	if res.Error != nil || len(res.Files) != 3 {
		t.Fatalf("%+v", res)
	}
	for i, name := range []string{nameReportHTML, nameReportJSON, nameScreenshot} {
		if res.Files[i].Name != name {
			t.Errorf("file %d is %s", i, res.Files[i].Name)
		}
	}
	req.Input.Attach = []string{"/no/such/file"}
	if res = ask(req); res.Error == nil || res.Error.Code != api.CodeAttachUnreadable || res.Review.Body != "" {
		t.Errorf("%+v", res)
	}
	if err := RunChild(t.Context(), strings.NewReader("nonsense\n"), io.Discard); err == nil {
		t.Error("nonsense is accepted")
	}
}

func TestDraft(t *testing.T) {
	res, files := render(t, sample(t))
	d := ToDraft(res, "Helpdesk")
	if d.Queue != "Helpdesk" || d.Category != "printing" || d.Level != 1 || d.Priority != 2 || d.Text != res.Review.Body {
		t.Errorf("%+v", d)
	}
	for _, u := range d.Attachments {
		for range 2 { // a repeat reads it again
			r, err := u.Open()
			if err != nil {
				t.Fatal(err)
			}
			raw, err := io.ReadAll(r)
			if r.Close(); err != nil || string(raw) != files[u.Name] || int64(len(raw)) != u.Size {
				t.Errorf("%s: %d bytes, %v", u.Name, len(raw), err)
			}
		}
	}
	if got := []client.Priority{Priority("user", "low"), Priority("site", "high"), Priority("", "high")}; !slices.Equal(got,
		[]client.Priority{1, 5, 0}) {
		t.Errorf("priorities %v", got)
	}
}
