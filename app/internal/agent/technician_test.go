package agent

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// technician is the other side of the practice desk, through its page.
type technician struct {
	t    *testing.T
	http *http.Client
	base string
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func signInTechnician(t *testing.T, link string) *technician {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	d := &technician{t: t, http: &http.Client{Jar: jar}, base: u.Scheme + "://" + u.Host}
	page := d.get(link)
	if strings.Contains(page, "<form") && !strings.Contains(page, "/sign-out") {
		// The link only shows a button, so that a preview does not use it up.
		action := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(page)
		form := url.Values{}
		for _, m := range regexp.MustCompile(`name="([^"]+)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			form.Set(m[1], m[2])
		}
		to := link
		if len(action) == 2 {
			to = d.base + action[1]
		}
		d.do(http.MethodPost, to, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	}
	return d
}

func (d *technician) get(to string) string { return d.do(http.MethodGet, to, "", nil) }

func (d *technician) do(method, to, kind string, body io.Reader) string {
	d.t.Helper()
	req, err := http.NewRequest(method, to, body)
	if err != nil {
		d.t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
		req.Header.Set("Origin", d.base)
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	resp, err := d.http.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if resp.StatusCode >= 400 {
		d.t.Fatalf("%s %s: %s\n%s", method, to, resp.Status, raw)
	}
	return string(raw)
}

// answer writes to a ticket and sets its status.
func (d *technician) answer(number, text, status string) {
	d.t.Helper()
	page := d.base + "/tickets/" + number
	m := csrfField.FindStringSubmatch(d.get(page))
	if m == nil {
		d.t.Fatal("the ticket's page has no form")
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range [][2]string{{"csrf", m[1]}, {"text", text}, {"kind", "reply"}, {"status", status}} {
		if err := w.WriteField(f[0], f[1]); err != nil {
			d.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		d.t.Fatal(err)
	}
	d.do(http.MethodPost, page+"/answer", w.FormDataContentType(), &b)
}
