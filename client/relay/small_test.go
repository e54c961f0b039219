package relay

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"balise/client"
)

func TestThreadIsCutIntoPages(t *testing.T) {
	var all []client.Message
	for i := range 250 {
		all = append(all, client.Message{ID: fmt.Sprint(i), Text: strings.Repeat("x", i*100)})
	}
	all[7].Text = strings.Repeat("y", MaxShownBytes)
	var got []client.Message
	cursor, pages := "", 0
	for {
		page, next := cutThread(all, cursor)
		size := 0
		for _, m := range page {
			size += len(m.Text)
		}
		if len(page) == 0 || size > pageBytes+MaxShownBytes {
			t.Fatalf("a page of %d messages and %d bytes", len(page), size)
		}
		got = append(got, page...)
		if pages++; next == "" {
			break
		}
		cursor = next
	}
	if len(got) != len(all) || pages < 5 {
		t.Errorf("%d messages on %d pages", len(got), pages)
	}
	for i, m := range got {
		if m.ID != all[i].ID {
			t.Fatalf("message %d is %s", i, m.ID)
		}
	}
	if page, next := cutThread(nil, ""); len(page) != 0 || next != "" {
		t.Error("an empty thread")
	}
}

func TestCleanText(t *testing.T) {
	for in, want := range map[string]string{
		"a\r\nb\rc\nd\te": "a\nb\nc\nd\te", "x\x00\x1b[31my\x7f": "x[31my", "caf\xe9": "caf\ufffd",
		"עברית \u200f 👩‍💻": "עברית \u200f 👩‍💻",
	} {
		if got := CleanText(in); got != want {
			t.Errorf("CleanText(%q) = %q, want %q", in, got, want)
		}
	}
	if got := oneLine(" a\n b "+strings.Repeat("é", 400), 10); got != "a b éééé"+"é…" {
		t.Errorf("oneLine: %q", got)
	}
}

func TestSameSecret(t *testing.T) {
	if !SameSecret("abc", "abc") || SameSecret("abc", "abd") || SameSecret("", "") || SameSecret("abc", "ab") {
		t.Error("SameSecret")
	}
}

func TestKeyLocksAreFreed(t *testing.T) {
	var l keyLocks
	unlock, err := l.lock(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := l.lock(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a held key: %v", err)
	}
	if other, err := l.lock(t.Context(), "other"); err != nil {
		t.Error(err)
	} else {
		other()
	}
	unlock()
	if len(l.held) != 0 {
		t.Errorf("%d keys stay", len(l.held))
	}
}
