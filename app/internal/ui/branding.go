package ui

import (
	"bytes"
	"image/color"
	"image/png"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"balise/app/internal/ipc/api"
	"balise/app/internal/ui/widgets"
)

// learnBranding asks whose support this is, and shows it at the foot of the rail.
func (u *UI) learnBranding() {
	ask(u.life, quick, u.p.Service.Branding, func(b api.Branding, err error) {
		if err != nil {
			u.p.Log.Info("the desk's branding", "err", err)
			return
		}
		u.owner = b
		fill(u.shell.owner, u.ownerParts(b)...)
	})
}

// The most that a logo may measure: it is shown no larger than this.
const (
	logoWidth, logoHeight = railWidth - 2*margin, 44
	mostLogoPixels        = 1 << 20
)

func (u *UI) ownerParts(b api.Branding) objects {
	var parts objects
	if c, ok := accent(b.Accent); ok {
		line := canvas.NewRectangle(c)
		line.SetMinSize(fyne.NewSize(0, 3))
		parts.add(line)
	}
	if img := logo(b.Logo); img != nil {
		parts.add(container.NewCenter(img))
	}
	if b.Name != "" {
		parts.add(widgets.Caption(widgets.Line(b.Name)))
	}
	return parts
}

// logo is a picture from a pack; one that is too large to be a logo is left out.
func logo(raw []byte) object {
	head, err := png.DecodeConfig(bytes.NewReader(raw))
	if err != nil || head.Width <= 0 || head.Height <= 0 || head.Width*head.Height > mostLogoPixels {
		return nil
	}
	pixels, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil
	}
	img := canvas.NewImageFromImage(pixels)
	img.FillMode = canvas.ImageFillContain
	img.SetMinSize(fyne.NewSize(logoWidth, logoHeight))
	return img
}

// accent reads #rrggbb.
func accent(s string) (color.Color, bool) {
	if len(s) != len("#rrggbb") || s[0] != '#' {
		return nil, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return nil, false
	}
	return color.NRGBA{R: uint8(n >> 16), G: uint8(n >> 8), B: uint8(n), A: 0xff}, true
}

// contacts are the ways to reach people, for the settings; nothing where no pack names any.
func (u *UI) contacts() objects {
	var out objects
	for _, c := range u.owner.Contacts {
		out.add(widgets.Body(widgets.Line(c.Name)))
		for _, line := range []string{c.Phone, c.Hours, c.Mail} {
			if line != "" {
				out.add(widgets.Muted(widgets.Line(line)))
			}
		}
		if host := hostOf(c.URL); host != "" {
			out.add(row(widgets.NewButton(u.inPage, widgets.Quiet, host, func() { u.openLink(c.URL) })))
		}
	}
	if len(out) > 0 {
		out = append(objects{widgets.Heading(u.tr("settings.contacts"))}, out...)
	}
	return out
}
