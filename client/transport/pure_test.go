package transport

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"balise/client"
)

func TestClassifyStatus(t *testing.T) {
	js := http.Header{"Content-Type": {"application/json"}}
	html := http.Header{"Content-Type": {"text/html"}}
	for _, tc := range []struct {
		status      int
		header      http.Header
		body        string
		read, write string
	}{
		{200, js, "{}", "ok", "ok"},
		{201, js, "", "ok", "ok"},
		{200, js, "\n <!DOCTYPE HTML><html>", "not-a-desk", "unknown-outcome not-a-desk"},
		{304, js, "", "not-modified", "not-modified"},
		{302, html, "", "not-a-desk", "unknown-outcome not-a-desk"},
		{400, js, `{"message":"Fil\u202e inconnu"}`, "invalid:Fil inconnu", "invalid:Fil inconnu"},
		{400, js, `["Un","Deux"]`, "invalid:Un; Deux", "invalid:Un; Deux"},
		{409, js, `{"error":"twice"}`, "invalid:twice", "invalid:twice"},
		{412, js, `{"errors":["Stale",3]}`, "invalid:Stale", "invalid:Stale"},
		{422, http.Header{}, "  no\r\n way ", "invalid:no way", "invalid:no way"},
		{401, html, "<html>", "unauthorized", "unauthorized"},
		{403, js, "", "forbidden", "forbidden"},
		{404, js, "", "not-found", "not-found"},
		{404, html, "<html>", "not-a-desk", "not-a-desk"},
		{400, html, "<html>", "not-a-desk", "not-a-desk"},
		{410, js, "", "not-found", "not-found"},
		{413, html, "<html>", "too-large", "too-large"},
		{408, js, "", "unavailable", "unknown-outcome"},
		{500, js, "", "unavailable", "unknown-outcome"},
		{504, html, "<html>", "unavailable", "unknown-outcome"},
		{429, js, "", "throttled:0s", "throttled:0s"},
		{429, http.Header{"Retry-After": {"86400000"}}, "", "throttled:1h0m0s", "throttled:1h0m0s"},
		{429, http.Header{"Retry-After": {"-5"}}, "", "throttled:0s", "throttled:0s"},
		{429, http.Header{"Retry-After": {"soon"}}, "", "throttled:0s", "throttled:0s"},
	} {
		for _, write := range []bool{false, true} {
			want := tc.read
			if write {
				want = tc.write
			}
			err := Classify(Outcome{
				Write: write, Sent: true, Status: tc.status, Header: tc.header, Body: []byte(tc.body),
			})
			if got := kinds(err); got != want {
				t.Errorf("%d %v write=%v: %s, want %s", tc.status, tc.header, write, got, want)
			}
			var st *StatusError
			if err != nil && tc.status != 304 && (!errors.As(err, &st) || st.Status != tc.status) {
				t.Errorf("%d: the status is not in %v", tc.status, err)
			}
		}
	}
}

func TestRefusalWithACutBodyIsARefusal(t *testing.T) {
	for status, want := range map[int]string{
		422: "invalid:", 403: "forbidden", 409: "unknown-outcome", 201: "unknown-outcome", 500: "unknown-outcome",
	} {
		err := Classify(Outcome{Write: true, Sent: true, Status: status, Err: io.ErrUnexpectedEOF})
		if got := kinds(err); got != want {
			t.Errorf("%d: %s, want %s", status, got, want)
		}
	}
}

func TestRetryAfterTrustsTheDesksClock(t *testing.T) {
	h := http.Header{
		"Date":        {"Sun, 01 Jan 2006 10:00:00 GMT"},
		"Retry-After": {"Sun, 01 Jan 2006 10:00:42 GMT"},
	}
	if got := retryAfter(h); got != 42*time.Second {
		t.Errorf("%v, want 42s: our clock is not the desk's", got)
	}
}

