package ui

import (
	"net/url"

	"balise/app/internal/ui/widgets"
)

// openLink shows the host of an address and opens it when the user says so; nothing but http and https.
func (u *UI) openLink(address string) {
	host := hostOf(address)
	d := widgets.NewDialog(u.win.Canvas(), nil)
	cancel := widgets.NewButton(d.Host, widgets.Secondary, u.t.T("button.cancel"), d.Cancel)
	if host == "" {
		d.Show(u.tr("link.title"), widgets.Body(u.tr("link.refused")), cancel, cancel)
		return
	}
	failed := widgets.Body("")
	failed.Hide()
	open := widgets.NewButton(d.Host, widgets.Primary, u.tr("link.open"), func() {
		w, err := url.Parse(address)
		if err == nil {
			err = u.p.App.OpenURL(w)
		}
		if err != nil {
			u.p.Log.Warn("open a page", "err", err)
			widgets.SetText(failed, u.tr("link.failed", "url", address))
			failed.Show()
			return
		}
		d.Close()
	})
	d.Show(u.tr("link.title"), stack(widgets.Body(u.tr("link.host", "host", host)), failed), open, cancel,
		open)
}
