package desk

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"balise/client"
)

// screenshot is a picture as a report carries one.
func screenshot(t *testing.T) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 640, 360))
	for y := range 360 {
		for x := range 640 {
			img.Set(x, y, color.RGBA{R: uint8(40 + x/8), G: uint8(90 + y/4), B: 140, A: 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// sampleText reads like a report: the diagnosis, the user's words, what was tried, what was measured.
const sampleText = `DIAGNOSIS: The internet box does not answer (confirmed). Who can act: the Internet provider.
Mail, the intranet and the shared drive cannot work without it.
Category: network · Level 2 · Impact: several users · Urgency: high
- Gateway: 192.168.1.1 does not answer, 3 tries
- Cable: connected, 1 Gbit/s

WHAT THE USER SAYS
Since this morning nothing works: mail, the intranet, the shared drive. I restarted twice.

It worked yesterday evening.

WHAT WAS TRIED
- Free disk space: done at 09:12; the self-test passes afterwards

SELF-TESTS
3 of 18 name a problem.
- Gateway: fails, 192.168.1.1 does not answer (3 tries, 1.5 s)
- System's name resolution: fails, explained by the gateway
- Way out: fails, explained by the gateway
Passed (15): cable, address, room on the disks, memory, processor, clock

THIS COMPUTER
PC-COMPTA-042, asset tag 004217

Withheld by the user: running programs.
Attached: report.html, report.json, screenshot.png

Code: PDSDA-S
Ref BAPDSDAAPWNVXNJ2WEA9`

const reportHTML = `<!doctype html><style>body{background:#efe}</style><h1>Report</h1>
<script>document.title = "OWNED"; fetch("/")</script><img src="x" onerror="document.title='OWNED'">
<form action="/sign-out" method="post"><button>x</button></form>`

func fillDesk(t *testing.T, d *testDesk) client.Ref {
	t.Helper()
	for _, s := range []struct {
		subject, category string
		level             int
		priority          client.Priority
		status            client.Status
	}{
		{"Impossible d'imprimer depuis ce matin", "printing", 1, 2, client.StatusPending},
		{"Need Acrobat on the laptop of the training room", "software", 1, 1, client.StatusNew},
		{"Très lent depuis la mise à jour", "performance", 2, 3, client.StatusOpen},
		{"VPN asks for the password again and again", "access", 2, 3, client.StatusResolved},
		{"<script>alert(1)</script> & \"quotes\" \u202egnp.exe", "x\"><img src=x onerror=alert(1)>", 3, 5, client.StatusNew},
		{"الشبكة لا تعمل منذ الصباح 😀", "network", 1, 2, client.StatusClosed},
	} {
		ref := d.made(client.Draft{
			Subject: s.subject, Text: "Hello,\n" + s.subject, Category: s.category, Level: s.level, Priority: s.priority,
		})
		id, _ := number(ref.ID)
		if err := d.changeStatus(t.Context(), id, "Marc", s.status); err != nil {
			t.Fatal(err)
		}
	}
	return d.made(client.Draft{
		Subject: "No network at all on the third floor", Text: sampleText, Category: "network", Level: 2, Priority: 4,
		Queue: "Support", Fields: map[string]string{"asset_tag": "004217"},
		Attachments: []client.Upload{
			uploadAs("report.html", "text/html", reportHTML), uploadAs("report.json", "application/json", `{"format":"balise-report"}`),
			uploadAs("screenshot.png", "image/png", screenshot(t)),
			uploadAs(`"><script>alert(2)</script>.svg`, "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(3)"/>`),
			uploadAs("fake.png", "image/png", "<html><script>alert(4)</script></html>"),
		},
	})
}

func TestTechnicianInARealBrowser(t *testing.T) {
	c := startChromium(t)
	d := newTestDesk(t)
	ref := fillDesk(t, d)
	a := d.driver("alice-token")
	c.media("light", 1280, 900)

	c.open(d.URL+"/", `document.querySelector(".message h1")`)
	c.picture("signin")
	c.open(d.URL+"/enter?code="+d.site.links.mint(), `document.querySelector("table.queue")`)
	if cookies := c.text(`document.cookie`); cookies != "" {
		t.Errorf("the cookie is readable by scripts: %q", cookies)
	}
	c.picture("queue-light")
	c.media("dark", 1280, 900)
	c.picture("queue-dark")
	c.media("light", 420, 900)
	c.picture("queue-narrow")
	c.media("light", 1280, 900)
	c.complaints() // a browser logs the 401 of the page before the link

	// By keyboard alone: the ticket's link, the answer, send.
	c.text(`document.querySelector("td.subject a").focus()`)
	c.press("Enter", "\r", 13)
	c.wait(`document.querySelector("article.report")`)
	if got := c.text(`document.querySelector(".lead").innerText`); !strings.HasPrefix(got, "DIAGNOSIS: The internet box") {
		t.Errorf("the diagnosis is not on top: %q", got)
	}
	if n := c.text(`document.scripts.length + document.querySelectorAll("[onload],[onerror],[onclick]").length`); n != "0" {
		t.Errorf("%s scripts in the page", n)
	}
	c.wait(`document.querySelector(".pictures img").naturalWidth === 640`)
	c.text(`document.getElementById("text").focus()`)
	c.write("We restart your box from here.\nPlease wait five minutes. <b>é 😀</b>")
	c.text(`document.querySelector("select[name=status] option[value=pending]").parentElement.closest("form.answer").status.value = "pending"`)
	c.text(`document.querySelector("form.answer button.primary").focus()`)
	c.press("Enter", "\r", 13)
	c.wait(`document.querySelector(".alert.good")`)
	tk, err := a.Get(t.Context(), ref.ID, client.Validator{})
	if err != nil || tk.Status != client.StatusPending {
		t.Errorf("after the answer: %s, %v", tk.Status, err)
	}

	if _, err := a.Reply(t.Context(), ref.ID, client.Outgoing{
		ClientRef: client.NewClientRef(), Text: "It works again, thank you!\n<img src=x onerror=alert(5)>",
		Attachments: []client.Upload{uploadAs("après.png", "image/png", screenshot(t))},
	}); err != nil {
		t.Fatal(err)
	}
	c.open(d.URL+"/tickets/"+ref.ID, `document.querySelector(".theirs")`)
	c.text(`document.getElementById("text").value = "Provider incident 4711. Box logs say PPP down since 08:51."`)
	c.text(`document.querySelector("input[value=note]").click()`)
	c.text(`document.querySelector("form.answer button.primary").click()`)
	c.wait(`document.querySelector(".entry.note")`)
	c.text(`document.getElementById("level").value = "3"; document.getElementById("level").form.submit()`)
	c.wait(`document.querySelector(".facts .level").innerText === "L3"`)
	c.text(`document.getElementById("status").value = "resolved"; document.getElementById("status").form.submit()`)
	c.wait(`document.querySelector(".facts .chip.resolved")`)
	if err := a.Rate(t.Context(), ref.ID, client.Rating{Value: 4, Max: 5, Comment: "quick, merci"}); err != nil {
		t.Fatal(err)
	}
	c.open(d.URL+"/tickets/"+ref.ID, `document.querySelector(".stars")`)
	c.picture("ticket-light")
	c.media("dark", 1280, 900)
	c.picture("ticket-dark")
	c.must("Emulation.setEmulatedMedia", map[string]any{"media": "print"}, nil)
	c.picture("ticket-print")
	c.media("light", 420, 900)
	c.picture("ticket-narrow")
	c.media("light", 1280, 900)
	c.must("Network.setExtraHTTPHeaders", map[string]any{"headers": map[string]string{"Accept-Language": "fr"}}, nil)
	c.open(d.URL+"/tickets/"+ref.ID, `document.documentElement.lang === "fr"`)
	c.picture("ticket-french")
	msgs, err := a.Thread(t.Context(), ref.ID)
	if err != nil || strings.Contains(joined(msgs), "4711") || !strings.Contains(joined(msgs), "<b>é 😀</b>") {
		t.Errorf("the requester reads: %v, %q", err, joined(msgs))
	}
	if title := c.text(`document.title`); strings.Contains(title, "OWNED") {
		t.Error("a script of a ticket ran")
	}
	if said := c.complaints(); len(said) != 0 {
		t.Errorf("the console complains: %s", strings.Join(said, "\n"))
	}
}

func joined(msgs []client.Message) string {
	var b strings.Builder
	for _, m := range msgs {
		b.WriteString(m.Text + "\n")
	}
	return b.String()
}

func TestReportIsAStrangerInARealBrowser(t *testing.T) {
	c := startChromium(t)
	d := newTestDesk(t)
	ref := fillDesk(t, d)
	c.open(d.URL+"/enter?code="+d.site.links.mint(), `document.querySelector("table.queue")`)
	_, entries, err := d.ticket(t.Context(), mustNumber(t, ref.ID))
	if err != nil {
		t.Fatal(err)
	}
	page := d.URL + "/tickets/" + ref.ID + "/files/" + entries[0].Files[0].ID + "?show=1"
	c.open(page, `document.querySelector("h1")`)
	if title := c.text(`document.title`); title == "OWNED" {
		t.Error("the report's script ran")
	}
	if origin := c.text(`self.origin`); origin != "null" {
		t.Errorf("the report's page has the origin %s", origin)
	}
	if color := c.text(`getComputedStyle(document.body).backgroundColor`); color != "rgb(238, 255, 238)" {
		t.Errorf("the report lost its own style: %s", color)
	}
	said := strings.Join(c.complaints(), "\n")
	if !strings.Contains(said, "script") {
		t.Errorf("the browser does not say that it refused the script: %s", said)
	}
	c.text(`document.querySelector("button").click()`)
	c.open(d.URL+"/", `document.querySelector("table.queue")`) // still signed in: the form did nothing
}

func TestNoticesInARealBrowser(t *testing.T) {
	c := startChromium(t)
	d := newTestDesk(t)
	c.media("light", 1280, 900)
	c.open(d.URL+"/enter?code="+d.site.links.mint(), `document.querySelector(".empty")`)
	c.picture("empty")
	c.open(d.URL+"/notices", `document.getElementById("title")`)
	c.text(`document.getElementById("title").value = "E-mail is slow"; document.getElementById("body").value = "We work on it."`)
	c.text(`document.querySelector("form.answer button").click()`)
	c.wait(`document.querySelector("li.notice")`)
	c.picture("notices")
	all, err := d.driver("alice-token").Notices(t.Context())
	if err != nil || len(all) != 1 || all[0].Title != "E-mail is slow" || all[0].Text != "We work on it." {
		t.Errorf("notices: %+v, %v", all, err)
	}
	c.text(`document.querySelector("li.notice button").click()`)
	c.wait(`!document.querySelector("li.notice") && document.querySelector(".alert.good")`)
	if all, err := d.driver("alice-token").Notices(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("notices after the removal: %+v, %v", all, err)
	}
}

func mustNumber(t *testing.T, id string) int64 {
	t.Helper()
	n, err := number(id)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
