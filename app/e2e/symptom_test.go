//go:build linux

package e2e

import (
	"html"
	"image"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"balise/app/e2e/desktop"
	"balise/app/internal/ipc/api"
)

// openDescribe opens the window from the tray icon.
func openDescribe(d *desktop.Desktop) (window string) {
	icon := d.FindIcon(20 * time.Second)
	d.Click(icon.X, icon.Y)
	window = d.Window("Balise", 30*time.Second)
	d.Still(15 * time.Second)
	return window
}

// rail clicks on an entry of the list of pages, counted from zero.
func rail(d *desktop.Desktop, window string, n int) {
	const first, apart = 63, 35
	at := d.Area(window).Min.Add(image.Pt(95, first+n*apart))
	d.Click(at.X, at.Y)
}

// atTheDesk waits for a number of tickets, and reads the newest as the technician sees it.
func atTheDesk(p *program, d *desktop.Desktop, count int) (number, page string) {
	p.t.Helper()
	var list tickets
	d.Until("the ticket at the desk", 40*time.Second, func() bool {
		list = tickets{}
		p.json(&list, "tickets")
		return len(list.Tickets) == count
	})
	for _, one := range list.Tickets {
		number = max(number, one.Number)
	}
	_, link, _ := p.run("desk", "url")
	page = html.UnescapeString(enter(p.t, link).page("/tickets/" + number))
	return number, strings.Join(strings.Fields(strings.ReplaceAll(page, "\u00a0", " ")), " ")
}

// has wants words in a text.
func has(t *testing.T, what, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s does not say %q:\n%s", what, w, text)
		}
	}
}

// TestWordsToTicket: a sentence with mistakes finds its symptom, whose questions are asked; symptom, answers and the
// line for the technician stand in the ticket. Then a request is made by form.
func TestWordsToTicket(t *testing.T) {
	d := desktop.Open(t)
	p := install(t)
	p.start("agent")
	window := openDescribe(d)
	d.Type("mon imprimmante imprime plus rien")
	d.Press(window, desktop.Secondary, 15*time.Second)
	d.Still(15 * time.Second)
	d.Picture("symptom chosen")
	press(d, window)
	d.Still(20 * time.Second)
	d.Picture("verdict with a question")
	var load struct {
		Results []struct {
			Status string `json:"status"`
		} `json:"results"`
	}
	asked := d.Buttons(window, desktop.Secondary)
	if len(asked) > 0 {
		d.Click(asked[0].X, asked[0].Y)
		d.Still(15 * time.Second)
		d.Picture("question answered")
	} else if p.json(&load, "check", "perf.cpu"); len(load.Results) == 1 && load.Results[0].Status == "pass" {
		t.Error("nothing is asked about the symptom")
	} else {
		t.Log("this computer is busy: with that for a sure cause nothing is asked")
	}
	press(d, window)
	d.Still(20 * time.Second)
	d.Picture("review with the symptom")
	press(d, window)
	_, page := atTheDesk(p, d, 1)
	has(t, "the ticket", page, "mon imprimmante imprime plus rien", "Rien ne sort de l’imprimante",
		"Pour le technicien : ")
	if len(asked) > 0 {
		has(t, "the ticket", page, "un message ou un voyant rouge ? » Réponse de l’utilisateur : Oui")
	}

	rail(d, window, 1)
	d.Still(15 * time.Second)
	d.Picture("what can be asked for")
	d.Press(window, desktop.Secondary, 15*time.Second) // the first form: a program
	d.Still(15 * time.Second)
	d.Type("Inkscape")
	d.Keys("Tab")
	d.Type("Dessiner les plans du rez-de-chaussée")
	d.Keys("Tab")
	d.Type("3")
	d.Picture("form filled in")
	press(d, window)
	d.Still(20 * time.Second)
	d.Picture("review of a request")
	press(d, window)
	_, page = atTheDesk(p, d, 2)
	has(t, "the request", page, "Demander un programme", "Inkscape", "Dessiner les plans du rez-de-chaussée")
}

// administered is a computer whose administrator put files into /etc: seen by this program and its children only.
func (p *program) administered(etc string) {
	p.wrap = []string{
		"unshare", "--mount", "sh", "-c",
		`mount -t overlay overlay -o "lowerdir=$0:/etc" /etc && exec "$@"`, etc,
	}
}

