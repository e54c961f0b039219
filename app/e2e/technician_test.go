//go:build linux

package e2e

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
	"time"
)

// technician is somebody at the practice desk's page, with nothing but what a browser has.
type technician struct {
	t    testing.TB
	base string
	http *http.Client
}

// enter opens the one-time link.
func enter(t testing.TB, link string) *technician {
	t.Helper()
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	tech := &technician{t: t, base: u.Scheme + "://" + u.Host, http: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
	tech.page(u.RequestURI())
	return tech
}

// page reads a page.
func (x *technician) page(path string) string {
	x.t.Helper()
	res, err := x.http.Get(x.base + path)
	if err != nil {
		x.t.Fatal(err)
	}
	return x.read(res)
}

func (x *technician) read(res *http.Response) string {
	x.t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil || res.StatusCode != http.StatusOK {
		x.t.Fatalf("%s: %s %v\n%.2000s", res.Request.URL, res.Status, err, body)
	}
	return string(body)
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// answer fills the ticket's form in and sends it.
func (x *technician) answer(number, text string) {
	x.t.Helper()
	token := csrfField.FindStringSubmatch(x.page("/tickets/" + number))
	if token == nil {
		x.t.Fatal("the ticket's page has no form")
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range map[string]string{"csrf": token[1], "text": text, "kind": "reply", "status": "pending"} {
		if err := form.WriteField(name, value); err != nil {
			x.t.Fatal(err)
		}
	}
	form.Close()
	req, err := http.NewRequest(http.MethodPost, x.base+"/tickets/"+number+"/answer", &body)
	if err != nil {
		x.t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Origin", x.base)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := x.http.Do(req)
	if err != nil {
		x.t.Fatal(err)
	}
	if page := x.read(res); !strings.Contains(page, text[:20]) {
		x.t.Errorf("the answer is not on the page it was sent from")
	}
}
