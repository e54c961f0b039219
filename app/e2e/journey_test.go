//go:build linux

package e2e

import (
	"image"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"balise/app/e2e/desktop"
)

// TestJourney is the main job as a person lives it: the icon is clicked, the problem typed, the ticket sent, the
// technician answers on the page, the notification is clicked and opens the ticket.
func TestJourney(t *testing.T) {
	d := desktop.Open(t)
	_ = exec.Command("xsetroot", "-solid", "#3a5f7d").Run() // for the pictures only
	seen := d.Notifications()
	p := install(t)
	a := p.start("agent")
	item := d.TrayItem(a.cmd.Process.Pid, 20*time.Second)
	quiet := item.Property("IconPixmap")
	icon := d.FindIcon(20 * time.Second)
	d.Picture("tray icon")

	const problem = "L'imprimante du deuxième étage n'imprime plus : ça clignote, déjà deux fois après un redémarrage."
	d.Click(icon.X, icon.Y)
	window := d.Window("Balise", 30*time.Second)
	d.Still(15 * time.Second)
	d.Type(problem)
	d.Picture("problem typed")
	press(d, window)
	d.Still(15 * time.Second)
	d.Picture("verdict")
	press(d, window)
	d.Still(20 * time.Second)
	d.Picture("review")
	// The picture of the screen, taken at the click, only goes along when the user ticks its box.
	d.ScrollDown()
	box := d.Area(window)
	d.Click(box.Min.X+244, box.Max.Y-218)
	d.Still(20 * time.Second)
	d.Picture("review with the picture of the screen")
	press(d, window)

	var list tickets
	d.Until("the ticket at the desk", 40*time.Second, func() bool {
		list = tickets{}
		p.json(&list, "tickets")
		return len(list.Tickets) == 1
	})
	d.Still(15 * time.Second)
	d.Picture("sent")
	number := list.Tickets[0].Number
	if !strings.Contains(list.Tickets[0].Subject, "imprimante du deuxième étage") {
		t.Errorf("the ticket's subject: %q", list.Tickets[0].Subject)
	}

	_, link, _ := p.run("desk", "url")
	tech := enter(t, link)
	// The desk wraps long lines.
	page := strings.Join(strings.Fields(tech.page("/tickets/"+number)), " ")
	if !strings.Contains(page, "ça clignote, déjà deux fois après un redémarrage") {
		t.Errorf("the technician does not see the user's words:\n%s", page)
	}
	if _, view, _ := p.run("tickets", "show", number); !strings.Contains(view, "screenshot.png") {
		t.Errorf("the picture of the click did not go along:\n%s", view)
	}
	d.CloseWindow(window, "Balise")
	tech.answer(number, "Bonjour, éteignez l'imprimante dix secondes, puis dites-nous si elle repart.")

	d.Until("the notification", 2*time.Minute, func() bool { return len(seen.All()) > 0 })
	d.Still(10 * time.Second)
	d.Picture("notification")
	note := seen.All()[0]
	if !strings.Contains(note.Title, "imprimante") && !strings.Contains(note.Body, "imprimante") {
		t.Errorf("the notification does not name the ticket: %+v", note)
	}
	if !slices.Contains(note.Actions, "default") {
		t.Errorf("the notification cannot be clicked: %+v", note)
	}
	unread(t, p, true)
	if menu, err := item.Menu(); err != nil || menu[1].Label != "Mes demandes (1 nouvelle réponse)" {
		t.Errorf("the menu does not tell the answer: %v %v", menu, err)
	}
	if item.Property("IconPixmap") == quiet || !strings.Contains(item.Property("ToolTip"), "1 nouvelle réponse") {
		t.Errorf("the icon does not tell the answer: %s", item.Property("ToolTip"))
	}
	d.ClickNotification(10 * time.Second)
	d.Window("Balise", 30*time.Second)
	d.Until("the ticket to be shown", 30*time.Second, func() bool {
		list = tickets{}
		p.json(&list, "tickets")
		return len(list.Tickets) == 1 && !list.Tickets[0].Unread
	})
	d.Still(15 * time.Second)
	d.Picture("ticket opened by the notification")
	d.Until("the icon to be quiet again", 10*time.Second, func() bool { return item.Property("IconPixmap") == quiet })
	if n := len(seen.All()); n != 1 {
		t.Errorf("%d notifications for one answer: %+v", n, seen.All())
	}
	a.stop()
}

// unread compares the badge with what it should be.
func unread(t *testing.T, p *program, want bool) {
	t.Helper()
	var list tickets
	p.json(&list, "tickets")
	if len(list.Tickets) != 1 || list.Tickets[0].Unread != want {
		t.Errorf("unread should be %v: %+v", want, list)
	}
}

// press clicks the page's main button, which stands last in the window's foot on every page.
func press(d *desktop.Desktop, window string) {
	foot := d.Area(window).Max.Sub(image.Pt(70, 32))
	d.Click(foot.X, foot.Y)
}