// TestPackInTheWindow: the guide's example pack, put where an administrator puts it, is in the window and in the
// ticket: its words, its self-test, its cause, its repair and its form. A pack that anybody can write is refused aloud.
func TestPackInTheWindow(t *testing.T) {
	d := desktop.Open(t)
	if os.Geteuid() != 0 {
		t.Skip("needs a folder of the administrator's own: run as root (packaging/test does)")
	}
	planning := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer planning.Close()
	caches := t.TempDir()
	cache := filepath.Join(caches, "acme-planning", "cache")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(cache, "horaires"), []byte("vieux"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := tree(t, filepath.Dir(cache))
	etc := packFolder(t, planning.URL+"/health")
	p := install(t, "XDG_CACHE_HOME="+caches)
	p.administered(etc)
	p.start("agent")
	window := openDescribe(d)
	d.Type("le planing rame depuis ce matin")
	d.Press(window, desktop.Secondary, 15*time.Second)
	d.Until("the refusal to be said", 10*time.Second, func() bool {
		return slices.Contains(p.warnings(), api.CodePackRefused)
	})
	d.Still(20 * time.Second)
	d.Picture("a pack's symptom and a refused pack")
	_, shown, _ := p.run("pack", "show")
	has(t, "balise pack show", shown, "acme.planning", "/etc/balise/packs.d/ouvert",
		"Quelqu’un d’autre que l’administrateur")
	press(d, window)
	d.Still(20 * time.Second)
	d.Picture("a pack's cause")
	press(d, window)
	d.Button(window, desktop.Primary, 15*time.Second)
	d.Picture("a pack's repair")
	// Each of its steps is said yes to. The test runs as root, for whom Balise closes no program: the repair says that
	// an administrator is needed, and changes nothing.
	d.Until("the repair to end", 40*time.Second, func() bool {
		list := attempts(p)
		if len(list) == 1 && list[0].State != "running" && list[0].State != "verifying" && list[0].State != "needs_user" {
			return true
		}
		if yes := d.Buttons(window, desktop.Primary); len(yes) > 0 {
			d.Click(yes[0].X, yes[0].Y)
		}
		return false
	})
	if list := attempts(p); list[0].ID != "acme.planning_cache" || list[0].State != "needs_admin" {
		t.Errorf("history: %+v", list)
	}
	if now := tree(t, filepath.Dir(cache)); now != before {
		t.Errorf("before:\n%s\nnow:\n%s", before, now)
	}
	d.Still(15 * time.Second)
	d.Picture("a pack's repair ended")
	press(d, window)
	d.Still(20 * time.Second)
	d.Picture("review with a pack")
	press(d, window)
	_, page := atTheDesk(p, d, 1)
	has(t, "the ticket", page, "le planing rame depuis ce matin", "Le service de planning est en panne",
		"Je ne vois pas mes horaires ou ne peux pas les modifier", "figés le vendredi à midi",
		"Repartir de zéro avec le logiciel de planning")

	rail(d, window, 1)
	d.Still(15 * time.Second)
	d.Picture("forms with a pack's")
	forms := d.Buttons(window, desktop.Secondary)
	if len(forms) == 0 {
		t.Fatal("no form is offered")
	}
	var all struct {
		Forms []api.Form `json:"forms"`
	}
	p.json(&all, "request")
	if !slices.ContainsFunc(all.Forms, func(f api.Form) bool { return f.ID == "acme.planning_access" }) {
		t.Errorf("the pack's form is not offered: %+v", all.Forms)
	}
}

// packFolder is an /etc with the example pack, asking another address, and with a copy that anybody can write.
func packFolder(t *testing.T, address string) (etc string) {
	t.Helper()
	raw, err := os.ReadFile("../../packaging/packs/example/planning/pack.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(raw), "https://planning.acme.example/health", address, 1)
	if text == string(raw) {
		t.Fatal("the example asks another address than this test knows")
	}
	etc = t.TempDir()
	for name, mode := range map[string]os.FileMode{"planning": 0o644, "ouvert": 0o666} {
		dir := filepath.Join(etc, "balise/packs.d", name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "pack.yaml")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
	}
	return etc
}
