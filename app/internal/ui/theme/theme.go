// Package theme is the look of Balise's window: calm surfaces, one strong colour for the one thing to do,
// and the orange of a beacon for the brand alone. Every pair of text and ground that it offers meets
// WCAG 2.1 AA; a test computes them all.
package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
)

// Colours of our own, beside Fyne's.
const (
	ColorSurface fyne.ThemeColorName = "baliseSurface" // the ground of a card
	ColorMuted   fyne.ThemeColorName = "baliseMuted"   // text that matters less
	ColorBeacon  fyne.ThemeColorName = "baliseBeacon"  // the brand's orange; never behind text
	ColorRail    fyne.ThemeColorName = "baliseRail"    // the ground of the navigation
	ColorRing    fyne.ThemeColorName = "baliseRing"    // the ring round what the keyboard is on

	ColorInfoGround fyne.ThemeColorName = "baliseInfoGround"
	ColorGoodGround fyne.ThemeColorName = "baliseGoodGround"
	ColorWarnGround fyne.ThemeColorName = "baliseWarnGround"
	ColorBadGround  fyne.ThemeColorName = "baliseBadGround"
)

// SizeTitle is the size of a page's title, and SizeLead that of its one sentence.
const (
	SizeTitle fyne.ThemeSizeName = "baliseTitle"
	SizeLead  fyne.ThemeSizeName = "baliseLead"
)

type palette map[fyne.ThemeColorName]color.NRGBA

// Theme is the product's theme. The variant follows the system unless Variant is set.
type Theme struct {
	variant *fyne.ThemeVariant
	base    fyne.Theme
	light   palette
	dark    palette
}

var _ fyne.Theme = (*Theme)(nil)

// New returns the theme that follows the system's light or dark.
func New() *Theme {
	return &Theme{base: fynetheme.DefaultTheme(), light: light(), dark: dark()}
}

// Fixed returns the theme in one variant, whatever the system says.
func Fixed(v fyne.ThemeVariant) *Theme {
	t := New()
	t.variant = &v
	return t
}

// Color implements fyne.Theme.
func (t *Theme) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	if t.variant != nil {
		v = *t.variant
	}
	p := t.light
	if v == fynetheme.VariantDark {
		p = t.dark
	}
	if c, ok := p[name]; ok {
		return c
	}
	return t.base.Color(name, v)
}

// Font implements fyne.Theme.
func (t *Theme) Font(s fyne.TextStyle) fyne.Resource { return t.base.Font(s) }

// Icon implements fyne.Theme.
func (t *Theme) Icon(n fyne.ThemeIconName) fyne.Resource { return t.base.Icon(n) }

// Size implements fyne.Theme.
func (t *Theme) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case SizeTitle:
		return 22
	case SizeLead:
		return 17
	case fynetheme.SizeNameInnerPadding:
		return 6 // Fyne's 8 leaves more air between two sentences than between two cards
	case fynetheme.SizeNameText:
		return 14
	case fynetheme.SizeNameCaptionText:
		return 12
	case fynetheme.SizeNameInputRadius, fynetheme.SizeNameSelectionRadius:
		return 6
	case fynetheme.SizeNameScrollBar:
		return 12
	case fynetheme.SizeNameScrollBarSmall:
		return 6
	}
	return t.base.Size(name)
}

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

func rgba(v uint32, a uint8) color.NRGBA {
	c := rgb(v)
	c.A = a
	return c
}
