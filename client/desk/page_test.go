package desk

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"balise/client"
)

func TestLinkWorksOnceAndNotForLong(t *testing.T) {
	d := newTestDesk(t)
	b := d.browser()
	if resp, page := b.get("/"); resp.StatusCode != http.StatusUnauthorized || !strings.Contains(page, "balise desk url") {
		t.Errorf("without a link: %s", resp.Status)
	}
	code := d.site.links.mint()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.URL+"/enter?code="+code, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Purpose", "prefetch;prerender")
	if resp, _ := b.send(req); resp.StatusCode != http.StatusServiceUnavailable || len(resp.Cookies()) != 0 {
		t.Errorf("a browser that looks ahead: %s", resp.Status)
	}
	resp, _ := b.get("/enter?code=" + code)
	if resp.StatusCode != http.StatusOK || len(resp.Cookies()) != 1 {
		t.Fatalf("enter: %s, %v", resp.Status, resp.Cookies())
	}
	c := resp.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Domain != "" || c.MaxAge <= 0 {
		t.Errorf("cookie %+v", c)
	}
	if strings.Contains(c.Value, code) {
		t.Error("the code is the cookie")
	}
	if resp, _ := b.get("/"); resp.StatusCode != http.StatusOK {
		t.Errorf("the queue: %s", resp.Status)
	}
	if resp, _ := d.browser().get("/enter?code=" + code); resp.StatusCode != http.StatusForbidden || len(resp.Cookies()) != 0 {
		t.Errorf("the link again: %s, %v", resp.Status, resp.Cookies())
	}
	late := d.site.links.mint()
	d.site.links.now = func() time.Time { return time.Now().Add(linkLife + time.Second) }
	if resp, _ := d.browser().get("/enter?code=" + late); resp.StatusCode != http.StatusForbidden {
		t.Errorf("an old link: %s", resp.Status)
	}
	for _, bad := range []string{"", "x", strings.Repeat("A", 26)} {
		if resp, _ := d.browser().get("/enter?code=" + bad); resp.StatusCode != http.StatusForbidden {
			t.Errorf("code %q: %s", bad, resp.Status)
		}
	}
}

func TestLinksDoNotPileUp(t *testing.T) {
	d := newTestDesk(t)
	first := d.site.links.mint()
	for range 3 * maxLinks {
		d.site.links.mint()
	}
	if n := len(d.site.links.open); n > maxLinks {
		t.Errorf("%d links wait, at most %d may", n, maxLinks)
	}
	if last := d.site.links.mint(); !d.site.links.use(last) {
		t.Error("the newest link does not work")
	}
	if d.site.links.use(first) {
		t.Error("the oldest link still works")
	}
}

func TestSessionEnds(t *testing.T) {
	d := newTestDesk(t)
	b := d.technician()
	if resp, _ := b.post("/sign-out", url.Values{}, nil); resp.StatusCode != http.StatusOK {
		t.Fatalf("sign out: %s", resp.Status)
	}
	if resp, _ := b.get("/"); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("after signing out: %s", resp.Status)
	}
	b = d.technician()
	d.now = func() time.Time { return time.Now().Add(sessionLife + time.Minute) }
	if resp, _ := b.get("/"); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("after a working day: %s", resp.Status)
	}
}

func TestTechnicianAndClientHaveDifferentDoors(t *testing.T) {
	d := newTestDesk(t)
	ask := func(method, path, bearer string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, d.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+bearer)
		resp, _ := d.browser().send(req)
		return resp.StatusCode
	}
	for _, c := range []struct {
		method, path, bearer string
		want                 int
	}{
		{"POST", "/technician/links", d.key, 201},
		{"POST", "/technician/links", "alice-token", 401},
		{"POST", "/technician/links", "", 401},
		{"GET", "/v1/me", "alice-token", 200},
		{"GET", "/v1/me", d.key, 401},
		{"GET", "/v1/me", "", 401},
		{"GET", "/", "alice-token", 401},
		{"GET", "/", d.key, 401},
	} {
		if got := ask(c.method, c.path, c.bearer); got != c.want {
			t.Errorf("%s %s with %q: %d, want %d", c.method, c.path, c.bearer, got, c.want)
		}
	}
	// A technician's cookie is no key to the requesters' protocol.
	if resp, _ := d.technician().get("/v1/tickets"); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("the protocol with a cookie: %s", resp.Status)
	}
}

