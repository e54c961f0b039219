//go:build linux

package tray

import (
	"bytes"
	"image/png"
	"testing"

	"balise/app/internal/i18n"
	"balise/assets"
)

func TestShapeFollowsWhatMattersMost(t *testing.T) {
	for name, c := range map[string]struct {
		status Status
		want   shape
	}{
		"quiet":                 {Status{}, normal},
		"practice is quiet":     {Status{Practice: true}, normal},
		"waiting":               {Status{Waiting: 2}, waiting},
		"refused is a problem":  {Status{Waiting: 2, Refused: 1}, problem},
		"problem over waiting":  {Status{Waiting: 2, Problem: true}, problem},
		"an answer before both": {Status{Unread: 1, Waiting: 2, Problem: true}, attention},
	} {
		if got := shapeOf(c.status); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestLookInFrench(t *testing.T) {
	texts := i18n.New("fr")
	got := lookOf(Status{Unread: 2, Practice: true}, texts)
	if got.tickets != "Mes demandes (2 nouvelles réponses)" || got.tooltip != "Balise\u00a0: 2 nouvelles réponses" || !got.practice {
		t.Errorf("%+v", got)
	}
	if got := lookOf(Status{Record: true}, texts); !got.record {
		t.Errorf("no moment can be marked: %+v", got)
	}
	if got := lookOf(Status{}, texts); got.record || got.tickets != "Mes demandes" || got.tooltip == "" {
		t.Errorf("%+v", got)
	}
}

// TestPicturesDifferByForm compares the pictures without their colours, at the size of a small panel.
func TestPicturesDifferByForm(t *testing.T) {
	masks := map[shape][]bool{}
	for _, s := range []shape{normal, attention, waiting, problem} {
		raw, err := assets.FS.ReadFile("icons/tray_" + string(s) + ".png")
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if b := img.Bounds(); b.Dx() != 64 || b.Dy() != 64 {
			t.Fatalf("%s: %v", s, b)
		}
		for y := 1; y < 64; y += 3 {
			for x := 1; x < 64; x += 3 {
				r, g, b, a := img.At(x, y).RGBA()
				dark := a > 0x7fff && r+g+b < 0x18000
				masks[s] = append(masks[s], dark)
			}
		}
	}
	for a := range masks {
		for b := range masks {
			if a >= b {
				continue
			}
			differ := 0
			for i := range masks[a] {
				if masks[a][i] != masks[b][i] {
					differ++
				}
			}
			if differ < 20 { // of 441
				t.Errorf("%s and %s differ in %d places only", a, b, differ)
			}
		}
	}
}

func TestSetKeepsOnlyTheNewest(t *testing.T) {
	tr := New(Params{})
	tr.Set(Status{Unread: 1})
	tr.Set(Status{Unread: 2})
	tr.Set(Status{Unread: 2})
	if len(tr.change) != 1 || tr.get().Unread != 2 {
		t.Error(len(tr.change), tr.get())
	}
}

func TestNoBusIsAnError(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	if err := New(Params{}).Run(t.Context()); err == nil {
		t.Error("the tray ran without a session bus")
	}
	if HostPresent(t.Context()) {
		t.Error("a host without a bus")
	}
}
