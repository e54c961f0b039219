package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// mode is how a command answers.
type mode int

const (
	people mode = iota
	document
	events
)

const (
	defaultWidth = 80
	// maxWidth keeps lines readable on a wide terminal.
	maxWidth = 100
)

// output is where a command's words go: answers on stdout, questions, progress and errors on stderr. It
// cleans everything that it prints, so that no command can forget to.
type output struct {
	mode   mode
	stdout io.Writer
	stderr io.Writer
	width  int

	mu  sync.Mutex // events come from the Service's goroutines
	err error      // the first write error: a closed pipe must not pass for success
}

// say prints a paragraph of the answer.
func (o *output) say(s string) { o.item("", "", s) }

// item prints a paragraph whose first line begins with first and whose others begin with next.
func (o *output) item(first, next, s string) {
	if o.mode == people {
		o.write(o.stdout, wrap(clean(s), first, next, o.width))
	}
}

// blank prints an empty line of the answer.
func (o *output) blank() {
	if o.mode == people {
		o.write(o.stdout, "\n")
	}
}

// field prints "Name: value", and nothing at all without a value.
func (o *output) field(name, value string) {
	if cleanLine(value) != "" {
		o.item("", "  ", name+" "+cleanLine(value))
	}
}

// exact prints text unwrapped, each line behind an indent: what leaves is shown as it leaves.
func (o *output) exact(s string) {
	if o.mode != people {
		return
	}
	for line := range strings.Lines(clean(s)) {
		o.write(o.stdout, "    "+strings.TrimRight(line, "\n")+"\n")
	}
}

// note prints a paragraph beside the answer, for the person who watches. Scripts that read stdout do not
// see it.
func (o *output) note(s string) { o.write(o.stderr, wrap(clean(s), "", "", o.width)) }

// document prints the one JSON document, or the last line of the event stream, which holds it.
func (o *output) document(doc any) {
	switch o.mode {
	case document:
		o.json(doc, "  ")
	case events:
		o.json(Event{Schema: schemaEvent, Event: "result", At: time.Now().UTC(), Document: doc}, "")
	}
}

// event prints one line of the event stream.
func (o *output) event(e Event) {
	if o.mode != events {
		return
	}
	e.Schema = schemaEvent
	if e.At.IsZero() {
		e.At = time.Now()
	}
	e.At = e.At.UTC()
	o.json(e, "")
}

func (o *output) json(doc any, indent string) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(doc); err != nil {
		o.fail(fmt.Errorf("write JSON: %w", err))
		return
	}
	o.write(o.stdout, escapeHostile(b.String()))
}

// escapeHostile writes as \u what encoding/json leaves as it is and a terminal obeys. In JSON such runes
// stand in strings only.
func escapeHostile(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && hostile(r) }) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || !hostile(r):
			b.WriteRune(r)
		case r > 0xffff:
			hi, lo := (r-0x10000)>>10+0xd800, (r-0x10000)&0x3ff+0xdc00
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func (o *output) write(w io.Writer, s string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, err := io.WriteString(w, s); err != nil && o.err == nil && w == o.stdout {
		o.err = err
	}
}

func (o *output) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
}

// noteItem is note in the form of item.
func (o *output) noteItem(first, next, s string) {
	o.write(o.stderr, wrap(clean(s), first, next, o.width))
}

// prompt prints a question and leaves the cursor behind it.
func (o *output) prompt(s string) {
	o.write(o.stderr, strings.TrimSuffix(wrap(clean(s), "", "", o.width), "\n")+" ")
}