func TestCertificateTimes(t *testing.T) {
	now := time.Now()
	for want, cert := range map[string]*x509.Certificate{
		"expired": {NotBefore: now.Add(-2 * time.Hour), NotAfter: now.Add(-time.Hour)},
		"not_yet": {NotBefore: now.Add(time.Hour), NotAfter: now.Add(2 * time.Hour)},
	} {
		err := x509.CertificateInvalidError{Cert: cert, Reason: x509.Expired}
		if got := tlsReason(err); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestPauses(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want bool
	}{
		{client.ErrUnavailable, true},
		{client.ErrUnreachable, true},
		{&client.ThrottledError{RetryAfter: time.Second}, true},
		{&client.ThrottledError{RetryAfter: time.Minute}, false},
		{&client.ThrottledError{}, false},
		{&client.TLSError{Reason: "expired", Err: io.EOF}, false},
		{client.ErrUnauthorized, false},
		{client.ErrNotADesk, false},
		{client.ErrNotFound, false},
	} {
		if _, got := pauseBefore(tc.err, 0, 0.5); got != tc.want {
			t.Errorf("%v: again %v, want %v", tc.err, got, tc.want)
		}
	}
	low, _ := pauseBefore(client.ErrUnavailable, 0, 0)
	high, _ := pauseBefore(client.ErrUnavailable, 1, 0.99)
	if low < firstPause/2 || high > 3*firstPause || low == high {
		t.Errorf("pauses from %v to %v", low, high)
	}
}

func TestHTMLToText(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"plain &amp; simple", "plain & simple"},
		{"<p>one</p><p>two</p>", "one\n\ntwo"},
		{"a<br>b<br/><br>c", "a\nb\n\nc"},
		{"  a \n b\t<b>c</b>d ", "a b cd"},
		{"<div>a</div><div>b</div>", "a\nb"},
		{"<script>alert(1)</script>x", "x"},
		{"<style>p{}</style><title>t</title>", ""},
		{"<script>if (a<b) {}</script>y", "y"},
		{`<a href="https://x.example/?a=1">here</a>`, "here (https://x.example/?a=1)"},
		{`<a href="https://x.example">https://x.example</a>`, "https://x.example"},
		{`<a href="https://x.example"><img src="cid:1"></a>`, "https://x.example"},
		{`<a href="javascript:alert(1)">click</a>`, "click"},
		{`<a href="mailto:desk@x.example">write</a>`, "write (desk@x.example)"},
		{`<img src=x onerror=alert(1) alt="a screen">`, "[a screen]"},
		{"<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>", "- a\n- b\n  - c"},
		{"<ol><li>a<li>b</ol>after", "1. a\n2. b\nafter"},
		{"<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>", "a b\nc"},
		{"<blockquote>said<br>twice</blockquote>no", "> said\n> twice\n\nno"},
		{"<pre>a\n  b\n</pre>c", "a\n  b\n\nc"},
		{"&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"},
		{"Pouvez-vous <b>redémarrer</b>&nbsp;?", "Pouvez-vous redémarrer\u00a0?"},
		{"invoice\u202etxt.exe \x00\x1b[31m", "invoicetxt.exe [31m"},
		{"unclosed <b>bold <a href=\"https://x.example\">link", "unclosed bold link"},
		{"bad \xff utf-8", "bad \ufffd utf-8"},

		{"👩‍💻 画面 é", "👩‍💻 画面 é"},
	} {
		if got := HTMLToText(tt.in); got != tt.want {
			t.Errorf("%q:\n got %q\nwant %q", tt.in, got, tt.want)
		}
	}
}

