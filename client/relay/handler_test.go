package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"balise/client"
)

type served struct {
	*memory
	t     *testing.T
	URL   string
	spool string
}

const goodToken = "good-token"

func serve(t *testing.T) *served {
	t.Helper()
	s := &served{memory: newMemory(), t: t, spool: t.TempDir()}
	srv := httptest.NewServer(Handler(HandlerParams{
		Store: s.memory, SpoolDir: s.spool,
		Authenticate: func(_ context.Context, token string) (client.Person, error) {
			if SameSecret(token, goodToken) {
				return client.Person{ID: "a"}, nil
			}
			return client.Person{}, client.ErrUnauthorized
		},
	}))
	t.Cleanup(srv.Close)
	s.URL = srv.URL
	return s
}

// form is a multipart body: the meta part, then the files in turn name, data.
func form(meta, doc string, files ...string) (kind string, body []byte) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, _ := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="` + meta + `"`}, "Content-Type": {"application/json"},
	})
	_, _ = io.WriteString(part, doc)
	for i := 0; i+1 < len(files); i += 2 {
		part, _ := w.CreateFormFile("file", files[i])
		_, _ = io.WriteString(part, files[i+1])
	}
	w.Close()
	return w.FormDataContentType(), b.Bytes()
}

// do sends a request and reads the answer's document; header is name, value pairs.
func (s *served) do(method, path string, body []byte, header ...string) (*http.Response, map[string]any) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+goodToken)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	var doc map[string]any
	if strings.Contains(resp.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(raw, &doc); err != nil {
			s.t.Fatalf("%s %s: %v: %s", method, path, err, raw)
		}
	}
	return resp, doc
}

func (s *served) create(key client.ClientRef, doc string, files ...string) (*http.Response, map[string]any) {
	s.t.Helper()
	kind, body := form("ticket", doc, files...)
	return s.do(http.MethodPost, "/v1/tickets", body, "Content-Type", kind, "Idempotency-Key", string(key))
}

func (s *served) empty() {
	s.t.Helper()
	entries, err := os.ReadDir(s.spool)
	if err != nil || len(entries) != 0 {
		s.t.Errorf("the spool folder holds %v, %v", entries, err)
	}
}

func TestAnswersAreAsDocumented(t *testing.T) {
	s, d := serve(t), readDocument(t)
	key := client.NewClientRef()
	s.create(key, `{"subject":"s","text":"t"}`, "a.txt", "abc")
	kind, reply := form("reply", `{"text":"r"}`)
	for _, c := range []struct {
		method, path, documented string
		body                     []byte
		header                   []string
		want                     int
	}{
		{"GET", "/v1/me", "/v1/me", nil, nil, 200},
		{"GET", "/v1/tickets?limit=5", "/v1/tickets", nil, nil, 200},
		{"GET", "/v1/tickets/1", "/v1/tickets/{id}", nil, nil, 200},
		{"GET", "/v1/tickets/1", "/v1/tickets/{id}", nil, []string{"If-None-Match", `"0", W/"1"`}, 304},
		{"GET", "/v1/tickets/1/messages", "/v1/tickets/{id}/messages", nil, nil, 200},
		{"GET", "/v1/client-refs/" + string(key), "/v1/client-refs/{client_ref}", nil, nil, 200},
		{"GET", "/v1/notices", "/v1/notices", nil, nil, 200},
		{"PUT", "/v1/tickets/1/rating", "/v1/tickets/{id}/rating", []byte(`{"value":1,"max":5}`), nil, 204},
		{
			"POST", "/v1/tickets/1/messages", "/v1/tickets/{id}/messages", reply,
			[]string{"Content-Type", kind, "Idempotency-Key", string(client.NewClientRef())},
			201,
		},
		{"GET", "/v1/tickets/2", "/v1/tickets/{id}", nil, nil, 404},
	} {
		resp, doc := s.do(c.method, c.path, c.body, c.header...)
		if resp.StatusCode != c.want {
			t.Errorf("%s %s: %s, want %d: %v", c.method, c.path, resp.Status, c.want, doc)
			continue
		}
		answers := d.at("paths", c.documented, strings.ToLower(c.method), "responses")
		described, ok := answers[fmt.Sprint(c.want)].(map[string]any)
		if !ok {
			described, _ = answers["default"].(map[string]any)
		}
		content, _ := d.resolve(described)["content"].(map[string]any)
		for mediaType, entry := range content {
			if got := resp.Header.Get("Content-Type"); got != mediaType {
				t.Errorf("%s %s: content type %q, documented %q", c.method, c.path, got, mediaType)
			}
			schema := entry.(map[string]any)["schema"].(map[string]any)
			for _, bad := range d.check(c.path, schema, doc) {
				t.Error(bad)
			}
		}
		if content == nil && doc != nil {
			t.Errorf("%s %s: an answer that is not documented: %v", c.method, c.path, doc)
		}
	}
}

func TestRefusalsAreProblems(t *testing.T) {
	s := serve(t)
	key := string(client.NewClientRef())
	good := `{"subject":"s","text":"t"}`
	kind, body := form("ticket", good)
	post := func(doc string, files ...string) []byte {
		k, b := form("ticket", doc, files...)
		return bytes.ReplaceAll(b, boundary(k), boundary(kind))
	}
	wrongPart := bytes.Replace(body, []byte(`name="ticket"`), []byte(`name="file"`), 1)
	sent := func(key string) []string { return []string{"Content-Type", kind, "Idempotency-Key", key} }
	for name, c := range map[string]struct {
		method, path string
		body         []byte
		header       []string
		status       int
		code         string
	}{
		"no token":         {"GET", "/v1/me", nil, []string{"Authorization", ""}, 401, codeUnauthorized},
		"wrong token":      {"GET", "/v1/me", nil, []string{"Authorization", "Bearer x"}, 401, codeUnauthorized},
		"basic":            {"GET", "/v1/me", nil, []string{"Authorization", "Basic " + goodToken}, 401, codeUnauthorized},
		"unknown path":     {"GET", "/v1/nothing", nil, nil, 404, codeNotFound},
		"wrong method":     {"DELETE", "/v1/tickets/1", nil, nil, 405, codeMethod},
		"bad since":        {"GET", "/v1/tickets?changed_since=yesterday", nil, nil, 422, codeInvalid},
		"bad limit":        {"GET", "/v1/tickets?limit=1000", nil, nil, 422, codeInvalid},
		"bad flag":         {"GET", "/v1/tickets?include_closed=perhaps", nil, nil, 422, codeInvalid},
		"bad ref":          {"GET", "/v1/client-refs/x", nil, nil, 422, codeInvalid},
		"unknown ref":      {"GET", "/v1/client-refs/" + key, nil, nil, 404, codeNotFound},
		"no key":           {"POST", "/v1/tickets", body, []string{"Content-Type", kind}, 400, codeKeyMissing},
		"bad key":          {"POST", "/v1/tickets", body, sent("x"), 400, codeKeyMissing},
		"not multipart":    {"POST", "/v1/tickets", body, []string{"Idempotency-Key", key}, 422, codeInvalid},
		"empty body":       {"POST", "/v1/tickets", nil, sent(key), 400, codeIncomplete},
		"other first part": {"POST", "/v1/tickets", wrongPart, sent(key), 422, codeInvalid},
		"not JSON":         {"POST", "/v1/tickets", post(`{"subject":`), sent(key), 422, codeInvalid},
		"two documents":    {"POST", "/v1/tickets", post(good + good), sent(key), 422, codeInvalid},
		"no subject":       {"POST", "/v1/tickets", post(`{"subject":" ","text":"t"}`), sent(key), 422, codeInvalid},
		"level 4":          {"POST", "/v1/tickets", post(`{"subject":"s","text":"","level":4}`), sent(key), 422, codeInvalid},
		"long text":        {"POST", "/v1/tickets", post(`{"subject":"s","text":"` + strings.Repeat("x", MaxTextBytes+1) + `"}`), sent(key), 413, codeTextTooLong},
		"many files":       {"POST", "/v1/tickets", post(good, make([]string, 2*(MaxFiles+1))...), sent(key), 413, codeTooLarge},
		"bad rating":       {"PUT", "/v1/tickets/1/rating", []byte(`{"value":6,"max":5}`), nil, 422, codeInvalid},
		"long rating":      {"PUT", "/v1/tickets/1/rating", bytes.Repeat([]byte(" "), maxSmallBody+2), nil, 413, codeTextTooLong},
	} {
		resp, doc := s.do(c.method, c.path, c.body, c.header...)
		if resp.StatusCode != c.status || doc["code"] != c.code || resp.Header.Get("Content-Type") != problemMIME {
			t.Errorf("%s: %s %v, want %d %s", name, resp.Status, doc, c.status, c.code)
		}
		if doc["type"] != "urn:balise:problem:"+c.code || doc["status"] != float64(c.status) || doc["title"] == "" {
			t.Errorf("%s: problem %v", name, doc)
		}
	}
	if len(s.tickets) != 0 {
		t.Errorf("%d tickets were made", len(s.tickets))
	}
	s.empty()
}

func boundary(kind string) []byte {
	_, b, _ := strings.Cut(kind, "boundary=")
	return []byte(b)
}

func TestStoreErrorsBecomeProblems(t *testing.T) {
	s := serve(t)
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{client.ErrFull, 507, codeStorageFull},
		{&client.ThrottledError{RetryAfter: 1500 * time.Millisecond}, 429, codeThrottled},
		{client.ErrForbidden, 403, codeForbidden},
		{client.ErrUnsupported, 501, codeUnsupported},
		{client.ErrUnknownOutcome, 502, codeOutcome},
		{client.ErrUnavailable, 503, codeUnavailable},
		{context.DeadlineExceeded, 502, codeOutcome},
		{ErrTicketClosed, 422, codeTicketClosed},
		{&client.InvalidError{Message: "no"}, 422, codeInvalid},
		{errors.New("SECRET of the inside"), 500, codeInternal},
	} {
		s.memory.fail = fmt.Errorf("wrapped: %w", c.err)
		resp, doc := s.create(client.NewClientRef(), `{"subject":"s","text":"t"}`, "a", "b")
		if resp.StatusCode != c.status || doc["code"] != c.code {
			t.Errorf("%v: %s %v, want %d %s", c.err, resp.Status, doc, c.status, c.code)
		}
		if strings.Contains(fmt.Sprint(doc), "SECRET") {
			t.Errorf("the inside is told: %v", doc)
		}
		if c.code == codeThrottled && resp.Header.Get("Retry-After") != "2" {
			t.Errorf("Retry-After %q, want 2", resp.Header.Get("Retry-After"))
		}
	}
	s.empty()
}

func TestSameKeyWaitsForTheFirst(t *testing.T) {
	s := serve(t)
	s.slow = 300 * time.Millisecond // the Store has no transactions: only the handler's lock can keep order
	key := client.NewClientRef()
	var wg sync.WaitGroup
	var mu sync.Mutex
	made := map[int]int{}
	for range 8 {
		wg.Go(func() {
			resp, doc := s.create(key, `{"subject":"s","text":"t"}`, "a.txt", "abc")
			mu.Lock()
			defer mu.Unlock()
			made[resp.StatusCode]++
			if ticket, _ := doc["ticket"].(map[string]any); ticket["id"] != "1" {
				t.Errorf("answer %v", doc)
			}
		})
	}
	wg.Wait()
	if made[201] != 1 || made[200] != 7 || len(s.tickets) != 1 {
		t.Errorf("answers %v and %d tickets, want one 201, seven 200 and one ticket", made, len(s.tickets))
	}
	// The body cut and spaced in another way is the same content; another text is not.
	if resp, _ := s.create(key, `{ "text" : "t", "subject":"s" }`, "a.txt", "abc"); resp.StatusCode != http.StatusOK {
		t.Errorf("the same content, spaced otherwise: %s", resp.Status)
	}
	if resp, doc := s.create(key, `{"subject":"s","text":"T"}`, "a.txt", "abc"); doc["code"] != codeKeyReused {
		t.Errorf("other content: %s %v", resp.Status, doc)
	}
	s.empty()
}

func TestCutUploadLeavesNothing(t *testing.T) {
	s := serve(t)
	kind, body := form("ticket", `{"subject":"s","text":"t"}`, "a.bin", strings.Repeat("a", 300_000), "b.bin", "b")
	head := func(length int) string {
		return fmt.Sprintf("POST /v1/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nIdempotency-Key: %s\r\n"+
			"Content-Type: %s\r\nContent-Length: %d\r\n\r\n", goodToken, client.NewClientRef(), kind, length)
	}
	for _, at := range []int{0, 1, 100, 200, 1000, 150_000, 300_300, len(body) - 30, len(body) - 2, len(body) - 1} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, head(len(body)))
		_, _ = conn.Write(body[:at])
		conn.Close()
	}
	// Bodies whose end is missing although their length is right.
	for _, at := range []int{100, 150_000, len(body) - 5} {
		resp, doc := s.do("POST", "/v1/tickets", body[:at], "Content-Type", kind, "Idempotency-Key", string(client.NewClientRef()))
		if doc["code"] != codeIncomplete {
			t.Errorf("cut at %d: %s %v", at, resp.Status, doc)
		}
	}
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if entries, _ := os.ReadDir(s.spool); len(entries) == 0 {
			break
		}
	}
	s.empty()
	s.mu.Lock()
	defer s.mu.Unlock()
	// The last byte is a line end that nobody needs: those two bodies were whole.
	if len(s.tickets) > 2 {
		t.Errorf("%d tickets out of cut uploads", len(s.tickets))
	}
}

func TestFileOverTheLimitIsRefusedAfterTheSenderIsDone(t *testing.T) {
	s := serve(t)
	kind, body := form("ticket", `{"subject":"s","text":"t"}`, "big.bin", strings.Repeat("a", MaxFileBytes+1))
	resp, doc := s.do("POST", "/v1/tickets", body, "Content-Type", kind, "Idempotency-Key", string(client.NewClientRef()))
	if resp.StatusCode != http.StatusRequestEntityTooLarge || doc["code"] != codeTooLarge {
		t.Errorf("%s %v", resp.Status, doc)
	}
	s.empty()
}
