package i18n

import (
	"strings"
	"time"

	"balise/diagnostics"
)

// Change is a difference from the last time when all was well, in one sentence. A change whose facts are not
// all known has a plainer one.
func (p *Printer) Change(c diagnostics.Change) string {
	key := "change." + c.Code
	if !p.Has(key + ".text") {
		return c.Code // of a newer Balise
	}
	text := p.T(key + ".text")
	for _, place := range placeholder.FindAllString(text, -1) {
		if _, ok := c.Fact(strings.Trim(place, "{}")); !ok {
			return p.T(key + ".bare")
		}
	}
	return p.fill(text, c.Facts)
}

// ChangeWhen is Change with its moment, where the system knows it.
func (p *Printer) ChangeWhen(c diagnostics.Change, zone *time.Location) string {
	if c.At.IsZero() {
		return p.Change(c)
	}
	at := c.At.In(zone)
	return p.T("change.when", "text", p.Change(c), "day", at.Format(p.T("change.day")), "time", at.Format("15:04"))
}
