package relay

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"balise/client"
)

// Whatever stands in an upload, the answer is a receipt or a problem that is the sender's, and nothing stays
// in the spool folder.
func FuzzCreate(f *testing.F) {
	kind, body := form("ticket", `{"subject":"s","text":"t","fields":{"a":"b"}}`, "a.txt", "abc", `../"é`, "")
	f.Add(string(body))
	f.Add(string(body[:len(body)/2]))
	f.Add(strings.ReplaceAll(string(body), "filename", "name"))
	f.Add("--" + string(boundary(kind)) + "--")
	spool := f.TempDir()
	f.Fuzz(func(t *testing.T, body string) {
		h := Handler(HandlerParams{
			Store: newMemory(), SpoolDir: spool,
			Authenticate: func(context.Context, string) (client.Person, error) { return client.Person{ID: "a"}, nil },
		})
		r := httptest.NewRequest(http.MethodPost, "/v1/tickets", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer x")
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Idempotency-Key", string(client.NewClientRef()))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 || w.Code < 400 && w.Code != http.StatusCreated {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if entries, err := os.ReadDir(spool); err != nil || len(entries) != 0 {
			t.Errorf("spool: %v, %v", entries, err)
		}
	})
}

func FuzzETag(f *testing.F) {
	f.Add(`"1", W/"2"`, `"1"`)
	f.Add(`*`, `W/"1"`)
	f.Fuzz(func(t *testing.T, header, etag string) {
		if sameETag(header, "") {
			t.Error("a ticket without a tag is never the same")
		}
		if tag := `"` + strings.NewReplacer(`"`, "", ",", "", " ", "").Replace(strings.TrimSpace(etag)) + `"`; len(tag) > 2 &&
			!sameETag(`"x", `+tag, tag) {
			t.Errorf("%s is not found", tag)
		}
	})
}
