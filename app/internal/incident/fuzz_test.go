package incident

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzWords: whatever the user writes, there is a report, and its subject is one line that shows what it says.
func FuzzWords(f *testing.F) {
	for _, s := range []string{
		"http://intranet:8080\nzoe@exemple.fr", "the bearer\ncertificate1", `http://a"b:c@d`, "cookie\n: a=b", "password=x",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x", "<b>&amp;</b>\t\\n\\", "user=zmartin\\nINV-004217", "authorization\n: x",
		"\u202e\x00\xff", strings.Repeat("é ", 200), "-----BEGIN PRIVATE KEY-----",
	} {
		f.Add(s, s)
	}
	base := sample(f)
	base.Input.Screenshot = false
	base.Results, base.Attempts, base.Snapshot = nil, nil, nil
	k := known()
	f.Fuzz(func(t *testing.T, subject, description string) {
		req := base
		req.Input.Subject, req.Input.Description = subject, description
		res, err := build(t.Context(), req, nil, k)
		if err != nil {
			t.Fatalf("%q, %q: %v", subject, description, err)
		}
		got := res.Review.Subject
		if got == "" || utf8.RuneCountInString(got) > maxSubject || strings.IndexFunc(got, unicode.IsControl) >= 0 {
			t.Errorf("subject %q", got)
		}
		if !strings.HasSuffix(res.Review.Body, "\nRef BA7KQ2MXN5T8W3R6Y9PZ\n") {
			t.Errorf("body %q", res.Review.Body)
		}
	})
}