func TestEveryFormRefusesStrangers(t *testing.T) {
	d := newTestDesk(t)
	ref := d.made(client.Draft{Subject: "s", Text: "x"})
	if err := d.publish(t.Context(), client.Notice{Title: "n"}); err != nil {
		t.Fatal(err)
	}
	forms := map[string]url.Values{
		"/tickets/" + ref.ID + "/status": {"status": {"closed"}},
		"/tickets/" + ref.ID + "/level":  {"level": {"3"}},
		"/notices":                       {"title": {"from a stranger"}},
		"/notices/1/remove":              {},
		"/name":                          {"name": {"Mallory"}},
		"/sign-out":                      {},
	}
	b := d.technician()
	other := d.technician().csrf()
	attacks := map[string]struct {
		csrf   string
		header map[string]string
	}{
		"no token":             {csrf: "-"},
		"another's token":      {csrf: other},
		"another site":         {header: map[string]string{"Origin": "http://evil.example"}},
		"another port":         {header: map[string]string{"Origin": "http://127.0.0.1:1"}},
		"no origin":            {header: map[string]string{"Origin": ""}},
		"null origin":          {header: map[string]string{"Origin": "null"}},
		"cross-site, says it":  {header: map[string]string{"Sec-Fetch-Site": "cross-site"}},
		"same-site, says it":   {header: map[string]string{"Sec-Fetch-Site": "same-site"}},
		"https of our address": {header: map[string]string{"Origin": strings.Replace(d.URL, "http:", "https:", 1)}},
	}
	for path, form := range forms {
		for name, a := range attacks {
			f := maps.Clone(form)
			if a.csrf != "" {
				f.Set("csrf", strings.Trim(a.csrf, "-"))
			}
			if resp, _ := b.post(path, f, a.header); resp.StatusCode != http.StatusForbidden {
				t.Errorf("%s, %s: %s, want 403", path, name, resp.Status)
			}
		}
		if resp, _ := d.browser().postBlind(path, form); resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s without a session: %s, want 401", path, resp.Status)
		}
	}
	fields := map[string]string{"csrf": "wrong", "text": "from a stranger"}
	if resp, _ := b.answer(ref.ID, fields, map[string]string{"a.txt": "x"}); resp.StatusCode != http.StatusForbidden {
		t.Errorf("answer with a wrong token: %s, want 403", resp.Status)
	}
	w, entries, err := d.ticket(t.Context(), mustNumber(t, ref.ID))
	if err != nil || w.Status != client.StatusNew || w.Level != 1 || len(entries) != 1 {
		t.Errorf("a stranger changed something: %+v, %d entries, %v", w, len(entries), err)
	}
	if n := count(t, d.store, "notices"); n != 1 {
		t.Errorf("%d notices, want 1", n)
	}
	if left := leftovers(t, d.store); len(left) != 0 {
		t.Errorf("a stranger's upload stays: %v", left)
	}
}

func TestFormsWork(t *testing.T) {
	d := newTestDesk(t)
	ref := d.made(client.Draft{Subject: "s", Text: "x"})
	b := d.technician()
	path := "/tickets/" + ref.ID
	for _, f := range []struct {
		path string
		form url.Values
	}{
		{"/name", url.Values{"name": {"  Marie \u202eCurie  "}}},
		{path + "/status", url.Values{"status": {"open"}}},
		{path + "/level", url.Values{"level": {"2"}}},
	} {
		if resp, page := b.post(f.path, f.form, nil); resp.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %s %s", f.path, resp.Status, page)
		}
	}
	resp, _ := b.answer(ref.ID, map[string]string{"text": "Voici\r\nle fichier.", "status": "resolved"},
		map[string]string{"mode d'emploi é.txt": "lisez-moi"})
	if resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("answer: %s", resp.Status)
	}
	a := d.driver("alice-token")
	tk, err := a.Get(t.Context(), ref.ID, client.Validator{})
	if err != nil || tk.Status != client.StatusResolved || tk.Level != 2 {
		t.Errorf("ticket %+v, %v", tk, err)
	}
	msgs, err := a.Thread(t.Context(), ref.ID)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(msgs, func(m client.Message) bool { return strings.HasPrefix(m.Text, "Voici") })
	if i < 0 || msgs[i].Text != "Voici\nle fichier." || msgs[i].From.Name != "Marie Curie" || msgs[i].FromMe {
		t.Fatalf("thread %+v", msgs)
	}
	var got strings.Builder
	if err := a.Download(t.Context(), msgs[i].Attachments[0], &got, 100); err != nil || got.String() != "lisez-moi" {
		t.Errorf("the technician's file: %q, %v", got.String(), err)
	}
}

