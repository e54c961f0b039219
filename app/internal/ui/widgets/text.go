package widgets

import (
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"balise/app/internal/ui/theme"
)

// maxShown bounds what one label shows: laying text out is slow, and a desk may answer with megabytes.
const maxShown = 20_000

// Plain makes a text from outside safe to show: no control characters, and none of the marks that turn the
// direction of writing, which could make one thing read as another.
func Plain(s string) string {
	s = clean(s)
	if len(s) > maxShown {
		s = cutRunes(s, maxShown) + ellipsis
	}
	return breakable(s)
}

// longestWord is how long a run of letters without a space may be: wrapping a longer one takes Fyne a time
// that grows with its square.
const longestWord = 200

// breakable puts line breaks into runs of letters that have none.
func breakable(s string) string {
	run, need := 0, false
	for _, r := range s {
		if run++; unicode.IsSpace(r) {
			run = 0
		}
		need = need || run > longestWord
	}
	if !need {
		return s
	}
	var b strings.Builder
	run = 0
	for _, r := range s {
		if unicode.IsSpace(r) {
			run = 0
		} else if run++; run > longestWord {
			b.WriteByte('\n')
			run = 1
		}
		b.WriteRune(r)
	}
	return b.String()
}

func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r):
			return -1
		case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\u200e', r == '\u200f',
			r == '\u061c', r == '\ufeff', r == '\u2028', r == '\u2029':
			return -1
		}
		return r
	}, s)
}

// longestLine is enough for any subject, path or address that somebody may want to read.
const longestLine = 400

// Line is Plain on one line, and not a book.
func Line(s string) string {
	s = strings.Join(strings.Fields(clean(cutRunes(s, 4*longestLine))), " ")
	if r := []rune(s); len(r) > longestLine {
		return string(r[:longestLine]) + ellipsis
	}
	return s
}

// Short is Line, cut to n letters.
func Short(s string, n int) string {
	s = Line(s)
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + ellipsis
	}
	return s
}

// text is a wrapped plain text in a colour and size of the theme. It is a RichText of one plain segment:
// nothing is ever parsed as markup.
func text(s string, style widget.RichTextStyle) *widget.RichText {
	t := widget.NewRichText(&widget.TextSegment{Text: Plain(s), Style: style})
	t.Wrapping = fyne.TextWrapWord
	return t
}

// Title is the title of a page.
func Title(s string) *widget.RichText {
	return text(s, widget.RichTextStyle{
		ColorName: fynetheme.ColorNameForeground, SizeName: theme.SizeTitle,
		TextStyle: fyne.TextStyle{Bold: true},
	})
}

// Lead is the one sentence of a page.
func Lead(s string) *widget.RichText {
	return text(s, widget.RichTextStyle{ColorName: fynetheme.ColorNameForeground, SizeName: theme.SizeLead})
}

// Heading is the title of a part of a page.
func Heading(s string) *widget.RichText {
	return text(s, widget.RichTextStyle{
		ColorName: fynetheme.ColorNameForeground, SizeName: fynetheme.SizeNameText,
		TextStyle: fyne.TextStyle{Bold: true},
	})
}

// Body is ordinary text.
func Body(s string) *widget.RichText {
	return text(s, widget.RichTextStyle{
		ColorName: fynetheme.ColorNameForeground,
		SizeName:  fynetheme.SizeNameText,
	})
}

// Muted is text that matters less.
func Muted(s string) *widget.RichText {
	return text(s, widget.RichTextStyle{ColorName: theme.ColorMuted, SizeName: fynetheme.SizeNameText})
}

// Caption is small and matters less.
func Caption(s string) *widget.RichText {
	return text(s, widget.RichTextStyle{ColorName: theme.ColorMuted, SizeName: fynetheme.SizeNameCaptionText})
}

// Mono is text in letters of one width, for what leaves the computer to the byte.
func Mono(s string) *widget.RichText {
	return text(s, widget.RichTextStyle{
		ColorName: fynetheme.ColorNameForeground, SizeName: fynetheme.SizeNameCaptionText,
		TextStyle: fyne.TextStyle{Monospace: true},
	})
}

// gridHeight is how much of a very long text shows at once.
const gridHeight = 300

// Exact is text that leaves the computer, whole: a very long one in a grid that scrolls by itself, because
// laying out its lines would take seconds.
func Exact(s string) fyne.CanvasObject {
	if s = clean(s); len(s) <= maxShown && s == breakable(s) {
		return Mono(s)
	}
	g := widget.NewTextGridFromString(breakable(s))
	g.Scroll = fyne.ScrollBoth
	return container.NewStack(gap(gridHeight), g)
}

// SetText changes the text of what Title, Body and the others made.
func SetText(t *widget.RichText, s string) {
	seg, ok := t.Segments[0].(*widget.TextSegment)
	if s = Plain(s); ok && seg.Text != s {
		seg.Text = s
		t.Refresh()
	}
}

// TextOf is the text of what Title, Body and the others made.
func TextOf(t *widget.RichText) string { return t.String() }
