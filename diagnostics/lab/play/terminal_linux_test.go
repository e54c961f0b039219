package play

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// The client's questions are known by its own words, and nothing else that it prints is taken for one.
func TestPrompts(t *testing.T) {
	for language, screen := range map[string]struct{ yes, one, many string }{
		"en": {
			"Run this repair? [y/N] ", "Which one? Give its number; an empty line takes the one\nmarked *: ",
			"Which ones? Give their numbers; an empty line takes those marked *: ",
		},
		"fr": {
			"Lancer cette réparation\u00a0? [o/N] ", "ligne vide prend celui marqué\n*\u00a0: ",
			"une ligne vide prend ceux marqués *\u00a0: ",
		},
	} {
		p, err := readPrompts(language)
		if err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]string{screen.yes: "y", screen.one: "", screen.many: ""} {
			if got, asked := p.answer("Before.\r\n" + text); !asked || got != want {
				t.Errorf("%s: %q: %q, %v", language, text, got, asked)
			}
			if _, asked := p.answer(text + "y\r\n"); asked {
				t.Errorf("%s: answered twice: %q", language, text)
			}
			if _, asked := p.answer(strings.TrimSuffix(text, " ")); asked {
				t.Errorf("%s: answered before the cursor waits: %q", language, text)
			}
		}
		for _, text := range []string{
			"", "Repairing… ", "- Thing [a1] ", "Which printer? ", "A list: ", "    - Evolution: 4,1 ko [evolution]\r\n",
		} {
			if got, asked := p.answer(text); asked {
				t.Errorf("%s: %q is answered with %q", language, text, got)
			}
		}
	}
	if _, err := readPrompts("xx"); err == nil {
		t.Error("a language that nobody wrote")
	}
}

func TestNumbers(t *testing.T) {
	screen := "Which?\r\n* 1. Etage [a]\r\n  2. Accueil (in 3. place): 1.5 MB [b]\r\n 12. no\r\n  3. C [c]\r\nGive *: "
	if got := numbers(screen); got != "1 2 3" {
		t.Errorf("%q", got)
	}
	if got := numbers("nothing here"); got != "" {
		t.Errorf("%q", got)
	}
}

// A dialogue over a real terminal: each question gets the scenario's answer, then that of a person who agrees.
func TestFollow(t *testing.T) {
	near, far, err := terminal()
	if err != nil {
		t.Skip("no terminals here: ", err)
	}
	defer near.Close()
	words, err := readPrompts("en")
	if err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	done := make(chan struct{})
	go func() {
		defer close(done)
		follow(near, &seen, words, []string{"y", "all", "n"})
	}()
	in := bufio.NewReader(far)
	for _, c := range []struct{ asks, want string }{
		{"Run this repair? [y/N] ", "y"},
		{"* 1. One [a]\n  2. Two [b]\nWhich ones? marked *: ", "1 2"},
		{"Do this step? [y/N] ", "n"},
		{"Did it help? [y/N] ", "y"},
		{"* 1. One [a]\nWhich one? the one marked *: ", ""},
	} {
		if _, err := io.WriteString(far, "Something happens.\n"+c.asks); err != nil {
			t.Fatal(err)
		}
		if got := answer(t, in, far); got != c.want {
			t.Fatalf("%q: answered %q, want %q", c.asks, got, c.want)
		}
	}
	if _, err := fmt.Fprint(far, "Solved.\n"); err != nil {
		t.Fatal(err)
	}
	far.Close()
	select { // a terminal that nobody holds any more ends the reading, with its last words read
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the reading does not end")
	}
	if !strings.HasSuffix(strings.TrimSpace(seen.String()), "Solved.") {
		t.Errorf("the last words are not on the screen: %q", seen.String())
	}
}

// answer is the next line that was typed.
func answer(t *testing.T, in *bufio.Reader, far *os.File) string {
	t.Helper()
	if err := far.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Log("no deadline: ", err)
	}
	line, err := in.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(line, "\n")
}