func TestRefusedAnswerKeepsWhatWasTyped(t *testing.T) {
	d := newTestDesk(t)
	ref := d.made(client.Draft{Subject: "s", Text: "x"})
	b := d.technician()
	resp, page := b.answer(ref.ID, map[string]string{"text": " \n", "kind": "note"}, nil)
	if resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, `role="alert"`) {
		t.Errorf("an empty answer: %s", resp.Status)
	}
	if !regexp.MustCompile(`value="note" checked`).MatchString(page) {
		t.Error("the choice is lost")
	}
	for path, form := range map[string]url.Values{
		"/tickets/" + ref.ID + "/status": {"status": {"burnt"}},
		"/tickets/" + ref.ID + "/level":  {"level": {"4"}},
		"/notices":                       {"title": {" "}, "text": {"TYPED-TEXT"}},
	} {
		if resp, _ := b.post(path, form, nil); resp.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %s, want 422", path, resp.Status)
		}
	}
	for _, path := range []string{"/tickets/999999", "/tickets/x", "/tickets/" + ref.ID + "/files/9", "/nothing"} {
		if resp, page := b.get(path); resp.StatusCode != http.StatusNotFound || !strings.Contains(page, "Not found") {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
}

func TestEveryPageHasItsPolicy(t *testing.T) {
	d := newTestDesk(t)
	ref := fillDesk(t, d)
	b := d.technician()
	want := "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	script := regexp.MustCompile(`(?i)<script|<[^>]*\son[a-z]+=|javascript:|<style|\sstyle=`)
	quoted := regexp.MustCompile(`"[^"]*"`) // what stands inside quotes is text
	for _, path := range []string{
		"/", "/?status=all", "/tickets/" + ref.ID, "/tickets/1005", "/notices", "/nothing", "/enter?code=x",
		"/static/desk.css", "/static/icon.svg",
	} {
		resp, page := b.get(path)
		if got := resp.Header.Get("Content-Security-Policy"); got != want {
			t.Errorf("%s: policy %q", path, got)
		}
		if resp.Header.Get("X-Content-Type-Options") != "nosniff" || resp.Header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: headers %v", path, resp.Header)
		}
		if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
			if found := script.FindString(quoted.ReplaceAllString(page, `""`)); found != "" {
				t.Errorf("%s: %q in the page", path, found)
			}
			if !strings.Contains(page, "practice desk") && !strings.Contains(page, "Practice desk: tickets stay") &&
				!strings.HasPrefix(path, "/enter") {
				t.Errorf("%s does not say that tickets stay here", path)
			}
		}
	}
}

func TestFilesAreShownOnlyAsWhatTheyAre(t *testing.T) {
	d := newTestDesk(t)
	ref := fillDesk(t, d)
	b := d.technician()
	_, entries, err := d.ticket(t.Context(), mustNumber(t, ref.ID))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"report.html": "text/html; charset=utf-8 inline", "report.json": "text/plain; charset=utf-8 inline",
		"screenshot.png": "image/png inline", "fake.png": "application/octet-stream attachment",
		`"><script>alert(2)</script>.svg`: "application/octet-stream attachment",
	}
	for _, f := range entries[0].Files {
		for _, show := range []string{"", "?show=1"} {
			resp, _ := b.get(fmt.Sprintf("/tickets/%s/files/%s%s", ref.ID, f.ID, show))
			how, _, _ := strings.Cut(resp.Header.Get("Content-Disposition"), ";")
			got, expected := resp.Header.Get("Content-Type")+" "+how, want[f.Name]
			if show == "" {
				expected = "application/octet-stream attachment"
			}
			if got != expected {
				t.Errorf("%s%s: %s, want %s", f.Name, show, got, expected)
			}
			if policy := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "sandbox; default-src 'none'") {
				t.Errorf("%s: policy %q", f.Name, policy)
			}
			if strings.ContainsAny(resp.Header.Get("Content-Disposition"), "<>\r\n") {
				t.Errorf("%s: %q", f.Name, resp.Header.Get("Content-Disposition"))
			}
		}
	}
}