func TestSafeName(t *testing.T) {
	long := strings.Repeat("é", 300)
	for in, want := range map[string]string{
		"report.json": "report.json",

		// Wide characters stand apart: formatters do not agree on how wide they are.
		"écran 画面.png": "écran 画面.png",

		"e\u0301cran.png":               "écran.png",
		"../../etc/passwd":              "passwd",
		`C:\Users\x\a.txt`:              "a.txt",
		"/":                             "attachment",
		"":                              "attachment",
		"..":                            "attachment",
		"   ":                           "attachment",
		"\u202egnp.exe":                 "gnp.exe",
		"a\x00b\nc.txt":                 "ab c.txt",
		`a<b>:"|?*.txt`:                 "a_b______.txt",
		"CON":                           "_CON",
		"nul.txt":                       "_nul.txt",
		"COM1.tar.gz":                   "_COM1.tar.gz",
		"lpt³":                          "_lpt³",
		"console.log":                   "console.log",
		"COM10":                         "COM10",
		"com":                           "com",
		".bashrc":                       "bashrc",
		"name. . ":                      "name",
		"bad\xff.txt":                   "bad_.txt",
		long + ".png":                   strings.Repeat("é", 98) + ".png",
		"👩‍💻.txt":                       "👩‍💻.txt",
		"a/..":                          "attachment",
		"x." + strings.Repeat("y", 250): "x." + strings.Repeat("y", 118),
	} {
		if got := SafeName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestDecodeBase64Field(t *testing.T) {
	data := bytes.Repeat([]byte("é\x00\xff"), 50_000)
	var b strings.Builder
	for enc := base64.StdEncoding.EncodeToString(data); len(enc) > 0; {
		n := min(76, len(enc))
		b.WriteString(enc[:n] + "\n")
		enc = enc[n:]
	}
	doc, err := json.Marshal(map[string]any{
		"Aaa":     []any{1, map[string]any{"Content": "decoy", "}": "]\"\\"}},
		"Headers": "x\n\u2028\"", "Content": b.String(),
		"Zzz": nil,
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	n, err := DecodeBase64Field(iotest.OneByteReader(bytes.NewReader(doc)), "Content", &out, int64(len(data)))
	if err != nil || n != int64(len(data)) || !bytes.Equal(out.Bytes(), data) {
		t.Errorf("%d bytes, %v; equal %v", n, err, bytes.Equal(out.Bytes(), data))
	}
	_, err = DecodeBase64Field(bytes.NewReader(doc), "Content", io.Discard, int64(len(data)-1))
	if !errors.Is(err, client.ErrTooLarge) {
		t.Errorf("over the limit: %v", err)
	}
	_, err = DecodeBase64Field(bytes.NewReader(doc[:len(doc)/2]), "Content", io.Discard, 1<<20)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut: %v", err)
	}
	for in, want := range map[string]error{
		``:                       io.ErrUnexpectedEOF,
		`{`:                      io.ErrUnexpectedEOF,
		`{}`:                     client.ErrNotADesk,
		`[]`:                     client.ErrNotADesk,
		`<html>`:                 client.ErrNotADesk,
		`{"Content":5}`:          client.ErrNotADesk,
		`{"a":1}`:                client.ErrNotADesk,
		`{"Content":"!!!!"}`:     client.ErrNotADesk,
		`{"Content":"QQ=="}`:     nil,
		`{"Content":""}`:         nil,
		`{"a":{]},"Content":""}`: client.ErrNotADesk,
		`{"Content":"\q"}`:       client.ErrNotADesk,
		`{"a":"\ud83d\ude00","\u0043ontent":"UQ\u003d\u003d"}`: nil,
		`{"a":` + strings.Repeat("[", 100):                     client.ErrNotADesk,
		`{"` + strings.Repeat("k", 300) + `":1}`:               client.ErrNotADesk,
	} {
		if _, err := DecodeBase64Field(strings.NewReader(in), "Content", io.Discard, 10); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", in, err, want)
		}
	}
}

func FuzzDecodeBase64Field(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"\u00e9"}],"Content":"QUJD\nRA=="}`))
	f.Add([]byte(`{"Content":"\ud800\ud800`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		var out bytes.Buffer
		n, err := DecodeBase64Field(bytes.NewReader(doc), "Content", &out, 64)
		if n > 64 || int(n) != out.Len() {
			t.Fatalf("%d bytes said, %d written", n, out.Len())
		}
		// Where the standard decoder agrees that this is JSON, the result must be the same. It folds case
		// and takes the last of two equal keys, so only the plain case is compared.
		var std map[string]any
		if err != nil || json.Unmarshal(doc, &std) != nil || bytes.Count(doc, []byte("ontent")) != 1 {
			return
		}
		s, ok := std["Content"].(string)
		if !ok {
			return
		}
		want, err := base64.StdEncoding.DecodeString(s)
		if err != nil || !bytes.Equal(want, out.Bytes()) {
			t.Fatalf("%q: got %q, want %q, %v", doc, out.Bytes(), want, err)
		}
	})
}

func FuzzHTMLToText(f *testing.F) {
	f.Add("<p>a<b>c</p><script>x</script><ul><li>y")
	f.Add("<a href='javascript:x'>\u202e<![CDATA[z]]><pre>\n\n")
	f.Fuzz(func(t *testing.T, in string) {
		out := HTMLToText(in)
		if !utf8.ValidString(out) || PlainText(out) != out {
			t.Fatalf("%q gave unsafe text %q", in, out)
		}
		if strings.Contains(out, "\n\n\n\n\n") && !strings.Contains(in, "\n\n") {
			t.Fatalf("%q gave too many empty lines", in)
		}
	})
}

func FuzzSafeName(f *testing.F) {
	for _, s := range []string{"a/b", "CON.", "x\u202ey", "\xff\x00", ". .", "e\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out := SafeName(in)
		switch {
		case out == "", !utf8.ValidString(out), len(out) > maxNameBytes, strings.ContainsAny(out, "/\\<>:\"|?*\x00\n"):
			t.Fatalf("%q gave %q", in, out)
		case strings.HasPrefix(out, "."), strings.TrimRight(out, ". ") != out:
			t.Fatalf("%q gave %q", in, out)
		case SafeName(out) != out:
			t.Fatalf("%q gave %q and then %q", in, out, SafeName(out))
		}
	})
}

// TestAttachmentsAreNotHeld decodes 32 MB in a few kilobytes.
func TestAttachmentsAreNotHeld(t *testing.T) {
	const size = 32 << 20
	r, w := io.Pipe()
	go func() {
		io.WriteString(w, `{"Headers":"x","Content":"`)
		enc := base64.NewEncoder(base64.StdEncoding, w)
		io.Copy(enc, io.LimitReader(zeros{}, size))
		enc.Close()
		io.WriteString(w, `"}`)
		w.Close()
	}()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := DecodeBase64Field(r, "Content", io.Discard, size)
	runtime.ReadMemStats(&after)
	if err != nil || n != size {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes of memory for an attachment of %d", used, size)
	}
}
