package transport

import (
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxQuote is how deep quotes are marked; replies to replies go on for ever.
const maxQuote = 4

// HTMLToText turns a desk's HTML into plain text that keeps its blocks: paragraphs, lists, quotes and
// tables become lines, a link becomes its words and its address, scripts and styles nothing. The result is
// text to show as text; it is not escaped.
func HTMLToText(src string) string {
	w := &textWriter{}
	z := html.NewTokenizer(strings.NewReader(strings.ToValidUTF8(src, "\ufffd")))
	for {
		switch z.Next() {
		case html.ErrorToken: // the end: a string gives no other error
			return w.String()
		case html.TextToken:
			w.text(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			w.open(z.Token())
		case html.EndTagToken:
			name, _ := z.TagName()
			w.shut(atom.Lookup(name))
		}
	}
}

// textWriter lays out what the tokenizer finds.
type textWriter struct {
	out    strings.Builder
	breaks int  // line ends owed before the next word
	space  bool // a blank owed before the next word
	begun  bool
	atLine bool // at the start of a line

	pre    int
	quote  int
	silent atom.Atom // the element whose content is not text
	href   []string  // of the open links
	linkAt []int     // where their words begin
	lists  []int     // the open lists: -1 is bulleted, else the number of the last item
}

func (w *textWriter) String() string { return strings.TrimSpace(PlainText(w.out.String())) }

func (w *textWriter) open(t html.Token) {
	if w.silent != 0 {
		return
	}
	switch t.DataAtom {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template, atom.Iframe, atom.Object, atom.Svg:
		if t.Type == html.StartTagToken {
			w.silent = t.DataAtom
		}
	case atom.Br:
		w.breaks++
	case atom.Hr:
		w.block(1)
		w.word("---")
		w.block(1)
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.block(2)
	case atom.Pre:
		w.block(2)
		w.pre++
	case atom.Blockquote:
		w.block(2)
		w.quote++
	case atom.Ul:
		w.block(1)
		w.lists = append(w.lists, -1)
	case atom.Ol:
		w.block(1)
		w.lists = append(w.lists, 0)
	case atom.Li:
		w.item()
	case atom.Td, atom.Th:
		w.text("  ")
	case atom.Img:
		if alt := attr(t, "alt"); alt != "" {
			w.text("[" + alt + "]")
		}
	case atom.A:
		w.href = append(w.href, attr(t, "href"))
		w.linkAt = append(w.linkAt, w.out.Len())
	default:
		if isBlock(t.DataAtom) {
			w.block(1)
		}
	}
}

func (w *textWriter) shut(tag atom.Atom) {
	if w.silent != 0 {
		if tag == w.silent {
			w.silent = 0
		}
		return
	}
	switch tag {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		w.block(2)
	case atom.Pre:
		w.pre = max(w.pre-1, 0)
		w.block(2)
	case atom.Blockquote:
		w.quote = max(w.quote-1, 0)
		w.block(2)
	case atom.Ul, atom.Ol:
		if n := len(w.lists); n > 0 {
			w.lists = w.lists[:n-1]
		}
		w.block(1)
	case atom.A:
		w.shutLink()
	default:
		if isBlock(tag) {
			w.block(1)
		}
	}
}

// shutLink shows the address behind the words, unless they are the same: a link that says one thing and
// leads to another is seen for what it is.
func (w *textWriter) shutLink() {
	n := len(w.href)
	if n == 0 {
		return
	}
	href, words := w.href[n-1], strings.TrimSpace(w.out.String()[w.linkAt[n-1]:])
	w.href, w.linkAt = w.href[:n-1], w.linkAt[:n-1]
	u, err := url.Parse(strings.TrimSpace(href))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "mailto" {
		return
	}
	shown := strings.TrimPrefix(u.String(), "mailto:")
	switch {
	case words == shown:
	case words == "":
		w.text(shown)
	default:
		w.text(" (" + shown + ")")
	}
}

func (w *textWriter) item() {
	w.block(1)
	n := len(w.lists)
	if n == 0 {
		w.text("- ")
		return
	}
	indent := strings.Repeat("  ", min(n-1, maxQuote))
	if w.lists[n-1] < 0 {
		w.word(indent + "- ")
		return
	}
	w.lists[n-1]++
	w.word(indent + strconv.Itoa(w.lists[n-1]) + ". ")
}

// block owes at least n line ends.
func (w *textWriter) block(n int) {
	w.breaks = max(w.breaks, n)
	w.space = false
}

func (w *textWriter) text(s string) {
	if w.silent != 0 {
		return
	}
	if w.pre > 0 {
		for i, line := range strings.Split(s, "\n") {
			if i > 0 {
				w.breaks++
			}
			if line != "" {
				w.word(line)
			}
		}
		return
	}
	for i, f := range strings.FieldsFunc(s, isSpace) {
		if i > 0 || isSpace(rune(s[0])) {
			w.space = true
		}
		w.word(f)
	}
	if s != "" && isSpace(rune(s[len(s)-1])) {
		w.space = true
	}
}

// isSpace is what HTML folds; the non-breaking space is not among it.
func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' }

// word writes what is owed, then s as it is.
func (w *textWriter) word(s string) {
	if w.begun {
		for range min(w.breaks, 2) {
			w.out.WriteByte('\n')
			w.atLine = true
		}
	} else {
		w.atLine, w.begun = true, true
	}
	switch {
	case w.atLine:
		w.out.WriteString(strings.Repeat("> ", min(w.quote, maxQuote)))
	case w.space:
		w.out.WriteByte(' ')
	}
	w.breaks, w.space, w.atLine = 0, false, false
	w.out.WriteString(s)
}

func isBlock(a atom.Atom) bool {
	switch a {
	case atom.Div, atom.Tr, atom.Table, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main,
		atom.Dl, atom.Dt, atom.Dd, atom.Form, atom.Fieldset, atom.Address, atom.Figure, atom.Center:
		return true
	}
	return false
}

func attr(t html.Token, key string) string {
	for _, a := range t.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
