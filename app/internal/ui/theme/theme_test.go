package theme

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
)

// Text needs 4.5 to 1, the edge of an input or a focus ring 3 to 1 (WCAG 2.1, 1.4.3 and 1.4.11).
const (
	textRatio = 4.5
	edgeRatio = 3.0
)

func TestContrastMeetsAA(t *testing.T) {
	grounds := []fyne.ThemeColorName{
		fynetheme.ColorNameBackground, ColorSurface, ColorRail, ColorInfoGround, ColorGoodGround,
		ColorWarnGround, ColorBadGround, fynetheme.ColorNameOverlayBackground, fynetheme.ColorNameSelection,
	}
	texts := []fyne.ThemeColorName{fynetheme.ColorNameForeground, ColorMuted}
	type pair struct {
		front, back fyne.ThemeColorName
		want        float64
	}
	var pairs []pair
	for _, g := range grounds {
		for _, f := range texts {
			pairs = append(pairs, pair{f, g, textRatio})
		}
		pairs = append(pairs, pair{ColorRing, g, edgeRatio})
	}
	pairs = append(pairs,
		pair{fynetheme.ColorNameForegroundOnPrimary, fynetheme.ColorNamePrimary, textRatio},
		pair{fynetheme.ColorNameForegroundOnError, fynetheme.ColorNameError, textRatio},
		pair{fynetheme.ColorNameForegroundOnSuccess, fynetheme.ColorNameSuccess, textRatio},
		pair{fynetheme.ColorNameForegroundOnWarning, fynetheme.ColorNameWarning, textRatio},
		pair{fynetheme.ColorNameForeground, fynetheme.ColorNameButton, textRatio},
		pair{fynetheme.ColorNameForeground, fynetheme.ColorNameInputBackground, textRatio},
		pair{fynetheme.ColorNamePlaceHolder, fynetheme.ColorNameInputBackground, textRatio},
		pair{fynetheme.ColorNameHyperlink, ColorSurface, textRatio},
		pair{fynetheme.ColorNameInputBorder, fynetheme.ColorNameInputBackground, edgeRatio},
		pair{fynetheme.ColorNameInputBorder, fynetheme.ColorNameBackground, edgeRatio},
		pair{fynetheme.ColorNameDisabled, fynetheme.ColorNameDisabledButton, 3},
		pair{fynetheme.ColorNameSuccess, ColorSurface, textRatio},
		pair{fynetheme.ColorNameWarning, ColorSurface, textRatio},
		pair{fynetheme.ColorNameError, ColorSurface, textRatio},
		pair{fynetheme.ColorNameSuccess, ColorGoodGround, edgeRatio},
		pair{fynetheme.ColorNameWarning, ColorWarnGround, edgeRatio},
		pair{fynetheme.ColorNameError, ColorBadGround, edgeRatio},
		pair{fynetheme.ColorNamePrimary, ColorInfoGround, edgeRatio},
	)
	th := New()
	for _, v := range []fyne.ThemeVariant{fynetheme.VariantLight, fynetheme.VariantDark} {
		for _, p := range pairs {
			got := contrast(th.Color(p.front, v), th.Color(p.back, v))
			if got < p.want {
				t.Errorf("variant %d: %s on %s is %.2f to 1, want %.1f", v, p.front, p.back, got, p.want)
			}
		}
	}
}

func TestContrastKnowsItsFormula(t *testing.T) {
	if got := contrast(color.Black, color.White); math.Abs(got-21) > 0.01 {
		t.Errorf("black on white is %.2f to 1, want 21", got)
	}
}

func TestBothVariantsNameTheSameColours(t *testing.T) {
	l, d := light(), dark()
	for name := range l {
		if _, ok := d[name]; !ok {
			t.Errorf("dark has no %s", name)
		}
	}
	if len(l) != len(d) {
		t.Errorf("light has %d colours, dark %d", len(l), len(d))
	}
	if Fixed(fynetheme.VariantDark).Color(ColorSurface,
		fynetheme.VariantLight) != color.Color(d[ColorSurface]) {
		t.Error("a fixed theme follows the system")
	}
}

func contrast(a, b color.Color) float64 {
	la, lb := luminance(a), luminance(b)
	if la < lb {
		la, lb = lb, la
	}
	return (la + 0.05) / (lb + 0.05)
}

func luminance(c color.Color) float64 {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	lin := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(n.R) + 0.7152*lin(n.G) + 0.0722*lin(n.B)
}
