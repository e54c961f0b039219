package pack

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// What a pack may cost before anything of it is understood. The largest honest pack that we know of, Balise's
// own twenty symptoms in two languages, is a tenth of it.
const (
	// MaxFile bounds the text.
	MaxFile = 512 << 10
	// maxTokens bounds what the text falls into, maxDepth how deep it nests: the YAML reader recurses.
	maxTokens = 60_000
	maxDepth  = 24
	// maxBlank bounds the empty lines in a row: the reader's time for a block of text grows with their square.
	maxBlank = 20
)

// Parse reads one pack. Only the plain part of YAML is known here: one document of mappings, lists and scalars.
// Anchors, aliases, tags, merge keys and complex keys are refused, and with them all that a few bytes of them can
// grow to. name is how the file is called in problems. The error is Problems, all of them.
func Parse(name string, raw []byte) (*File, error) {
	src := &source{name: name, places: map[string]at{}}
	root, err := tree(src, raw)
	if err != nil {
		return nil, err
	}
	f := &File{source: src}
	d := &decoder{src: src}
	d.document(root, f)
	if err := d.problems.sorted().err(); err != nil {
		return nil, err
	}
	return f, nil
}

// tree is the text as YAML nodes, looked at before the parser sees it.
func tree(src *source, raw []byte) (root ast.Node, err error) {
	if len(raw) > MaxFile {
		return nil, Problems{src.problem("", "too_large", "max", strconv.Itoa(MaxFile>>10)+" KiB")}
	}
	if !utf8.Valid(raw) {
		return nil, Problems{src.problem("", "not_utf8")}
	}
	defer func() {
		// The reader is somebody else's, the text perhaps an enemy's: what it cannot bear is not YAML to us.
		if r := recover(); r != nil {
			root, err = nil, Problems{src.problem("", "syntax", "detail", fmt.Sprint(r))}
		}
	}()
	if p, bad := hostile(src, raw); bad {
		return nil, Problems{p}
	}
	tokens := lexer.Tokenize(string(raw))
	if p := judgeTokens(src, tokens); len(p) > 0 {
		return nil, p
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, Problems{syntax(src, err)}
	}
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case root != nil:
			return nil, Problems{locate(src.problem("", "second_document"), doc.Body.GetToken())}
		default:
			root = doc.Body
		}
	}
	if root == nil {
		return nil, Problems{src.problem("", "empty")}
	}
	return root, nil
}

// hostile finds what the lexer itself would suffer from, in the raw text: brackets in a row, and empty lines.
func hostile(src *source, raw []byte) (Problem, bool) {
	line, column, run, blank := 1, 0, 0, 0
	for i, b := range raw {
		column++
		switch b {
		case '\n', '\r':
			if b == '\n' || i+1 == len(raw) || raw[i+1] != '\n' {
				line, column, blank = line+1, 0, blank+1
			}
		case '[', '{', '?', '!', '&', '*':
			run, blank = run+1, 0
		case ' ', '\t':
		case '-':
			blank = 0
		default:
			run, blank = 0, 0
		}
		code, limit := "", 0
		if run > maxDepth {
			code, limit = "too_deep", maxDepth
		} else if blank > maxBlank {
			code, limit = "too_blank", maxBlank
		}
		if code != "" {
			p := src.problem("", code, "max", strconv.Itoa(limit))
			p.Line, p.Column = line, max(column, 1)
			return p, true
		}
	}
	return Problem{}, false
}

// judgeTokens refuses what is not plain, and what is too much of it.
func judgeTokens(src *source, tokens token.Tokens) Problems {
	if len(tokens) > maxTokens {
		return Problems{src.problem("", "too_many_values")}
	}
	var all Problems
	add := func(t *token.Token, code string, args ...string) {
		all = append(all, locate(src.problem("", code, args...), t))
	}
	depth, dashes, line := 0, 0, 0
	var indents []int
	for _, t := range tokens {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			add(t, "no_anchors")
		case token.TagType, token.DirectiveType:
			add(t, "no_tags")
		case token.MappingKeyType:
			add(t, "complex_key")
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType:
			if t.Position.Line != line {
				line, dashes = t.Position.Line, 0
			}
			dashes++
		case token.MappingValueType:
			if depth == 0 && t.Prev != nil && t.Prev.Position != nil {
				indents = deepen(indents, t.Prev.Position.Column)
			}
		default:
		}
		if depth+dashes+len(indents) > maxDepth {
			add(t, "too_deep", "max", strconv.Itoa(maxDepth))
		}
		if len(all) >= maxProblems {
			break
		}
	}
	return all.sorted()
}

// deepen follows the indentation of block mappings: the columns of the keys around the one at column.
func deepen(indents []int, column int) []int {
	for len(indents) > 0 && indents[len(indents)-1] >= column {
		indents = indents[:len(indents)-1]
	}
	return append(indents, column)
}

func syntax(src *source, err error) Problem {
	var y yaml.Error
	if !errors.As(err, &y) {
		return src.problem("", "syntax", "detail", err.Error())
	}
	if strings.Contains(y.GetMessage(), "'\t'") {
		return locate(src.problem("", "tab"), y.GetToken())
	}
	return locate(src.problem("", "syntax", "detail", y.GetMessage()), y.GetToken())
}

// locate puts a problem where a token stands.
func locate(p Problem, t *token.Token) Problem {
	if t != nil && t.Position != nil {
		p.Line, p.Column = t.Position.Line, t.Position.Column
	}
	return p
}
